"""Safetensors: the library's files are read as it reads them, and headers that lie are refused."""

import struct
from pathlib import Path

import pytest
import safetensors.torch
import torch

from biggan_directions.errors import FileFormatError
from biggan_directions.files.safetensors_file import read_safetensors
from tests.support.hostile import safetensors as crafted

FOUR = struct.pack("<4f", 1, 2, 3, 4)


def read(content: bytes, folder: Path) -> dict[str, torch.Tensor]:
    path = folder / "model.safetensors"
    path.write_bytes(content)
    return read_safetensors(path, largest=2**20, what="a test's file")


def test_the_librarys_files_are_read_as_it_reads_them(tmp_path: Path) -> None:
    dtypes = (torch.float16, torch.bfloat16, torch.float32, torch.float64, torch.uint8, torch.int64)
    tensors = {str(dtype): torch.arange(6).reshape(2, 3).to(dtype) for dtype in dtypes}
    tensors |= {"empty": torch.empty(0, 4), "scalar": torch.tensor(3.0)}
    content = safetensors.torch.save(tensors, {"some": "words"})
    found, expected = read(content, tmp_path), safetensors.torch.load(content)
    assert found.keys() == expected.keys()
    assert all(torch.equal(found[name], expected[name]) for name in expected)
    assert all(found[name].dtype == expected[name].dtype for name in expected)
    for size in range(0, len(content), 11):
        with pytest.raises(FileFormatError, match="cut short"):
            read(content[:size], tmp_path)


def one(**changes: object) -> dict[str, object]:
    return {"a": {"dtype": "F32", "shape": [2, 2], "data_offsets": [0, 16], **changes}}


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (crafted(one(), FOUR, claims=2**60), "claims 1152921504606846976 bytes"),
        (crafted(b"[" * 100_000), "not JSON|cut short"),
        (crafted(b"{", FOUR), "not JSON"),
        (crafted([], FOUR), "not a table"),
        (crafted({"a": 3}, FOUR), "where a tensor is"),
        (crafted(one(shape=[2**40, 2**40]), FOUR), "more numbers than there can be"),
        (crafted(one(shape=[2**40, 2**40, 0]), FOUR), "more numbers than there can be"),
        (crafted(one(shape=[2**40], data_offsets=[0, 2**42]), FOUR), "outside the file"),
        (crafted(one(shape=[-1, -4]), FOUR), "what shape"),
        (crafted(one(shape=[2.0, 2]), FOUR), "what shape"),
        (crafted(one(shape=[1] * 9), FOUR), "what shape"),
        (crafted(one(dtype="C64"), FOUR), "type of numbers"),
        (crafted(one(dtype=["F32"]), FOUR), "type of numbers"),
        (crafted(one(data_offsets=[-16, 0]), FOUR), "where a tensor is"),
        (crafted(one(data_offsets=[16, 0]), FOUR), "more or fewer"),
        (crafted(one(data_offsets=[0, 8]), FOUR), "more or fewer"),
        (crafted({**one(), "b": one()["a"]}, FOUR), "more or fewer"),  # two over the same bytes
        (crafted(one(), FOUR + b"tail"), "follows"),
        (crafted(one(), FOUR[:8]), "outside the file"),
    ],
)
def test_a_header_that_lies(content: bytes, says: str, tmp_path: Path) -> None:
    with pytest.raises(FileFormatError, match=says):
        read(content, tmp_path)
