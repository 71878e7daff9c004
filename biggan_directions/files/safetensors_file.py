"""A ``.safetensors`` file: a small JSON header, then the tensors' bytes one after another, without gaps."""

import json
import math
from pathlib import Path
from typing import Any

import torch

from biggan_directions.errors import FileFormatError
from biggan_directions.files.plain_file import opened, read_into_buffer

_LARGEST_HEADER = 2**20  # bytes; that of a BigGAN-deep-512 has some 100 thousand
_LARGEST_SIZE = 2**48
_DTYPES = {
    "F16": torch.float16,
    "BF16": torch.bfloat16,
    "F32": torch.float32,
    "F64": torch.float64,
    "U8": torch.uint8,
    "I8": torch.int8,
    "I16": torch.int16,
    "I32": torch.int32,
    "I64": torch.int64,
}


def read_safetensors(path: Path, *, largest: int, what: str) -> dict[str, torch.Tensor]:
    """The tensors of a file of at most ``largest`` bytes, by name, on the CPU.

    Raises:
        FileFormatError: it cannot be read, is larger, is damaged, or is not ``what``.
    """
    with opened(path, largest) as (file, size):
        try:
            length = int.from_bytes(file.read(8), "little")
            if length > min(size - 8, _LARGEST_HEADER):
                raise ValueError(f"its header claims {length} bytes")
            header = json.loads(file.read(length).decode())
            if not isinstance(header, dict):
                raise ValueError("its header is not a table")
            found: dict[str, torch.Tensor] = {}
            free = start = 8 + length
            named = ((name, facts) for name, facts in header.items() if name != "__metadata__")
            for begin, end, name, facts in sorted(
                ((*_place(facts), name, facts) for name, facts in named), key=lambda one: one[:3]
            ):
                dtype, shape = _kind(facts)
                if start + begin != free or math.prod(shape) * dtype.itemsize != end - begin:
                    raise ValueError(f"tensor {name[:100]!r} claims more or fewer numbers than there are")
                free = start + end
                if free > size:
                    raise ValueError(f"tensor {name[:100]!r} reaches outside the file")
                content = read_into_buffer(file, start + begin, end - begin)
                flat = torch.frombuffer(content, dtype=dtype) if content else torch.empty(0, dtype=dtype)
                found[name] = flat.reshape(shape)
            if free != size:
                raise ValueError("something follows its tensors")
        except (ValueError, RecursionError) as error:
            reason = "its header is not JSON" if isinstance(error, json.JSONDecodeError) else error
            raise FileFormatError(f"{path} is damaged, cut short, or not {what}: {reason}") from error
    return found


def _place(facts: Any) -> tuple[int, int]:
    """Where a tensor begins and ends, in bytes after the header."""
    offsets = facts.get("data_offsets") if isinstance(facts, dict) else None
    if not isinstance(offsets, list) or len(offsets) != 2 or not all(map(_is_size, offsets)):
        raise ValueError("its header does not say where a tensor is")
    return offsets[0], offsets[1]


def _kind(facts: dict[str, Any]) -> tuple[torch.dtype, list[int]]:
    dtype, shape = facts.get("dtype"), facts.get("shape")
    if not isinstance(dtype, str) or dtype not in _DTYPES:
        raise ValueError("its header names a type of numbers that is not read here")
    if not isinstance(shape, list) or len(shape) > 8 or not all(map(_is_size, shape)):
        raise ValueError("its header does not say what shape a tensor has")
    if math.prod(count for count in shape if count) >= _LARGEST_SIZE:
        raise ValueError("a tensor claims more numbers than there can be")
    return _DTYPES[dtype], shape


def _is_size(value: object) -> bool:
    return type(value) is int and 0 <= value < _LARGEST_SIZE
