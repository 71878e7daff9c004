"""OroJaR's objective over an orthogonal matrix, in closed form: a joint diagonalisation of JᵀJ.

For a square orthogonal Q, ‖Q JᵀJ Qᵀ‖² does not depend on Q. So the least energy off the diagonal, summed over
latents, is the most on it, and Jacobi rotations find it. A latent costs as many images as there are
dimensions, and nothing is divided by ε².
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

from biggan_directions.errors import UsageError
from biggan_directions.solvers.base import Cost, Solver, Step
from biggan_directions.solvers.closed_form import Stacks, closed_form
from biggan_directions.solvers.problem import Outline, Problem
from biggan_directions.solvers.sampled_slopes import SampledSlopes
from biggan_directions.solvers.settings import setting
from biggan_directions.solvers.settling import latent_counts
from biggan_directions.solvers.sketch import sides_of

_GRIDS = (8, 4, 2)


@dataclass(frozen=True, kw_only=True)
class OrojarSettings:
    """How latents and scales are weighted.

    Attributes:
        weighting: ``balanced``: JᵀJ of each latent is the mean over scales of that of the averaged image
            divided by its trace; or ``plain``: JᵀJ of the whole image, the paper's sum.
        blocks: sides in pixels of the blocks over which images are averaged, one per scale beside the whole
            image; by default the sides that give 8 × 8, 4 × 4 and 2 × 2 blocks.

    Raises:
        UsageError: a value is out of range.
    """

    weighting: Literal["balanced", "plain"] = setting(
        "balanced",
        help="Weights: balanced (every latent and every scale has the same) or plain (the paper's sum).",
        source="benchmarks.recovery, the half on which settings are chosen",
    )
    blocks: tuple[int, ...] | None = setting(
        None,
        help="Sides in pixels of the blocks over which images are averaged, one per scale.",
        source="benchmarks.recovery: the sides that give 8 × 8, 4 × 4 and 2 × 2 blocks",
    )

    def __post_init__(self) -> None:
        if self.blocks is not None and min(self.blocks, default=1) < 1:
            raise UsageError(f"blocks must be sides of 1 pixel or more, got {self.blocks}")

    def sides(self, resolution: int) -> tuple[int, ...]:
        """The sides of the blocks, chosen by the resolution if they were omitted."""
        return sides_of(_GRIDS, resolution) if self.blocks is None else self.blocks


class Orojar(Solver):
    """Measures JᵀJ in the live dimensions at every latent, and diagonalises the matrices jointly."""

    name = "orojar"
    paper = (
        "OroJaR, Wei et al., arXiv:2108.07668 (the objective); Cardoso and Souloumiac, SIAM J. Matrix Anal. "
        "Appl. 17, 1996 (the rotations)"
    )
    summary = "Changes of the image orthogonal to each other at every latent, in closed form."
    Settings = OrojarSettings
    settings: OrojarSettings

    def cost(self, outline: Outline) -> Cost:
        """An image per dimension and one more, at every latent."""
        each = 1 + outline.dims
        return Cost(images=each * outline.most_latents(each))

    def described(self, outline: Outline) -> dict[str, Any]:
        """The settings, with the blocks chosen."""
        sides = ", ".join(map(str, self.settings.sides(outline.resolution)))
        return {**super().described(outline), "blocks": sides}

    def solve(self, problem: Problem, state: dict[str, Any] | None = None) -> Iterator[Step]:
        """Measure JᵀJ at one latent per step, until two halves of the latents agree; then turn the basis."""
        yield from self.steps(problem, state)

    def steps(
        self, problem: Problem, state: dict[str, Any] | None = None, *, reserve: int = 0
    ) -> Iterator[Step]:
        """As :meth:`solve`, leaving ``reserve`` images of the budget for what comes later."""
        outline, live = problem.outline, problem.space.basis[: problem.space.live]

        def advance(sums: SampledSlopes, total: int) -> Iterator[SampledSlopes]:
            return sums.continued(
                problem.evaluator,
                live,
                problem.sample,
                total=total,
                sides=self.settings.sides(outline.resolution),
                epsilon=problem.differences.epsilon,
                seed=outline.seed,
            )

        yield from closed_form(
            problem,
            self.measured(problem, state, reserve=reserve),
            phase="slopes",
            each=1 + len(live),
            reserve=reserve,
            advance=advance,
            stacks=self.stacks,
        )

    def measured(self, problem: Problem, state: dict[str, Any] | None, *, reserve: int = 0) -> SampledSlopes:
        """What the state of a step has measured."""
        live = problem.space.live
        most = latent_counts(problem, 1 + live, reserve)[-1]
        return SampledSlopes.empty(live, most).resumed(state, name="slopes")

    def stacks(self, sums: SampledSlopes) -> Stacks:
        """The matrices of all latents, and of those of even and odd index."""
        whole = sums.stack(balanced=self.settings.weighting == "balanced")
        return (whole, whole[::2], whole[1::2]) if sums.done > 1 else (whole, None, None)
