"""Files that mean harm, made by hand: pickles opcode by opcode, archives entry by entry."""

import io
import json
import pickle
import struct
import zipfile
from collections.abc import Sequence
from pathlib import Path


def text(words: str) -> bytes:
    raw = words.encode()
    return b"X" + struct.pack("<I", len(raw)) + raw


def whole(value: int) -> bytes:
    size = (value.bit_length() + 8) // 8
    return b"\x8a" + bytes([size]) + value.to_bytes(size, "little", signed=True)


def sizes(values: Sequence[int]) -> bytes:
    return b"(" + b"".join(map(whole, values)) + b"t"


def view(
    count: int,
    size: Sequence[int],
    stride: Sequence[int],
    *,
    offset: int = 0,
    kind: str = "FloatStorage",
    key: str = "0",
    older_format: bool = False,
    end: bytes = b"",
) -> bytes:
    """The opcodes of a tensor over a storage that claims ``count`` numbers; ``end``, of further arguments."""
    storage = b"(" + text("storage") + f"ctorch\n{kind}\n".encode() + text(key) + text("cpu") + whole(count)
    shape = (b"NtQ" if older_format else b"tQ", whole(offset), sizes(size), sizes(stride))
    parts = (storage, *shape, b"\x89ccollections\nOrderedDict\n)R", end)
    return b"ctorch._utils\n_rebuild_tensor_v2\n(" + b"".join(parts) + b"tR"


def archive(opcodes: bytes, storages: dict[str, bytes], *, compression: int = zipfile.ZIP_STORED) -> bytes:
    """A ``.pt`` file of these opcodes and these bytes."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", compression) as made:
        made.writestr("archive/data.pkl", b"\x80\x02" + opcodes + b".")
        for key, numbers in storages.items():
            made.writestr(f"archive/data/{key}", numbers)
        made.writestr("archive/version", b"3\n")
    return content.getvalue()


def older_file(opcodes: bytes, keys: str, storages: bytes) -> bytes:
    """A ``.pt`` file as before 2020: opcodes, the keys of its storages (a character each), the storages."""
    head = (0x1950A86A20F9469CFC6C, 1001, {"protocol_version": 1001, "little_endian": True})
    written = b"".join(pickle.dumps(value, 2) for value in head)
    return written + b"\x80\x02" + opcodes + b"." + pickle.dumps(list(keys), 2) + storages


def safetensors(header: object, numbers: bytes = b"", *, claims: int | None = None) -> bytes:
    """A ``.safetensors`` file, whose header may claim another length than it has."""
    raw = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(raw) if claims is None else claims) + raw + numbers


class Runs:
    """An object whose pickle makes the folder ``mark`` when it is loaded."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[object, tuple[str]]:
        import os

        return os.mkdir, (str(self.mark),)
