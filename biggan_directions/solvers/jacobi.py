"""The Hessian Penalty over an orthogonal matrix, solved in closed form: a joint diagonalisation.

For a square orthogonal Q the energy ‖QHQᵀ‖² of every pixel's Hessian is fixed, so that the least penalty,
summed over pixels and latents, is the largest diagonal: what Jacobi rotations find in a moment, once the
Hessians are measured.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import torch

from biggan_directions.latents import signs, stream
from biggan_directions.solvers.derivatives import Differences
from biggan_directions.solvers.evaluator import Evaluator
from biggan_directions.solvers.hessians import Moments, measure
from biggan_directions.solvers.joint_diagonalisation import Sweep, jacobi_sweeps
from biggan_directions.solvers.subspace import orthonormal

Sample = Callable[[int], tuple[torch.Tensor, torch.Tensor | None]]
"""Gives the latent ``(z_dim,)`` of an index, and its class: a tensor of one index, or none."""

_STARTS = 4  # a check against a local minimum; seen to agree to rounding
_ONE_START_ABOVE = 24  # dimensions, where a start costs more than it is worth


def measured_moments(
    evaluator: Evaluator,
    basis: torch.Tensor,
    sample: Sample,
    *,
    latents: int,
    differences: Differences,
    seed: int,
    purpose: str = "learning",
    rows: int | None = None,
    so_far: Moments | None = None,
    done: int = 0,
) -> Iterator[Moments]:
    """Measure the second derivatives in a basis, one latent after another.

    Args:
        evaluator: what draws; its team shares the latents.
        basis: orthonormal rows ``(m, z_dim)``.
        sample: gives the latents.
        latents: how many to measure in all.
        differences: how to difference.
        seed: of signs and sketches, one stream a latent.
        purpose: part of the streams' names.
        rows: how many of the Hessian's rows to measure; all where left out.
        so_far: sums over the first ``done`` latents, to go on from: the same bytes as in one go. It says
            whether products are kept, or squares alone.
        done: how many those are.

    Yields:
        The sums so far, after each latent.
    """
    size = len(basis)
    moments = so_far if so_far is not None else Moments.zero(size, size if rows is None else rows)

    def at(index: int) -> torch.Tensor:
        z, class_index = sample(index)
        return measure(
            evaluator,
            z,
            class_index,
            basis,
            signs=signs(1, size, purpose=f"{purpose}/signs", seed=seed, offset=index)[0],
            differences=differences,
            generator=stream(f"{purpose}/sketch", seed, index),
            rows=rows,
            products=moments.products,
        ).flat()

    for indices in evaluator.group.rounds(range(done, latents)):
        for found in evaluator.shared(indices, at):
            moments = moments + moments.of_flat(found)
            yield moments


def diagonalise(moments: Moments, *, seed: int = 0, starts: int | None = None) -> Sweep:
    """Turn the basis so that the measured Hessians are as diagonal as can be.

    Args:
        moments: measured in all rows.
        seed: of the random starting bases.
        starts: how many bases to start from, the measured one first; the result with the least off the
            diagonal is kept. Left out, four for a basis of ordinary size.

    Returns:
        The last sweep of the best start; its ``rotation`` holds the directions in the basis of the moments.
    """
    size, stack = moments.size, moments.stack()
    if starts is None:
        starts = _STARTS if size <= _ONE_START_ABOVE else 1
    best: Sweep | None = None
    for index in range(starts):
        start = None
        if index:
            draws = torch.randn(size, size, generator=stream("start", seed, index), dtype=torch.float64)
            start = orthonormal(draws)
        *_, last = jacobi_sweeps(stack, start=start)
        # Equal minima differ by rounding alone: the first of them stands.
        if best is None or last.off_diagonal < best.off_diagonal * (1 - 1e-6):
            best = last
    assert best is not None
    return best
