"""What one would otherwise use: directions that no second derivative was asked for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol, runtime_checkable

import torch

from biggan_directions.errors import UsageError
from biggan_directions.latents import stream
from biggan_directions.solvers.subspace import Block, SearchSpace, Survey, orthonormal, with_signs


@runtime_checkable
class HasLatentWeights(Protocol):
    """A generator that shows the weights which z meets first."""

    def latent_weights(self) -> Sequence[Any]:
        """One for each linear map that z goes through, each with its ``matrix (outputs, z_dim)``."""
        ...


def random_directions(block: Block, ndirs: int, z_dim: int, *, seed: int) -> torch.Tensor:
    """Draw orthonormal rows ``(ndirs, z_dim)``, uniform within the block of z."""
    draws = torch.randn(ndirs, block.size, generator=stream("random directions", seed), dtype=torch.float64)
    return _placed(orthonormal(draws), block, z_dim)


def coordinate_directions(survey: Survey, block: Block, ndirs: int) -> torch.Tensor:
    """Take the unit vectors within the block along which the picture changes most: ``(ndirs, z_dim)``."""
    change = survey.total.diagonal()[block.start : block.stop]
    chosen = change.argsort(descending=True, stable=True)[:ndirs]
    return _placed(torch.eye(block.size, dtype=torch.float64)[chosen], block, len(survey.total))


def first_order_directions(space: SearchSpace, ndirs: int) -> torch.Tensor:
    """Take the strongest eigenvectors of E[JᵀJ] within the block, ``(ndirs, z_dim)``.

    The idea of GANSpace (E. Härkönen et al., arXiv:2004.02546), with the picture in place of an activation
    and its Jacobian in place of samples.
    """
    return space.basis[:ndirs].clone()


def sefa_directions(generator: Any, block: Block, ndirs: int, z_dim: int) -> torch.Tensor:
    """Take the strongest eigenvectors of Σ WᵀW over the weights W that z meets, ``(ndirs, z_dim)``.

    SeFa (Y. Shen and B. Zhou, arXiv:2007.06600, Eq. 6). Each W is divided by its Frobenius norm, so that
    every layer has the same say whatever its width and scale.

    Raises:
        UsageError: the generator does not show these weights, or one of them is not ``(outputs, z_dim)``.
    """
    if not isinstance(generator, HasLatentWeights):
        raise UsageError(
            "sefa needs the weights that z meets, and this generator does not show them: give it a method "
            "latent_weights(), or choose --solver first-order"
        )
    total = torch.zeros(z_dim, z_dim, dtype=torch.float64)
    for weight in (each.matrix for each in generator.latent_weights()):
        if weight.ndim != 2 or weight.shape[1] != z_dim:
            raise UsageError(
                f"the generator's latent_weights() gave a matrix of shape {tuple(weight.shape)}; expected "
                f"(outputs, {z_dim})"
            )
        matrix = weight.detach().cpu().double()
        total += matrix.T @ matrix / matrix.square().sum().clamp(min=torch.finfo(torch.float64).tiny)
    inside = slice(block.start, block.stop)
    vectors = torch.linalg.eigh(total[inside, inside]).eigenvectors
    return _placed(with_signs(vectors.flip(1).T[:ndirs]), block, z_dim)


def _placed(rows: torch.Tensor, block: Block, z_dim: int) -> torch.Tensor:
    """Rows over a block of z as rows over all of it."""
    placed = torch.zeros(len(rows), z_dim, dtype=torch.float64)
    placed[:, block.start : block.stop] = rows
    return placed
