"""A file inside a zip or tar archive, read into memory: nothing is unpacked to the disk.

What comes out has at most four times the bytes of the archive, so that a small archive cannot fill the
memory; trained weights are hardly compressible.
"""

import gzip
import io
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, cast

from biggan_directions.errors import FileFormatError
from biggan_directions.files.plain_file import opened

ENDINGS = (".zip", ".tar", ".tar.gz", ".tgz")
_LARGEST_RATIO, _SLACK = 4, 2**20  # of what comes out to what goes in; bytes more than that
_MOST_ENTRIES = 10_000

Choose = Callable[[Sequence[str]], str]


@contextmanager
def opened_inside(path: Path, largest: int, choose: Choose) -> Iterator[tuple[BinaryIO, int, str]]:
    """Open a file or, if it is an archive, the one file in it that is meant.

    Args:
        path: of the file or archive.
        largest: the most bytes that either of them has.
        choose: picks one of the names of an archive's files; it may raise a FileFormatError.

    Yields:
        The file, its size in bytes, and the name of what was opened, with that of its archive.

    Raises:
        FileFormatError: it cannot be read, is larger, is damaged, or takes too much memory.
    """
    with opened(path, largest) as (file, size):
        try:
            content, name = _inside(cast(BinaryIO, file), size, largest, choose)
        except (zipfile.BadZipFile, zlib.error, gzip.BadGzipFile, tarfile.TarError, EOFError) as error:
            raise _damaged(path, str(error) or "it ends too early") from error
        except (ValueError, NotImplementedError, RuntimeError) as error:
            raise _damaged(path, str(error)[:200]) from error
        if content is None:
            file.seek(0)
            yield cast(BinaryIO, file), size, str(path)
        else:
            yield io.BytesIO(content), len(content), f"{name} in {path}"


def _damaged(path: Path, reason: str) -> FileFormatError:
    return FileFormatError(f"{path} is a damaged archive, or cut short: {reason}")


def _inside(file: BinaryIO, size: int, largest: int, choose: Choose) -> tuple[bytes | None, str]:
    """The content and the name of the file that is meant; None if this is no archive of files."""
    head = file.read(512)
    file.seek(0)
    most = min(largest, _LARGEST_RATIO * size + _SLACK)
    if head.startswith(b"PK\x03\x04"):
        return _in_zip(file, most, choose)
    if head.startswith(b"\x1f\x8b") or head[257:262] == b"ustar":
        return _in_tar(file, head.startswith(b"\x1f\x8b"), most, choose)
    return None, ""


def _in_zip(file: BinaryIO, most: int, choose: Choose) -> tuple[bytes | None, str]:
    with zipfile.ZipFile(file) as archive:
        entries = [entry for entry in archive.infolist() if not entry.is_dir()]
        names = [entry.filename for entry in entries]
        if any(name.endswith("/data.pkl") for name in names):
            return None, ""  # torch's own format is a zip archive, too
        if len(entries) > _MOST_ENTRIES:
            raise ValueError(f"it has {len(entries)} entries, expected at most {_MOST_ENTRIES}")
        entry = entries[names.index(choose(names))]
        _check_size(entry.filename, entry.file_size, most)
        with archive.open(entry) as member:
            content = member.read(entry.file_size + 1)
        if len(content) != entry.file_size:
            raise ValueError(f"{entry.filename} has another size than the archive says")
        return content, entry.filename


def _in_tar(file: BinaryIO, compressed: bool, most: int, choose: Choose) -> tuple[bytes, str]:
    """Read twice from end to end: the names, then what was chosen of them."""
    names = [member.name for member, _ in _members(file, compressed, most)]
    chosen = choose(names)
    for member, archive in _members(file, compressed, most):
        if member.name == chosen:
            _check_size(member.name, member.size, most)
            content = cast(BinaryIO, archive.extractfile(member)).read()
            return content, member.name
    raise ValueError(f"{chosen} is not in it")


def _members(
    file: BinaryIO, compressed: bool, most: int
) -> Iterator[tuple[tarfile.TarInfo, tarfile.TarFile]]:
    file.seek(0)
    stream: Any = _Bounded(gzip.GzipFile(fileobj=file), most) if compressed else file
    with tarfile.open(fileobj=stream, mode="r|") as archive:
        for count, member in enumerate(archive):
            if count >= _MOST_ENTRIES:
                raise ValueError(f"it has over {_MOST_ENTRIES} entries")
            if member.isreg() and not member.issparse():
                yield member, archive


class _Bounded:
    """A stream that ends with an error once more than ``most`` bytes have come out of it."""

    def __init__(self, stream: BinaryIO | gzip.GzipFile, most: int) -> None:
        self._stream, self._left = stream, most

    def read(self, count: int) -> bytes:
        found = self._stream.read(count)
        self._left -= len(found)
        if self._left < 0:
            raise ValueError("more comes out of it than an archive of weights holds")
        return found


def _check_size(name: str, size: int, most: int) -> None:
    if size > most:
        raise ValueError(f"{name} has {size} bytes, expected at most {most} of an archive of this size")
