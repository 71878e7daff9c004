"""The Hessian Penalty over an orthogonal matrix, solved in closed form: a joint diagonalisation.

For a square orthogonal Q the energy ‖QHQᵀ‖² of every pixel's Hessian does not depend on Q. So the minimum of
the penalty, summed over pixels and latents, is the maximum of the energy on the diagonal. Jacobi rotations
find it quickly once the Hessians are measured.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, Literal

import torch

from biggan_directions.errors import UsageError
from biggan_directions.latents import stream
from biggan_directions.linalg import orthonormal
from biggan_directions.solvers.base import Cost, Found, Solver, Step
from biggan_directions.solvers.derivatives import Differences, evaluations_per_latent
from biggan_directions.solvers.hessians import Moments
from biggan_directions.solvers.joint_diagonalisation import Sweep, jacobi_sweeps
from biggan_directions.solvers.problem import Outline, Problem
from biggan_directions.solvers.sampled_moments import SampledMoments
from biggan_directions.solvers.settings import setting

_GRIDS = (8, 4)
_STARTS = 4  # as a check against local minima; the results were seen to agree up to rounding
_ONE_START_ABOVE = 24  # dimensions above which further starts are too expensive
_SHOWN = 16  # dimensions up to which solving repeatedly for the progress bar costs almost nothing


@dataclass(frozen=True, kw_only=True)
class JacobiSettings:
    """How the closed form weights the parts of an image.

    Attributes:
        weighting: ``balanced`` or ``plain``: see :func:`~biggan_directions.solvers.derivatives.derivatives`.
        blocks: sides in pixels of the blocks over which images are averaged first, one per scale; by default
            the sides that give 8 × 8 and 4 × 4 blocks.

    Raises:
        UsageError: a value is out of range.
    """

    weighting: Literal["balanced", "plain"] = setting(
        "balanced",
        help="Weight of image blocks: balanced (all equal) or plain (the paper's sum of squares).",
        source="measured on the toybox: README, recovery by solver",
    )
    blocks: tuple[int, ...] | None = setting(
        None,
        help="Sides in pixels of the blocks over which images are averaged, one per scale.",
        source="measured on 64 × 64 images: the sides that give 8 × 8 and 4 × 4 blocks",
    )

    def __post_init__(self) -> None:
        if self.blocks is not None and (not self.blocks or min(self.blocks) < 1):
            raise UsageError(f"blocks must be sides of 1 pixel or more, got {self.blocks}")

    def differences(self, common: Differences, resolution: int) -> Differences:
        """The settings of second differences for images with this side in pixels."""
        return replace(common, blocks=self.sides(resolution), balanced=self.weighting == "balanced")

    def sides(self, resolution: int) -> tuple[int, ...]:
        """The sides of the blocks, chosen by the resolution if they were omitted."""
        if self.blocks is not None:
            return self.blocks
        return tuple(max(1, resolution // grid) for grid in _GRIDS)


class Jacobi(Solver):
    """Measures the Hessians in the live dimensions of the search space, and diagonalises them jointly."""

    name = "jacobi"
    paper = (
        "Peebles et al., arXiv:2008.10599 (the penalty); Cardoso and Souloumiac, SIAM J. Matrix Anal. Appl. "
        "17, 1996 (the rotations)"
    )
    summary = "The Hessian Penalty's minimum over orthogonal matrices, in closed form."
    Settings = JacobiSettings
    settings: JacobiSettings

    def cost(self, outline: Outline) -> Cost:
        """The Hessians of all dimensions at every latent."""
        each = evaluations_per_latent(outline.dims)
        return Cost(images=outline.latents * each)

    def described(self, outline: Outline) -> dict[str, Any]:
        """The settings, with the blocks chosen."""
        sides = ", ".join(map(str, self.settings.sides(outline.resolution)))
        return {**super().described(outline), "blocks": sides}

    def solve(self, problem: Problem, state: dict[str, Any] | None = None) -> Iterator[Step]:
        """Measure one latent per step, then rotate the basis."""
        outline, space = problem.outline, problem.space
        live = space.basis[: space.live]
        total, show = outline.latents, len(live) <= _SHOWN
        sums = begun = SampledMoments.empty(len(live)).resumed(state, total=total, name="hessians")
        for sums in begun.continued(
            problem.evaluator,
            live,
            problem.spread(total, live),
            total=total,
            differences=self.settings.differences(problem.differences, outline.resolution),
            seed=outline.seed,
        ):
            share = None
            if show and (sums.done == total or sums.done & (sums.done - 1) == 0):
                share = diagonalise(sums.moments, starts=1).off_diagonal  # costs about as much as one latent
            yield Step(
                phase="hessians",
                done=sums.done,
                total=total,
                measure="off-diagonal share",
                value=share,
                state=sums.state_dict(),
            )
        yield Step(
            phase="hessians",
            done=total,
            total=total,
            state=sums.state_dict(),
            result=_found(problem, live, sums.moments),
        )


def _found(problem: Problem, live: torch.Tensor, moments: Moments) -> Found:
    """The rotated basis, strongest first; filled up with dead dimensions if too few are live."""
    ndirs = problem.outline.ndirs
    best = diagonalise(moments, seed=problem.outline.seed)
    kept = moments.effects(best.rotation).argsort(descending=True, stable=True)
    dead = problem.space.basis[len(live) :]
    notes = (
        ()
        if best.converged
        else ("the rotations had not settled after 100 sweeps: more latents may help (--latents)",)
    )
    return Found(
        directions=torch.cat([best.rotation[kept] @ live, dead])[:ndirs],
        ordered=True,
        off_diagonal=best.off_diagonal,
        notes=notes,
    )


def diagonalise(moments: Moments, *, seed: int = 0, starts: int | None = None) -> Sweep:
    """Rotate the basis so that the measured Hessians are as diagonal as possible.

    Args:
        moments: sums with all rows of the Hessian.
        seed: seed of the random initial bases.
        starts: number of initial bases, the measured one first; the result with the smallest share off the
            diagonal is kept. By default four, but one for large bases.

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
        # Equal minima differ only by rounding: keep the first.
        if best is None or last.off_diagonal < best.off_diagonal * (1 - 1e-6):
            best = last
    assert best is not None
    return best
