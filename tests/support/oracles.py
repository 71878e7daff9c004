"""Answers known by other means than the code under test: formulas, dense float64 autograd, sign vectors."""

import itertools
import math
from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn


def all_signs(dimensions: int) -> Tensor:
    """All 2ⁿ vectors of ±1, ``(2**dimensions, dimensions)``, float64."""
    return torch.tensor(list(itertools.product((1.0, -1.0), repeat=dimensions)), dtype=torch.float64)


def all_probes(points: int, dimensions: int) -> Tensor:
    """All 2ⁿ sign vectors as probes of every point: ``(2**dimensions, points, dimensions)``, float64."""
    return all_signs(dimensions)[:, None].expand(-1, points, -1)


def dense_hessian(f: Callable[[Tensor], Tensor], z: Tensor) -> Tensor:
    """Hessians of every number ``f`` puts out, by autograd twice: ``(N, ..., d, d)`` at ``z (N, d)``."""
    hessian = torch.func.jacrev(torch.func.jacrev(lambda point: f(point[None])[0]))
    return torch.stack([hessian(point) for point in z])


def off_diagonal_energy(hessian: Tensor) -> Tensor:
    """Σ_{i≠j} H_ij² of matrices ``(..., d, d)``: the Hessian Penalty of each, arXiv:2008.10599, Eq. 2."""
    return (hessian**2).sum((-2, -1)) - (hessian.diagonal(dim1=-2, dim2=-1) ** 2).sum(-1)


def off_diagonal_share(stack: Tensor, rotation: Tensor | None = None) -> float:
    """Share of the energy of ``stack (n, m, m)``, turned by ``rotation (m, m)``, off the diagonal."""
    turned = stack if rotation is None else rotation @ stack @ rotation.T
    return float(off_diagonal_energy(turned).sum() / turned.square().sum())


def random_orthogonal(dimensions: int, seed: int = 0) -> Tensor:
    """An orthogonal matrix drawn evenly from all of them, float64."""
    q, r = torch.linalg.qr(normal(dimensions, dimensions, seed=seed))
    orthogonal: Tensor = q * r.diagonal().sign()
    return orthogonal


def quadratic(dimensions: int, outputs: int, seed: int = 0) -> tuple[Callable[[Tensor], Tensor], Tensor]:
    """``f``, ``(N, d)`` to ``(N, outputs)``, curved and sloped, and its Hessians ``(outputs, d, d)``."""
    square = normal(outputs, dimensions, dimensions, seed=seed)
    hessians = square + square.mT
    slope, offset = normal(dimensions, outputs, seed=seed + 1), normal(outputs, seed=seed + 2)

    def f(z: Tensor) -> Tensor:
        return torch.einsum("ni,pij,nj->np", z, hessians.to(z), z) / 2 + z @ slope.to(z) + offset.to(z)

    return f, hessians


class Pixels:
    """A generator that draws any function ``(N, 7)`` to ``(N, side²)``, as the one channel of its images."""

    z_dim = 7
    device = torch.device("cpu")

    def __init__(self, function: Callable[[Tensor], Tensor], side: int = 6) -> None:
        self.function, self.side = function, side

    def __call__(self, z: Tensor, class_index: Tensor | None = None) -> Tensor:
        return self.function(z).reshape(len(z), -1, self.side, self.side)


def separable(z: Tensor) -> Tensor:
    """A sum of curved functions of one coordinate each: no mixed second derivative anywhere."""
    return torch.stack([z.sin().sum(-1), (z**4).sum(-1), z.exp().sum(-1)], dim=-1)


def smooth_network(dimensions: int, outputs: int, seed: int = 0) -> nn.Module:
    """Two layers with tanh between them, float64: smooth, and coupled in every pair of coordinates."""
    network = nn.Sequential(nn.Linear(dimensions, 16), nn.Tanh(), nn.Linear(16, outputs)).double()
    with torch.no_grad():
        for index, parameter in enumerate(network.parameters()):
            parameter.copy_(normal(*parameter.shape, seed=seed + index) / math.sqrt(parameter.shape[-1]))
    return network


def convergence_order(steps: Sequence[float], errors: Sequence[float]) -> float:
    """Slope of log error on log step by least squares: 2 for a method of order 2."""
    x, y = torch.tensor(steps, dtype=torch.float64).log(), torch.tensor(errors, dtype=torch.float64).log()
    x = x - x.mean()
    return float((x @ y) / (x @ x))


def normal(*shape: int, seed: int = 0) -> Tensor:
    """Standard normal numbers from a seed, float64."""
    return torch.randn(shape, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))
