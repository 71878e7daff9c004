"""The Hessian Penalty over an orthogonal matrix, solved in closed form: a joint diagonalisation.

For a square orthogonal Q the energy ‖QHQᵀ‖² of every pixel's Hessian does not depend on Q. So the minimum of
the penalty, summed over pixels and latents, is the maximum of the energy on the diagonal. Jacobi rotations
find it quickly once the Hessians are measured.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, Literal

from biggan_directions.errors import UsageError
from biggan_directions.solvers.base import Cost, Solver, Step
from biggan_directions.solvers.closed_form import Stacks, closed_form
from biggan_directions.solvers.derivatives import Differences, evaluations_per_latent
from biggan_directions.solvers.problem import Outline, Problem
from biggan_directions.solvers.sampled_moments import SampledMoments
from biggan_directions.solvers.settings import setting
from biggan_directions.solvers.settling import latent_counts
from biggan_directions.solvers.sketch import sides_of

_GRIDS = (8, 4)


@dataclass(frozen=True, kw_only=True)
class JacobiSettings:
    """How the closed form weights the parts of an image.

    Attributes:
        weighting: ``balanced`` or ``plain``: see :func:`~biggan_directions.solvers.derivatives.derivatives`.
        floor: in a balanced sum, the size of a Hessian, relative to their RMS size at its latent and scale,
            below which it counts for less.
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
    floor: float = setting(
        0.3,
        help="Relative size below which the Hessian of an image block counts for less, if balanced.",
        source="benchmarks.recovery, the half on which settings are chosen",
    )
    blocks: tuple[int, ...] | None = setting(
        None,
        help="Sides in pixels of the blocks over which images are averaged, one per scale.",
        source="measured on 64 × 64 images: the sides that give 8 × 8 and 4 × 4 blocks",
    )

    def __post_init__(self) -> None:
        if not self.floor > 0:
            raise UsageError(f"floor must be a number above 0, got {self.floor}")
        if self.blocks is not None and (not self.blocks or min(self.blocks) < 1):
            raise UsageError(f"blocks must be sides of 1 pixel or more, got {self.blocks}")

    def differences(self, common: Differences, resolution: int) -> Differences:
        """The settings of second differences for images with this side in pixels."""
        floor = self.floor if self.weighting == "balanced" else None
        return replace(common, blocks=self.sides(resolution), floor=floor)

    def sides(self, resolution: int) -> tuple[int, ...]:
        """The sides of the blocks, chosen by the resolution if they were omitted."""
        return sides_of(_GRIDS, resolution) if self.blocks is None else self.blocks


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
        return Cost(images=each * outline.most_latents(each))

    def described(self, outline: Outline) -> dict[str, Any]:
        """The settings, with the blocks chosen."""
        sides = ", ".join(map(str, self.settings.sides(outline.resolution)))
        return {**super().described(outline), "blocks": sides}

    def solve(self, problem: Problem, state: dict[str, Any] | None = None) -> Iterator[Step]:
        """Measure the Hessians at one latent per step, until two halves agree; then turn the basis."""
        outline, live = problem.outline, problem.space.basis[: problem.space.live]
        each = evaluations_per_latent(len(live))
        most = latent_counts(problem, each)[-1]

        def advance(sums: SampledMoments, total: int) -> Iterator[SampledMoments]:
            return sums.continued(
                problem.evaluator,
                live,
                problem.sample,
                total=total,
                differences=self.settings.differences(problem.differences, outline.resolution),
                seed=outline.seed,
            )

        def stacks(sums: SampledMoments) -> Stacks:
            whole = sums.moments.stack()
            if sums.done == 1:
                return whole, None, None
            return whole, sums.halves[0].stack(), sums.halves[1].stack()

        yield from closed_form(
            problem,
            SampledMoments.empty(len(live)).resumed(state, total=most, name="hessians"),
            phase="hessians",
            each=each,
            advance=advance,
            stacks=stacks,
        )
