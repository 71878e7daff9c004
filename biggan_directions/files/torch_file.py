"""Files of ``torch.save``, of its present format and of the one before 2020: checked, then read by torch.

Torch reads into memory of its own, once. It could map the file instead, but a map ends the process when
somebody cuts the file short, takes no file that is open already, and is no help for the older format.
"""

import io
import pickle
import pickletools
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

import torch

from biggan_directions.errors import FileFormatError
from biggan_directions.files.pickle_check import LARGEST_PICKLE, NotPlainError, check_pickle
from biggan_directions.files.plain_file import opened

_LARGEST_DIRECTORY = 2**20  # bytes; a BigGAN-deep has under a thousand tensors, of some 70 bytes each
_ENCRYPTED = 0x0001 | 0x0040 | 0x2000
_OLDER = pickle.dumps(0x1950A86A20F9469CFC6C, 2) + pickle.dumps(1001, 2)  # how the older format begins
_MOST_VALUES, _DEEPEST = 200_000, 32


def read_torch_file(path: Path, *, largest: int, what: str) -> Any:
    """The value in a file of ``torch.save``: dict, list, tuple, str, numbers, None and tensors on the CPU.

    Args:
        path: of the file.
        largest: the most bytes that such a file has.
        what: what it should be, for the error: "a file of directions".

    Raises:
        FileFormatError: it cannot be read, is larger, is damaged, or holds anything else, which is not run.
    """
    with opened(path, largest) as (file, size):
        return read_torch(file, size, where=str(path), what=what)


def read_torch(file: BinaryIO, size: int, *, where: str, what: str) -> Any:
    """The same for a file that is open, at its beginning; ``where`` is what errors call it."""
    try:
        check = _check_archive if file.read(4) == b"PK\x03\x04" else _check_older
        check(file, size)
        file.seek(0)
        found = torch.load(file, map_location="cpu", weights_only=True, mmap=False)
        return _plain(found, iter(range(_MOST_VALUES)))
    except NotPlainError as error:
        raise FileFormatError(
            f"{where} asks to call {str(error)!r} and was not run: it is not {what}, "
            "and what a file asks for is never run"
        ) from error
    except (OSError, MemoryError):
        raise
    except Exception as error:  # zipfile, pickletools and torch raise some fifteen kinds on damaged files
        told = isinstance(error, ValueError | zipfile.BadZipFile)
        reason = str(error)[:200] if told else f"it cannot be read ({type(error).__name__})"
        raise FileFormatError(f"{where} is damaged, cut short, or not {what}: {reason}") from error


def _check_archive(file: BinaryIO, size: int) -> None:
    """See that a zip archive is one as torch writes it: nothing to unpack, and each tensor's bytes there."""
    start = _find_directory(file, size)
    with zipfile.ZipFile(file) as archive:
        entries = {entry.orig_filename.lower(): entry for entry in archive.infolist()}  # torch ignores case
        if archive.start_dir != start:
            raise ValueError("the directory of the archive is not where it is said to be")
        if len(entries) != len(archive.infolist()) or any("\0" in name for name in entries):
            raise ValueError("two entries of the archive have one name")
        if any(entry.compress_type or entry.compress_size != entry.file_size for entry in entries.values()):
            raise ValueError("an entry of the archive is compressed, or has another size than it says")
        if any(entry.flag_bits & _ENCRYPTED for entry in entries.values()):
            raise ValueError("an entry of the archive is encrypted")
        if sum(entry.file_size for entry in entries.values()) > size:
            raise ValueError("entries of the archive overlap or lie outside it")
        root = next(iter(entries), "").partition("/")[0]
        table = entries.get(f"{root}/data.pkl")
        if table is None or f"{root}/constants.pkl" in entries:
            raise ValueError("it is a zip archive, but not one that torch.save has written")
        if table.file_size > LARGEST_PICKLE:
            raise ValueError(f"its pickle has {table.file_size} bytes, expected at most {LARGEST_PICKLE}")
        if archive.testzip() is not None:  # torch itself leaves the checksums alone
            raise ValueError(
                "an entry of the archive has a wrong checksum, or is not what its directory says"
            )
        pickled = io.BytesIO(archive.read(table))
        for key, length in check_pickle(pickled).items():
            entry = entries.get(f"{root}/data/{key}")
            if entry is None or entry.file_size != length:
                raise ValueError("a tensor claims more or fewer numbers than there are")
        if pickled.read(1):
            raise ValueError("something follows its pickle")


def _find_directory(file: BinaryIO, size: int) -> int:
    """Where the archive's directory begins: said once, so that ``zipfile`` and torch read the same one."""
    file.seek(max(0, size - 98))  # the end of a large archive (56 bytes), where that is (20), the end (22)
    end = file.read().rjust(98, b"\0")
    large = end[56:60] == b"PK\x06\x07"
    if end[76:80] != b"PK\x05\x06" or end[96:] != b"\0\0":
        raise ValueError("the end of the archive is missing")
    if large and (end[:4] != b"PK\x06\x06" or int.from_bytes(end[64:72], "little") != size - 98):
        raise ValueError("the end of the archive is damaged")
    start = int.from_bytes(end[48:56] if large else end[92:96], "little")
    if size - start > _LARGEST_DIRECTORY:
        raise ValueError(f"the directory of the archive has over {_LARGEST_DIRECTORY} bytes")
    return start


def _check_older(file: BinaryIO, size: int) -> None:
    """See that five pickles (mark, version, system, value, keys of its storages) and the storages fill it."""
    file.seek(0)
    head = io.BytesIO(file.read(2 * LARGEST_PICKLE))
    if head.read(len(_OLDER)) != _OLDER:
        raise ValueError("torch.save did not write it, and what a file asks for is never run")
    check_pickle(head)
    storages = check_pickle(head)
    start = head.tell()
    check_pickle(head)
    keys = {text for _, text, _ in pickletools.genops(head.getvalue()[start:]) if isinstance(text, str)}
    if keys != storages.keys() or head.tell() + sum(8 + length for length in storages.values()) != size:
        raise ValueError("its storages are not those that its tensors need")


def _plain(value: Any, left: Iterator[int], depth: int = 0) -> Any:
    """A copy in which no container is there twice or holds itself, and no tensor has a gradient."""
    if depth > _DEEPEST:
        raise ValueError(f"its pickle is nested more than {_DEEPEST} deep")
    if next(left, None) is None:
        raise ValueError(f"its pickle has more than {_MOST_VALUES} values")
    if isinstance(value, torch.Tensor):
        return value.detach()
    if isinstance(value, dict):  # whose own methods a file can hide behind attributes of their names
        return {key: _plain(inner, left, depth + 1) for key, inner in dict.items(value)}
    if isinstance(value, list | tuple):
        return type(value)(_plain(inner, left, depth + 1) for inner in value)
    if value is None or isinstance(value, str | int | float):
        return value
    raise ValueError("it holds something other than plain values and tensors")
