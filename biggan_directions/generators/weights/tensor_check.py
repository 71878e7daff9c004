"""Tensors from a file that may come from anybody, checked against those that a network needs."""

from collections.abc import Mapping

import torch

from biggan_directions.errors import FileFormatError

_FLOATS = (torch.float16, torch.bfloat16, torch.float32, torch.float64)


def checked_tensors(
    found: Mapping[str, torch.Tensor], expected: Mapping[str, torch.Size], *, where: str
) -> dict[str, torch.Tensor]:
    """Check that ``found`` has exactly the expected tensors; returns them as float32 in the expected order.

    Raises:
        FileFormatError: a tensor is missing, unexpected, of the wrong shape or dtype, or not finite.
    """
    for name, shape in expected.items():
        _check_tensor(where, name, found.get(name), shape)
    for name in found:
        if name not in expected:
            raise FileFormatError(
                f"{where} has a tensor {name[:200]!r} that its configuration has no place for: "
                "the two do not belong together"
            )
    return {name: found[name].detach().float() for name in expected}


def _check_tensor(where: str, name: str, tensor: torch.Tensor | None, shape: torch.Size) -> None:
    """Refuse a tensor that is missing, of the wrong shape or dtype, or not finite."""
    if tensor is None:
        raise FileFormatError(f"{where} has no tensor {name!r}, which its configuration requires")
    if tensor.shape != shape:
        raise FileFormatError(f"tensor {name!r} of {where} is {tuple(tensor.shape)}, expected {tuple(shape)}")
    if tensor.dtype not in _FLOATS:
        raise FileFormatError(f"tensor {name!r} of {where} is {tensor.dtype}, expected plain floating point")
    if not bool(torch.isfinite(tensor).all()):
        raise FileFormatError(f"tensor {name!r} of {where} has values that are not finite")
