"""Pickles that lie, in files that are sound otherwise: refused before torch reads them."""

import io
import struct
from pathlib import Path
from typing import Any

import pytest
import torch

from biggan_directions.errors import FileFormatError
from biggan_directions.files.torch_file import read_torch_file
from tests.support.hostile import archive, sizes, text, view, whole


def read(content: bytes, folder: Path) -> Any:
    path = folder / "file.pt"
    path.write_bytes(content)
    return read_torch_file(path, largest=2**22, what="a test's file")


FOUR = struct.pack("<4f", 1, 2, 3, 4)
GOOD = view(4, [2, 2], [2, 1])
SHARED = b")q\x00" + b"h\x00\x86q\x00" * 40  # a tuple of two of the tuple before, which is again, and so on


@pytest.mark.parametrize(
    ("opcodes", "says"),
    [
        (view(2**40, [2**20, 2**20], [2**20, 1]), "more or fewer numbers"),
        (view(3, [3], [1]), "more or fewer numbers"),
        (view(4, [2**40, 2**40], [0, 0]), "overlap"),
        (view(4, [1000, 1000], [0, 0]), "overlap"),
        (view(4, [2, 2], [1, 1]), "overlap"),
        (view(4, [2, 2], [-2, 1]), "sane size"),
        (view(4, [2, 2], [2**40, 1]), "outside"),
        (view(4, [4], [1], offset=1), "outside"),
        (view(4, [4], [1], offset=-1), "sane size"),
        (view(4, [2**30, 2**30, 2**30, 0], [1, 1, 1, 1]), "overlap"),
        (view(4, [1] * 9, [1] * 9), "one stride"),
        (view(4, [2, 2], [1]), "one stride"),
        (view(4, [4], [1], kind="QInt8Storage"), "QInt8Storage' and was not run"),
        (view(4, [4], [1], kind="ComplexFloatStorage"), "was not run"),
        (view(4, [4], [1], key="../../../etc/passwd"), "not described"),
        (view(4, [4], [1]) + view(2, [2], [1], kind="DoubleStorage") + b"\x86", "disagree"),
        (b"cposix\nsystem\n" + text("touch /tmp/ran") + b"\x85R", "posix.system' and was not run"),
        (b"cbuiltins\neval\n" + text("1") + b"\x85R", "was not run"),
        (text("builtins") + text("eval") + b"\x93", "opcode 0x93"),
        (b"ctorch._utils\n_rebuild_tensor_v2\n", "something other than plain values"),
        (b"ccollections\nOrderedDict\n(]t\x81", "opcode 0x81"),
        (b"(iposix\nsystem\n", "opcode 0x69"),
        (b"ccollections\nOrderedDict\n" + text("x") + b"\x85R", "not described"),
        (b"]q\x00h\x00a", "nested"),
        (b"]" * 100 + b"a" * 99, "nested"),
        (b")" + b"\x85" * 100_000, "nested"),
        (b"]q\x00" + b"(h\x00h\x00h\x00h\x00lq\x00" * 40, "opcode"),
        (SHARED, "values|nested"),
        (b"}" + SHARED + b"Ns", "neither text"),
        (b"}" + b")" + b"\x85" * 150_000 + b"Ns", "neither text"),
        (b"ccollections\nOrderedDict\n(](" + SHARED + b"NtatR", "not described"),
        (GOOD.replace(sizes([2, 2]), b"]q\x05"), "not described"),  # a list may yet get other sizes
        (view(4, [2, 2], [2, 1], end=b"}" + text("neg") + b"\x88s"), "not described"),
        (b"]q\x00(" + b"h\x00h\x00h\x00h\x00eh\x00)R", "not described"),
        (b"cbuiltins\nbytearray\n" + whole(2**40) + b"\x85R", "builtins.bytearray' and was not run"),
        (b"ctorch\nFloatTensor\n" + whole(2**40) + b"\x85R", "torch.FloatTensor' and was not run"),
        (b"c_codecs\nencode\n" + text("a") + text("idna") + b"\x86R", "_codecs.encode' and was not run"),
        (b"N0" * 10, "opcode"),
        (b"N" * 500_000, "opcodes"),
        (text("a" * 2**20), "bytes, expected at most"),
        (b"(]q\x00" + (b"(" + b"h\x00" * 100 + b"tq\x00") * 3 + b"t", "values"),
        (b"", "its pickle is damaged"),
        (b"NN", "its pickle is damaged"),
        (b"(", "its pickle is damaged"),
        (b"}" + b"N" + b"Ns", "neither text"),
        (b"}" + whole(2**61 - 1) + b"Ns", "neither text"),
        (b"]" + text("a") + b"Ns", "its pickle is damaged"),
        (b"](N\x86t\x86", "its pickle is damaged"),  # takes what is below the mark
        (GOOD + b"}b", "its pickle is damaged"),
        (b"N.N", "something follows"),
        (b"}(Nu", "its pickle is damaged"),
        (b"\x8a\xff" + b"\x01" * 255, "more than 16 bytes"),
        (b"X\xff\xff\xff\xff", "expected 4294967295 bytes"),
        (b"X\x02\x00\x00\x00\xff\xff", "utf-8"),
        (b"h\x07", "cannot be read"),
        (b"\x80\x09N", "protocol"),
    ],
)
def test_a_pickle_that_lies(opcodes: bytes, says: str, tmp_path: Path) -> None:
    assert torch.equal(read(archive(GOOD, {"0": FOUR}), tmp_path), torch.tensor([[1.0, 2], [3, 4]]))
    with pytest.raises(FileFormatError, match=says):
        read(archive(opcodes, {"0": FOUR}), tmp_path)


def test_other_pickle_protocols_than_torchs_own_are_refused(tmp_path: Path) -> None:
    for protocol in (3, 4, 5):  # 3 is read by torch with a warning, the others are not
        content = io.BytesIO()
        torch.save([0.5], content, pickle_protocol=protocol)
        with pytest.raises(FileFormatError, match=f"protocol {protocol}, expected 2"):
            read(content.getvalue(), tmp_path)


@pytest.mark.parametrize(
    "tensor",
    [
        torch.eye(3).to_sparse(),
        torch.empty(3, device="meta"),
        torch.quantize_per_tensor(torch.ones(3), 0.1, 0, torch.qint8),
        torch.nested.nested_tensor([torch.ones(2), torch.ones(3)]),
        torch.ones(3, dtype=torch.complex64),
    ],
)
def test_tensors_that_are_not_plain(tensor: torch.Tensor, tmp_path: Path) -> None:
    content = io.BytesIO()
    torch.save(tensor, content)
    with pytest.raises(FileFormatError, match="was not run"):
        read(content.getvalue(), tmp_path)
