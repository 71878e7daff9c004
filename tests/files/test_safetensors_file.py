"""Safetensors: the library's files are read as it reads them, and headers that lie are refused."""

import json
import struct
from pathlib import Path

import pytest
import safetensors.torch
import torch

from biggan_directions.errors import FileFormatError
from biggan_directions.files.safetensors_file import read_safetensors
from tests.support.hostile import safetensors as crafted

FOUR = struct.pack("<4f", 1, 2, 3, 4)


def read(content: bytes, folder: Path, largest: int = 2**20) -> dict[str, torch.Tensor]:
    path = folder / "model.safetensors"
    path.write_bytes(content)
    return read_safetensors(path, largest=largest, what="a test's file")


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
    "content",
    [
        crafted(b"[" * 100_000),
        crafted(b"{", FOUR),
        crafted([], FOUR),
        crafted({"a": 3}, FOUR),
        crafted(one(shape=[2**40, 2**40]), FOUR),
        crafted(one(shape=[2**40, 2**40, 0]), FOUR),
        crafted(one(shape=[2**40], data_offsets=[0, 2**42]), FOUR),
        crafted(one(shape=[-1, -4]), FOUR),
        crafted(one(shape=[2.0, 2]), FOUR),
        crafted(one(shape=[1] * 9), FOUR),
        crafted(one(dtype="C64"), FOUR),
        crafted(one(dtype="Q7"), FOUR),
        crafted(one(dtype=["F32"]), FOUR),
        crafted(one(data_offsets=[-16, 0]), FOUR),
        crafted(one(data_offsets=[16, 0]), FOUR),
        crafted(one(data_offsets=[0, 8]), FOUR),
        crafted({**one(), "b": one()["a"]}, FOUR),  # two over the same bytes
        crafted(one(), FOUR + b"tail"),
        crafted(one(), FOUR[:8]),
    ],
)
def test_a_header_that_lies(content: bytes, tmp_path: Path) -> None:
    assert torch.equal(read(crafted(one(), FOUR), tmp_path)["a"], torch.tensor([[1.0, 2], [3, 4]]))
    with pytest.raises(FileFormatError, match="is damaged, cut short, or not a test's file: Error while"):
        read(content, tmp_path)


def test_a_header_that_claims_more_than_any_has(tmp_path: Path) -> None:
    padded = json.dumps(one()).encode() + b" " * 2**20
    for content in (crafted(one(), FOUR, claims=2**60), crafted(padded, FOUR)):
        with pytest.raises(FileFormatError, match=r"header claims \d+ bytes, expected at most 1048576"):
            read(content, tmp_path, largest=2**21)
