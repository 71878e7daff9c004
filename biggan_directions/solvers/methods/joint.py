"""First derivatives, then second ones of the strongest directions: a joint diagonalisation of both.

First derivatives are cheap and find the directions nearly; where they favour a mixture of two factors that
change the same parts of the image, the Hessians of a few latents pull it apart.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import torch

from biggan_directions.errors import FileFormatError, UsageError
from biggan_directions.latents import stream
from biggan_directions.linalg import random_rotation
from biggan_directions.solvers.base import Cost, Solver, Step
from biggan_directions.solvers.closed_form import found_in, turned
from biggan_directions.solvers.derivatives import evaluations_per_latent
from biggan_directions.solvers.methods.jacobi import JacobiSettings
from biggan_directions.solvers.methods.orojar import Orojar
from biggan_directions.solvers.problem import Outline, Problem
from biggan_directions.solvers.sampled_moments import SampledMoments
from biggan_directions.solvers.settings import setting

# Beside first derivatives Hessians serve better if smaller ones have their full say than they do alone.
_HESSIANS = JacobiSettings(floor=0.03)
_SPARE = 2  # directions beyond those that are kept, with which they may still be mixed


@dataclass(frozen=True, kw_only=True)
class JointSettings:
    """How much the Hessians count.

    Attributes:
        hessian_latents: latents at which Hessians are measured; fewer if they would take more than a quarter
            of the budget, and none if not even two latents fit in it.
        hessian_weight: weight of the Hessians' energy beside that of JᵀJ, both over all latents: 0 or more.

    Raises:
        UsageError: a value is out of range.
    """

    hessian_latents: int = setting(
        16,
        help="Latents at which Hessians of the strongest directions are measured.",
        source="benchmarks.recovery, the half on which settings are chosen",
    )
    hessian_weight: float = setting(
        0.3,
        help="Weight of the Hessians beside the first derivatives.",
        source="benchmarks.recovery, the half on which settings are chosen",
    )

    def __post_init__(self) -> None:
        if self.hessian_latents < 0:
            raise UsageError(f"hessian latents must be 0 or more, got {self.hessian_latents}")
        if not (math.isfinite(self.hessian_weight) and self.hessian_weight >= 0):
            raise UsageError(f"hessian weight must be a number of 0 or more, got {self.hessian_weight}")


class Joint(Solver):
    """Runs OroJaR's closed form, then turns the strongest directions once more with their Hessians."""

    name = "joint"
    paper = "OroJaR, Wei et al., arXiv:2108.07668, and the Hessian Penalty, Peebles et al., arXiv:2008.10599"
    summary = "Both objectives in closed form: first derivatives, and Hessians of the strongest directions."
    Settings = JointSettings
    settings: JointSettings

    def cost(self, outline: Outline) -> Cost:
        """What the first derivatives leave of the budget, and the Hessians."""
        latents, each = self._hessians(outline, outline.dims)
        reserve = latents * each
        before = replace(outline, budget=outline.budget - reserve)
        return Cost(images=Orojar().cost(before).images + reserve)

    def solve(self, problem: Problem, state: dict[str, Any] | None = None) -> Iterator[Step]:
        """Measure first derivatives until they have settled, then Hessians, one latent per step."""
        if state is not None and (not isinstance(state, dict) or not state.keys() <= {"slopes", "hessians"}):
            raise FileFormatError("the solver's state has other keys than slopes, hessians")
        state = dict(state or {})
        outline, live, first = problem.outline, problem.space.basis[: problem.space.live], Orojar()
        latents, each = self._hessians(outline, len(live))
        reserve = latents * each
        for step in first.steps(problem, state.get("slopes"), reserve=reserve):
            state = {**state, "slopes": step.state}
            if step.result is None or not latents:
                yield replace(step, state=state)
        if not latents:
            return
        slopes = first.measured(problem, state["slopes"], reserve=reserve)
        strongest = turned(problem, slopes.effects, first.stacks(slopes)).rows[: outline.ndirs + _SPARE]
        # Differences of pairs have larger errors than those on the diagonal. In a random basis of the space
        # these errors favour no rotation; along the directions themselves they would favour one of 45°.
        strongest = random_rotation(len(strongest), stream("learning/basis", outline.seed)) @ strongest
        basis = problem.group.broadcast(strongest @ live)
        moments = begun = SampledMoments.empty(len(basis)).resumed(
            state.get("hessians"), total=latents, name="hessians"
        )
        for moments in begun.continued(
            problem.evaluator,
            basis,
            problem.sample,
            total=latents,
            differences=_HESSIANS.differences(problem.differences, outline.resolution),
            seed=outline.seed,
        ):
            state = {**state, "hessians": moments.state_dict()}
            yield Step(phase="hessians", done=moments.done, total=latents, state=state)
        whole, even, odd = first.stacks(slopes)
        assert even is not None
        assert odd is not None
        pairs = zip((whole, even, odd), (moments.moments, *moments.halves), strict=True)
        both = [self._together(strongest @ grams @ strongest.T, part.stack()) for grams, part in pairs]
        stacks = both[0], both[1], both[2]
        best = turned(problem, lambda rotation: slopes.effects(rotation @ strongest), stacks, starts=1)
        found = found_in(problem, basis, best, slopes.done)
        yield Step(phase="hessians", done=latents, total=latents, state=state, result=found)

    def _hessians(self, outline: Outline, live: int) -> tuple[int, int]:
        """The number of latents at which Hessians are measured, and the images that one takes."""
        size = min(live, outline.ndirs + _SPARE)
        each = evaluations_per_latent(size)
        affordable = outline.budget // 4 // each if outline.latents is None else outline.latents
        latents = min(self.settings.hessian_latents, affordable)
        return (latents if latents > 1 and self.settings.hessian_weight > 0 else 0), each

    def _together(self, grams: torch.Tensor, hessians: torch.Tensor) -> torch.Tensor:
        """One stack of both: JᵀJ as the mean over latents, the Hessians with an energy of 1."""
        energy = hessians.square().sum().sqrt()
        weight = self.settings.hessian_weight if float(energy) > 0 else 0.0
        return torch.cat([grams / math.sqrt(len(grams)), weight * hessians / energy.clamp(min=1e-300)])
