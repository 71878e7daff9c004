"""The matrix alone of a file of directions, of this package or another's."""

from pathlib import Path

import torch

from biggan_directions.errors import FileFormatError
from biggan_directions.files.array_file import SUFFIXES, read_array_file
from biggan_directions.files.file_kind import check_kind
from biggan_directions.files.torch_file import read_torch_file

_LARGEST = 64 * 2**20  # bytes, as for directions.pt
_WHAT = "a file of directions"


def read_matrix(path: Path) -> torch.Tensor:
    """The rows of a file of directions, as they are in the file: ``(n, columns)``.

    Args:
        path: directions.pt, or a matrix in a ``.pt``, an ``.npy`` or an ``.npz``. Nothing in it is run as
            code.

    Raises:
        FileFormatError: the file cannot be read, or holds no finite matrix.
    """
    if path.suffix.lower() in SUFFIXES:
        content: object = read_array_file(path, largest=_LARGEST, key="directions", what=_WHAT)
    else:
        check_kind(path, _WHAT)
        content = read_torch_file(path, largest=_LARGEST, what=_WHAT)
        if isinstance(content, dict):
            content = content.get("directions")
    if not isinstance(content, torch.Tensor) or content.ndim != 2 or not content.is_floating_point():
        raise FileFormatError(f"{path} does not hold a matrix of numbers")
    if not len(content) or not bool(torch.isfinite(content).all()):
        raise FileFormatError(f"{path} holds no directions, or NaN or infinite numbers")
    return content.detach().clone()
