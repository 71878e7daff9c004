"""A frozen convolution that stores its weight in the layout of the processor's kernels."""

from functools import cache
from typing import Any

import torch
from torch import nn
from torch.nn import functional as F

from biggan_directions.generators.folded.kernels.switch import active

_PACKED_DTYPES = (torch.float32, torch.bfloat16)


class Convolution(nn.Module):
    """``conv2d`` with a constant weight ``(out, in, k, k)``, no bias and stride 1, and its transpose.

    The input is padded by one for kernels larger than one pixel. On a CPU, oneDNN rearranges a plain weight
    at every call, which at 4×4 pixels takes longer than the convolution. ``run`` and ``pull_back`` store the
    rearranged weight beside the plain one, if this version of torch supports that.
    """

    weight: torch.Tensor

    def __init__(self, weight: torch.Tensor) -> None:
        super().__init__()
        self.register_buffer("weight", weight)
        self._packed: dict[tuple[str, torch.dtype], torch.Tensor] = {}

    @property
    def padding(self) -> int:
        """Zeros on each side of the input."""
        return min(1, self.weight.shape[-1] - 1)

    def plain(self, x: torch.Tensor) -> torch.Tensor:
        """The convolution of ``x (N, in, H, W)`` with autograd."""
        return F.conv2d(x, self.weight, padding=self.padding)

    def run(self, x: torch.Tensor) -> torch.Tensor:
        """The convolution of ``x (N, in, H, W)`` without autograd."""
        if not _packable(x):
            return self.plain(x)
        key = ("run", x.dtype)
        if key not in self._packed:
            self._packed[key] = _pack(self.weight, self.padding, x.shape)
        return _packed_convolution(x, self._packed[key], self.padding)

    def pull_back(self, gradient: torch.Tensor) -> torch.Tensor:
        """The gradient of x from that of the output ``(N, out, H, W)``, without autograd."""
        if not _packable(gradient):
            return F.conv_transpose2d(gradient, self.weight, padding=self.padding)
        padding = self.weight.shape[-1] - 1 - self.padding
        key = ("pull_back", gradient.dtype)
        if key not in self._packed:
            weight = self.weight.flip(2, 3).transpose(0, 1).contiguous()
            self._packed[key] = _pack(weight, padding, gradient.shape)
        return _packed_convolution(gradient, self._packed[key], padding)

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_packed": {}}


def _packable(x: torch.Tensor) -> bool:
    return active().packed and x.device.type == "cpu" and x.dtype in _PACKED_DTYPES and _can_pack(x.dtype)


def _pack(weight: torch.Tensor, padding: int, shape: torch.Size) -> torch.Tensor:
    reorder: Any = torch._C._nn.mkldnn_reorder_conv2d_weight
    packed: torch.Tensor = reorder(weight.to_mkldnn(), [padding] * 2, [1, 1], [1, 1], 1, list(shape))
    return packed


def _packed_convolution(x: torch.Tensor, packed: torch.Tensor, padding: int) -> torch.Tensor:
    convolve = torch.ops.mkldnn._convolution_pointwise
    out: torch.Tensor = convolve(x, packed, None, [padding] * 2, [1, 1], [1, 1], 1, "none", [], "")
    return out


@cache
def _can_pack(dtype: torch.dtype) -> bool:
    """Whether torch's private functions for packed weights exist and give the right result.

    Some processors support only float32, because bfloat16 needs AVX-512 or similar.
    """
    x, weight = torch.linspace(-1, 1, 64).view(1, 4, 4, 4), torch.linspace(-2, 1, 144).view(4, 4, 3, 3)
    x, weight = x.to(dtype), weight.to(dtype)
    try:
        with torch.no_grad():
            out = _packed_convolution(x, _pack(weight, 1, x.shape), 1).float()
            exact = F.conv2d(x.float(), weight.float(), padding=1)
    except (AttributeError, RuntimeError, TypeError):
        return False
    return torch.allclose(out, exact, atol=1e-4 if dtype == torch.float32 else 0.1)
