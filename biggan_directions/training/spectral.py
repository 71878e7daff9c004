"""Layers under spectral normalisation (arXiv:1802.05957), with one power iteration per training step."""

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class SpectralLayer(nn.Module):
    """A weight that is divided by its largest singular value, which a power iteration estimates.

    The names of the tensors are those of ``torch.nn.utils.spectral_norm``, which the stock layout has.

    Args:
        shape: of the weight; its first dimension is the output.
        bias: whether there is one.
        generator: of the initial values. The weight is orthogonal at first.
    """

    weight_u: Tensor
    weight_v: Tensor

    def __init__(self, shape: tuple[int, ...], bias: bool, generator: torch.Generator) -> None:
        super().__init__()
        self.shape = shape
        rows, columns = shape[0], math.prod(shape[1:])
        self.weight_orig = nn.Parameter(
            nn.init.orthogonal_(torch.empty(rows, columns), generator=generator).view(shape)
        )
        self.bias = nn.Parameter(torch.zeros(rows)) if bias else None
        self.register_buffer("weight_u", F.normalize(torch.randn(rows, generator=generator), dim=0))
        self.register_buffer("weight_v", F.normalize(torch.randn(columns, generator=generator), dim=0))

    @torch.no_grad()
    def iterate(self, turns: int = 1) -> None:
        """Update the estimate of the largest singular value."""
        matrix = self.weight_orig.flatten(1)
        for _ in range(turns):
            self.weight_v.copy_(F.normalize(matrix.T @ self.weight_u, dim=0, eps=1e-12))
            self.weight_u.copy_(F.normalize(matrix @ self.weight_v, dim=0, eps=1e-12))

    def weight(self) -> Tensor:
        """The normalised weight."""
        sigma = torch.dot(self.weight_u, torch.mv(self.weight_orig.flatten(1), self.weight_v))
        return self.weight_orig / sigma


class SpectralConvolution(SpectralLayer):
    """A convolution of odd size that keeps the size of the image."""

    def __init__(
        self, inside: int, outside: int, size: int, generator: torch.Generator, *, bias: bool = True
    ) -> None:
        super().__init__((outside, inside, size, size), bias, generator)

    def forward(self, x: Tensor) -> Tensor:
        return F.conv2d(x, self.weight(), self.bias, padding=self.shape[-1] // 2)


class SpectralLinear(SpectralLayer):
    """A linear layer."""

    def __init__(self, inside: int, outside: int, generator: torch.Generator, *, bias: bool = False) -> None:
        super().__init__((outside, inside), bias, generator)

    def forward(self, x: Tensor) -> Tensor:
        return F.linear(x, self.weight(), self.bias)


def iterate(network: nn.Module, turns: int = 1) -> None:
    """Run the power iteration of every layer of a network."""
    for module in network.modules():
        if isinstance(module, SpectralLayer):
            module.iterate(turns)
