"""Files of the idx format, in which MNIST and Fashion-MNIST come, plain or compressed by gzip."""

import gzip
import math
import zlib
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from biggan_directions.errors import FileFormatError

_BYTES = 0x08  # the type code of unsigned bytes


def read_idx(path: Path, *, dims: int) -> Tensor:
    """Read an array of unsigned bytes.

    Args:
        path: the file; a name that ends in ``.gz`` is a compressed one.
        dims: how many dimensions the array must have.

    Raises:
        FileFormatError: the file cannot be read, is cut short, or holds something else.
    """
    try:
        content = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    except (OSError, EOFError, zlib.error) as error:
        reason = getattr(error, "strerror", None) or "it is not gzip, or is cut short"
        raise FileFormatError(f"{path} cannot be read: {reason}") from error
    if len(content) < 4 + 4 * dims or content[:4] != bytes((0, 0, _BYTES, dims)):
        raise FileFormatError(f"{path} is not an idx file of unsigned bytes in {dims} dimensions")
    shape = tuple(int(size) for size in np.frombuffer(content, ">u4", dims, 4))
    if len(content) - 4 - 4 * dims != math.prod(shape):
        raise FileFormatError(
            f"{path} has {len(content)} bytes, expected those of an array of shape {shape}: is it cut short?"
        )
    return torch.from_numpy(np.frombuffer(content, np.uint8, offset=4 + 4 * dims).reshape(shape).copy())
