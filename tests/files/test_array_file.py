"""Arrays of numpy: read as they were saved; hostile headers and archives are refused unread."""

import io
import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch

from biggan_directions.errors import FileFormatError
from biggan_directions.files.array_file import read_array_file

ROWS = np.arange(12.0).reshape(3, 4)


def read(path: Path, largest: int = 10_000) -> torch.Tensor:
    return read_array_file(path, largest=largest, key="directions", what="a file of directions")


@pytest.mark.parametrize("rows", [ROWS, ROWS.astype("float16"), ROWS.astype(">f4"), np.asfortranarray(ROWS)])
def test_an_array_is_read_as_it_was_saved(
    rows: np.ndarray[tuple[int, int], np.dtype[np.float64]], tmp_path: Path
) -> None:
    np.save(tmp_path / "a.npy", rows)
    assert torch.equal(read(tmp_path / "a.npy"), torch.from_numpy(ROWS))


def test_an_archive_has_the_named_array_or_a_single_one(tmp_path: Path) -> None:
    np.savez(tmp_path / "two.npz", other=np.ones(3), directions=ROWS)
    np.savez_compressed(tmp_path / "one.npz", anything=ROWS)
    np.savez(tmp_path / "unclear.npz", a=ROWS, b=ROWS)
    assert torch.equal(read(tmp_path / "two.npz"), torch.from_numpy(ROWS))
    assert torch.equal(read(tmp_path / "one.npz"), torch.from_numpy(ROWS))
    with pytest.raises(FileFormatError, match="2 arrays, expected one named 'directions'"):
        read(tmp_path / "unclear.npz")


def _npy(shape: str, kind: str = "'<f8'") -> bytes:
    header = f"{{'descr': {kind}, 'fortran_order': False, 'shape': {shape}, }}\n".encode()
    return b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "damaged"),
        (b"\x93NUMPY", "damaged"),
        (_npy("(1000000000000, 1000000000000)"), "does not have the numbers"),
        (_npy("(-1, -96)") + bytes(96 * 8), "does not have the numbers"),
        (_npy("(3, 4)") + bytes(95), "does not have the numbers"),
        (_npy("(1, 1)", "'|O'") + bytes(8), "type object"),
        (_npy("(1, 2)", "'<i8'") + bytes(16), "type int64"),
        (_npy("(__import__('os').getpid(), 1)"), "damaged"),
    ],
)
def test_a_hostile_array_is_one_sentence(content: bytes, says: str, tmp_path: Path) -> None:
    (tmp_path / "bad.npy").write_bytes(content)
    with pytest.raises(FileFormatError, match=says) as caught:
        read(tmp_path / "bad.npy")
    assert "\n" not in str(caught.value)


def test_an_archive_that_unpacks_to_far_more_is_not_unpacked(tmp_path: Path) -> None:
    content = io.BytesIO()
    np.save(content, np.zeros((1000, 1000)))
    with zipfile.ZipFile(tmp_path / "bomb.npz", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("directions.npy", content.getvalue())
    assert (tmp_path / "bomb.npz").stat().st_size < 10_000
    with pytest.raises(FileFormatError, match="8000128 bytes, expected at most 10000"):
        read(tmp_path / "bomb.npz")
    (tmp_path / "torn.npz").write_bytes((tmp_path / "bomb.npz").read_bytes()[:-30])
    with pytest.raises(FileFormatError, match="damaged"):
        read(tmp_path / "torn.npz")
