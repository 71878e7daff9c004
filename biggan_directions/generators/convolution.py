"""A frozen convolution, with its weight laid out once and for all as the processor's kernels want it."""

from functools import cache
from typing import Any

import torch
from torch import nn
from torch.nn import functional as F

_PACKED_DTYPES = (torch.float32, torch.bfloat16)


class Convolution(nn.Module):
    """``conv2d`` with a constant weight, no bias and stride 1.

    Without autograd on a CPU, oneDNN rearranges a plain weight at every call, which at 4×4 pixels takes
    longer than the convolution. Here the rearranged weight is kept beside the plain one, where this torch
    offers that.
    """

    weight: torch.Tensor

    def __init__(self, weight: torch.Tensor) -> None:
        super().__init__()
        self.register_buffer("weight", weight)
        self._packed: torch.Tensor | None = None

    def forward(self, x: torch.Tensor, *, in_place: bool) -> torch.Tensor:
        """``x (N, in, H, W)``, channels last, padded by one where the kernel is larger than a pixel."""
        padding = min(1, self.weight.shape[-1] - 1)
        if in_place and x.device.type == "cpu" and x.dtype in _PACKED_DTYPES and _can_pack():
            if self._packed is None or self._packed.dtype != x.dtype:
                self._packed = _pack(self.weight, padding, x.shape)
            return _packed_convolution(x, self._packed, padding)
        return F.conv2d(x, self.weight, padding=padding)

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_packed": None}


def _pack(weight: torch.Tensor, padding: int, shape: torch.Size) -> torch.Tensor:
    reorder: Any = torch._C._nn.mkldnn_reorder_conv2d_weight
    packed: torch.Tensor = reorder(weight.to_mkldnn(), [padding] * 2, [1, 1], [1, 1], 1, list(shape))
    return packed


def _packed_convolution(x: torch.Tensor, packed: torch.Tensor, padding: int) -> torch.Tensor:
    convolve = torch.ops.mkldnn._convolution_pointwise
    out: torch.Tensor = convolve(x, packed, None, [padding] * 2, [1, 1], [1, 1], 1, "none", [], "")
    return out


@cache
def _can_pack() -> bool:
    """Whether torch's own way to packed weights, which is not public, is there and right."""
    x, weight = torch.linspace(-1, 1, 64).view(1, 4, 4, 4), torch.linspace(-2, 1, 144).view(4, 4, 3, 3)
    try:
        with torch.no_grad():
            out = _packed_convolution(x, _pack(weight, 1, x.shape), 1)
            return torch.allclose(out, F.conv2d(x, weight, padding=1), atol=1e-4)
    except (AttributeError, RuntimeError, TypeError):
        return False
