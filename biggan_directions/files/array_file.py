"""Files of ``numpy.save`` and ``numpy.savez``: sizes are checked before anything is read into memory."""

import io
import math
import zipfile
from pathlib import Path
from typing import IO

import numpy as np
import torch
from numpy.lib import format as npy

from biggan_directions.errors import FileFormatError
from biggan_directions.files.plain_file import opened

SUFFIXES = (".npy", ".npz")


def read_array_file(path: Path, *, largest: int, key: str, what: str) -> torch.Tensor:
    """The array of floating-point numbers in an ``.npy`` or ``.npz`` file, as a float64 tensor.

    Args:
        path: the file; its suffix says which of the two it is.
        largest: the most bytes that such a file has, also when unpacked.
        key: name of the array in an ``.npz``; a single array may have any name.
        what: what the file should be, for the error: "a file of directions".

    Raises:
        FileFormatError: the file cannot be read, is larger, is damaged, or holds anything else. Python
            objects in it are never unpickled.
    """
    with opened(path, largest) as (file, size):
        try:
            if path.suffix.lower() == ".npy":
                return _array(file, size)
            with zipfile.ZipFile(file) as archive:
                entry = _entry(archive, key)
                if entry.file_size > largest:
                    raise ValueError(f"its array has {entry.file_size} bytes, expected at most {largest}")
                return _array(io.BytesIO(archive.read(entry)), entry.file_size)
        except (OSError, MemoryError):
            raise
        except Exception as error:  # zipfile and numpy raise many kinds on damaged files
            told = isinstance(error, ValueError | zipfile.BadZipFile)
            reason = (
                " ".join(str(error)[:200].split()) if told else f"it cannot be read ({type(error).__name__})"
            )
            raise FileFormatError(f"{path} is damaged, cut short, or not {what}: {reason}") from error


def _entry(archive: zipfile.ZipFile, key: str) -> zipfile.ZipInfo:
    """The array that is meant: the one named ``key``, or the only one."""
    entries = archive.infolist()
    named = [entry for entry in entries if entry.filename in (key, f"{key}.npy")]
    if len(named) != 1 and len(entries) != 1:
        raise ValueError(f"it has {len(entries)} arrays, expected one named '{key}' or a single one")
    return (named or entries)[0]


def _array(file: IO[bytes], size: int) -> torch.Tensor:
    """The array in a stream of ``size`` bytes, once its header fits them."""
    version = npy.read_magic(file)
    if version not in ((1, 0), (2, 0)):
        raise ValueError(f"it has version {version} of numpy's format, expected (1, 0) or (2, 0)")
    read_header = npy.read_array_header_1_0 if version == (1, 0) else npy.read_array_header_2_0
    shape, by_column, kind = read_header(file)
    if kind.kind != "f":
        raise ValueError(f"its numbers are of type {kind}, expected floating-point numbers")
    if min(shape, default=0) < 0 or math.prod(shape) * kind.itemsize != size - file.tell():
        raise ValueError(f"it does not have the numbers of an array of shape {shape}")
    numbers = np.frombuffer(file.read(), dtype=kind)
    return torch.from_numpy(numbers.reshape(shape, order="F" if by_column else "C").astype(np.float64))
