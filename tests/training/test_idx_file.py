"""idx files: read whole, and every damage is one sentence that names the file."""

import gzip
from pathlib import Path

import pytest
import torch

from biggan_directions.errors import FileFormatError
from biggan_directions.training.idx_file import read_idx
from tests.support.picture_sets import shapes, write_idx

IMAGES = "train-images-idx3-ubyte"


@pytest.mark.parametrize("packed", [True, False])
def test_an_array_is_read_as_it_was_written(packed: bool, tmp_path: Path) -> None:
    write_idx(tmp_path, count=5, packed=packed)
    found = read_idx(tmp_path / (IMAGES + (".gz" if packed else "")), dims=3)
    assert torch.equal(found, shapes(5)[0])


def test_damage_is_said(tmp_path: Path) -> None:
    write_idx(tmp_path, count=5, packed=False)
    whole = (tmp_path / IMAGES).read_bytes()
    for content, said in (
        (whole[:-1], "cut short"),
        (whole[:9], "is not an idx file"),
        (b"\0\0\x0d" + whole[3:], "is not an idx file"),
        (b"", "is not an idx file"),
    ):
        (tmp_path / "damaged").write_bytes(content)
        with pytest.raises(FileFormatError, match=said):
            read_idx(tmp_path / "damaged", dims=3)
    (tmp_path / "damaged.gz").write_bytes(gzip.compress(whole)[:-20])
    with pytest.raises(FileFormatError, match="is not gzip, or is cut short"):
        read_idx(tmp_path / "damaged.gz", dims=3)
    with pytest.raises(FileFormatError, match="No such file"):
        read_idx(tmp_path / "absent", dims=3)
