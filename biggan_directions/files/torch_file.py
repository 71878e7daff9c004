"""Files of ``torch.save``, of its present format and of the one before 2020, without torch's reader.

Every storage takes the bytes that it has in the file, once: memory is bounded by the size of the file.
"""

import struct
from collections.abc import Iterator
from io import BufferedReader
from pathlib import Path
from typing import Any

import torch

from biggan_directions.errors import FileFormatError
from biggan_directions.files.plain_file import opened, read_into_buffer
from biggan_directions.files.plain_pickle import (
    LARGEST_PICKLE,
    NotPlainError,
    read_pickle,
)
from biggan_directions.files.plain_zip import Entry, read_directory, read_entry
from biggan_directions.files.tensor_view import Storage, TensorView

_MAGIC, _PROTOCOL = 0x1950A86A20F9469CFC6C, 1001  # the first two values of the older format


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
        try:
            zipped = file.read(4) == b"PK\x03\x04"
            return _read_zipped(file, size) if zipped else _read_older(file, size)
        except NotPlainError as error:
            raise FileFormatError(
                f"{path} asks to call {str(error)!r} and was not run: it is not {what}, "
                "and what a file asks for is never run"
            ) from error
        except ValueError as error:
            raise FileFormatError(f"{path} is damaged, cut short, or not {what}: {error}") from error


def _read_zipped(file: BufferedReader, size: int) -> Any:
    entries = read_directory(file, size)
    roots = [name.removesuffix("/data.pkl") for name in entries if name.endswith("/data.pkl")]
    if len(roots) != 1:
        raise ValueError("it is a zip archive, but not one that torch has written")
    root = roots[0]
    order = entries.get(f"{root}/byteorder")
    if order is not None and (order.size > 16 or read_entry(file, order) != b"little"):
        raise ValueError("its numbers are not little-endian")
    table = entries[f"{root}/data.pkl"]
    if table.size > LARGEST_PICKLE:
        raise ValueError(f"its pickle has {table.size} bytes, expected at most {LARGEST_PICKLE}")
    value, end = read_pickle(bytes(read_entry(file, table)))
    if end != table.size:
        raise ValueError("something follows its pickle")
    numbers = {
        key: _numbers(storage, _read_storage(file, storage, entries.get(f"{root}/data/{key}")))
        for key, storage in _storages(value).items()
    }
    return _filled(value, numbers)


def _read_storage(file: BufferedReader, storage: Storage, entry: Entry | None) -> bytearray:
    if entry is None or entry.size != _bytes_of(storage):
        raise ValueError("a tensor claims more or fewer numbers than there are")
    return read_entry(file, entry)


def _read_older(file: BufferedReader, size: int) -> Any:
    """Five pickles (mark, version, system, value, keys of its storages), then the storages."""
    file.seek(0)
    head = file.read(2 * LARGEST_PICKLE)
    values, place = [], 0
    for expected in (_MAGIC, _PROTOCOL, dict, object, list):
        value, place = read_pickle(head, place)
        if value != expected if isinstance(expected, int) else not isinstance(value, expected):
            raise ValueError("it was not written by torch")
        values.append(value)
    _, _, system, value, keys = values
    if system.get("little_endian") is not True:
        raise ValueError("its numbers are not little-endian")
    storages = _storages(value)
    numbers: dict[str, torch.Tensor] = {}
    for key in keys:
        storage = storages.get(key) if isinstance(key, str) else None
        if storage is None or key in numbers or place + 8 + _bytes_of(storage) > size:
            raise ValueError("its storages are not those that its tensors need")
        (count,) = struct.unpack("<q", read_into_buffer(file, place, 8))
        if count != storage.count:
            raise ValueError("a tensor claims more or fewer numbers than there are")
        numbers[key] = _numbers(storage, read_into_buffer(file, place + 8, _bytes_of(storage)))
        place += 8 + _bytes_of(storage)
    if len(numbers) != len(storages) or place != size:
        raise ValueError("its storages are not those that its tensors need")
    return _filled(value, numbers)


def _storages(value: Any) -> dict[str, Storage]:
    """The storages of every tensor in ``value``, by key."""
    found: dict[str, Storage] = {}
    for view in _views(value):
        if found.setdefault(view.storage.key, view.storage) != view.storage:
            raise ValueError("two tensors disagree on their storage")
    return found


def _views(value: Any) -> Iterator[TensorView]:
    if isinstance(value, TensorView):
        yield value
    elif isinstance(value, dict | list | tuple):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from _views(inner)


def _filled(value: Any, numbers: dict[str, torch.Tensor]) -> Any:
    """``value`` with its tensors in the place of their descriptions."""
    if isinstance(value, TensorView):
        return numbers[value.storage.key].as_strided(value.size, value.stride, value.offset)
    if isinstance(value, dict):
        return {key: _filled(inner, numbers) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(_filled(inner, numbers) for inner in value)
    if value is None or isinstance(value, str | int | float):
        return value
    raise ValueError("it holds something other than plain values and tensors")


def _bytes_of(storage: Storage) -> int:
    dtype: torch.dtype = getattr(torch, storage.dtype)
    return storage.count * dtype.itemsize


def _numbers(storage: Storage, content: bytearray) -> torch.Tensor:
    dtype: torch.dtype = getattr(torch, storage.dtype)
    return torch.frombuffer(content, dtype=dtype) if content else torch.empty(0, dtype=dtype)
