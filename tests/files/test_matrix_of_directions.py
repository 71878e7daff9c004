"""The matrix of a file of directions: ours, and others'."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from biggan_directions.errors import FileFormatError
from biggan_directions.files.matrix_of_directions import read_matrix
from tests.support.oracles import normal


@pytest.mark.parametrize("name", ["a.pt", "dict.pt", "a.npy", "a.npz"])
def test_the_matrix_of_every_kind_of_file(tmp_path: Path, name: str) -> None:
    matrix, path = normal(3, 5), tmp_path / name
    if name == "a.npy":
        np.save(path, matrix.numpy())
    elif name == "a.npz":
        np.savez(path, directions=matrix.numpy())
    else:
        torch.save({"directions": matrix} if name == "dict.pt" else matrix, path)
    torch.testing.assert_close(read_matrix(path), matrix)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ({"other": torch.eye(2)}, "does not hold a matrix"),
        (torch.ones(3), "does not hold a matrix"),
        (torch.eye(2).long(), "does not hold a matrix"),
        (torch.full((2, 2), torch.nan), "NaN or infinite"),
        (torch.zeros(0, 2), "no directions"),
    ],
)
def test_what_is_no_matrix_is_refused(tmp_path: Path, content: Any, says: str) -> None:
    torch.save(content, tmp_path / "a.pt")
    with pytest.raises(FileFormatError, match=says):
        read_matrix(tmp_path / "a.pt")
