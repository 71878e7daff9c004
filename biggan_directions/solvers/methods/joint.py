"""First derivatives, then second ones of the strongest directions: a joint diagonalisation of both.

First derivatives are cheap and find the directions nearly; where they favour a mixture of factors that
change the same parts of the image, the Hessians of some latents pull it apart. How much the Hessians count is
decided by Hessians at other latents.
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
from biggan_directions.solvers.closed_form import ROUGH, Stacks, Turned, found_in, turned
from biggan_directions.solvers.derivatives import evaluations_per_latent
from biggan_directions.solvers.joint_diagonalisation import diagonalise, off_diagonal_share
from biggan_directions.solvers.methods.jacobi import JacobiSettings
from biggan_directions.solvers.methods.orojar import Orojar
from biggan_directions.solvers.problem import Outline, Problem
from biggan_directions.solvers.sampled_moments import SampledMoments
from biggan_directions.solvers.schedule import CHECKED
from biggan_directions.solvers.settings import setting
from biggan_directions.solvers.settling import Agreement, agreement

# Beside first derivatives Hessians serve better if smaller ones have their full say than they do alone.
HESSIANS = JacobiSettings(floor=0.03)
_LEAST = 16  # latents, since halves of fewer agree by luck which weight is best
_SPARE = 2  # directions beyond those that are kept, with which they may still be mixed
_WEIGHTS = (0.03, 0.1, 0.3, 1.0, 3.0, 10.0)
_AS_GOOD = 1.01  # how much more of the other half's energy a smaller weight may leave off the diagonal


@dataclass(frozen=True, kw_only=True)
class JointSettings:
    """How much the Hessians count.

    Attributes:
        hessian_latents: latents at which Hessians are measured at most; fewer if the directions settle before
            that or if they would take more than three quarters of what the survey leaves of the budget, and
            none if not even two latents fit in it.
        hessian_weight: weight of the Hessians' energy beside that of JᵀJ, both over all latents: 0 or more;
            left out, chosen by halves of the latents (see :meth:`Joint.weights`).

    Raises:
        UsageError: a value is out of range.
    """

    hessian_latents: int = setting(
        24,
        help="Most latents at which Hessians of the strongest directions are measured.",
        source="benchmarks.recovery, the half on which settings are chosen",
    )
    hessian_weight: float | None = setting(
        None,
        help="Weight of Hessians beside first derivatives; by default chosen by halves of the latents.",
        source="benchmarks.recovery, the half on which settings are chosen",
    )

    def __post_init__(self) -> None:
        if self.hessian_latents < 0:
            raise UsageError(f"hessian latents must be 0 or more, got {self.hessian_latents}")
        weight = self.hessian_weight
        if weight is not None and not (math.isfinite(weight) and weight >= 0):
            raise UsageError(f"hessian weight must be a number of 0 or more, got {weight}")


@dataclass(frozen=True, kw_only=True)
class Weights:
    """Weights of the Hessians: the one that is taken, and the one that leaves least off the diagonal."""

    taken: float
    best: float


class Joint(Solver):
    """Runs OroJaR's closed form, then turns the strongest directions once more with their Hessians."""

    name = "joint"
    paper = "OroJaR, Wei et al., arXiv:2108.07668, and the Hessian Penalty, Peebles et al., arXiv:2008.10599"
    summary = "Both objectives in closed form: first derivatives, and Hessians of the strongest directions."
    Settings = JointSettings
    settings: JointSettings

    def cost(self, outline: Outline) -> Cost:
        """What the first derivatives leave of the budget, and the Hessians."""
        latents, each = self._hessians(outline, outline.dims, outline.least_survey())
        reserve = latents * each
        before = replace(outline, budget=outline.budget - reserve)
        return Cost(images=Orojar().cost(before).images + reserve)

    def solve(self, problem: Problem, state: dict[str, Any] | None = None) -> Iterator[Step]:
        """Measure first derivatives until they have settled, then Hessians, one latent per step."""
        if state is not None and (not isinstance(state, dict) or not state.keys() <= {"slopes", "hessians"}):
            raise FileFormatError("the solver's state has other keys than slopes, hessians")
        state = dict(state or {})
        outline, live, first = problem.outline, problem.space.basis[: problem.space.live], Orojar()
        latents, each = self._hessians(outline, len(live), problem.surveyed)
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
        mixing = random_rotation(len(strongest), stream("learning/basis", outline.seed))
        strongest = mixing @ strongest
        basis = problem.group.broadcast(strongest @ live)
        grams = first.stacks(slopes)

        def both(sums: SampledMoments, **how: Any) -> Turned:
            parts = self._parts(grams, strongest, sums)
            weights = self.weights(*parts[1:], start=mixing.T)
            whole, even, odd = (together(*part, weights.taken) for part in parts)
            best = turned(
                problem,
                lambda rotation: slopes.effects(rotation @ strongest),
                (whole, even, odd),
                start=mixing.T,
                **how,
            )
            if weights.taken == weights.best:
                return best
            other = diagonalise(together(*parts[0], weights.best), start=best.rows, starts=1, tolerance=ROUGH)
            return _unless_weights_differ(best, other.rotation, outline)

        sums = SampledMoments.empty(len(basis)).resumed(state.get("hessians"), total=latents, name="hessians")
        counts = (latents,) if outline.latents is not None else (*_before(latents), latents)
        for count in counts:
            if sums.done > count:
                continue  # asked before the run was stopped, and not settled then
            begun = sums
            for sums in begun.continued(
                problem.evaluator,
                basis,
                problem.sample,
                total=count,
                differences=HESSIANS.differences(problem.differences, outline.resolution),
                seed=outline.seed,
            ):
                state = {**state, "hessians": sums.state_dict()}
                yield Step(phase="hessians", done=sums.done, total=latents, state=state)
            if count < latents:
                agreed = both(sums, starts=1, tolerance=ROUGH).agreement
                assert agreed is not None
                if problem.group.broadcast(agreed.settled(outline.agreement)):
                    break
        found = found_in(problem, basis, both(sums), slopes.done)
        yield Step(phase="hessians", done=sums.done, total=sums.done, state=state, result=found)

    def weights(
        self,
        even: tuple[torch.Tensor, torch.Tensor],
        odd: tuple[torch.Tensor, torch.Tensor],
        *,
        start: torch.Tensor,
    ) -> Weights:
        """The weight that was set, or those that the other half of the latents confirms.

        For each of several weights both halves are solved, and the share that one half's solution leaves off
        the diagonal of the other half's Hessians is looked at. Of the weights for which it is within 1 % of
        the least the smallest is taken: as many first derivatives as do no harm.

        Args:
            even, odd: of the latents of even and of odd index, matrices JᵀJ and Hessians in one basis.
            start: the initial orthogonal matrix.
        """
        if self.settings.hessian_weight is not None:
            return Weights(taken=self.settings.hessian_weight, best=self.settings.hessian_weight)
        left = {}
        for weight in _WEIGHTS:
            one, other = (
                diagonalise(together(*half, weight), start=start, starts=1, tolerance=ROUGH).rotation
                for half in (even, odd)
            )
            left[weight] = off_diagonal_share(odd[1], one) + off_diagonal_share(even[1], other)
        if any(map(math.isnan, left.values())):  # a half has no curvature
            return Weights(taken=_WEIGHTS[0], best=_WEIGHTS[0])
        best = min(left, key=left.__getitem__)
        return Weights(
            taken=next(weight for weight, share in left.items() if share <= _AS_GOOD * left[best]), best=best
        )

    def _hessians(self, outline: Outline, live: int, surveyed: int) -> tuple[int, int]:
        """The most latents at which Hessians are measured, and the images that one takes."""
        size = min(live, outline.ndirs + _SPARE)
        each = evaluations_per_latent(size)
        affordable = (outline.budget - surveyed) * 3 // 4 // each
        latents = min(
            self.settings.hessian_latents, affordable if outline.latents is None else outline.latents
        )
        return (latents if latents > 1 and self.settings.hessian_weight != 0 else 0), each

    @staticmethod
    def _parts(
        grams: Stacks, strongest: torch.Tensor, sums: SampledMoments
    ) -> list[tuple[torch.Tensor, torch.Tensor]]:
        """Matrices JᵀJ and Hessians in one basis: of all latents, then of each half."""
        parts = []
        for gram, moments in zip(grams, (sums.moments, *sums.halves), strict=True):
            assert gram is not None
            parts.append((strongest @ gram @ strongest.T, moments.stack()))
        return parts


def _unless_weights_differ(found: Turned, other: torch.Tensor, outline: Outline) -> Turned:
    """What was found; a direction that another weight, as good, turns elsewhere is not stable."""
    assert found.agreement is not None
    kept, bound = found.rows[: outline.ndirs], outline.agreement
    between = agreement(kept, found.rows, other, bound=bound)
    planes = {*found.agreement.planes, *between.planes}
    agreed = Agreement(
        stability=found.agreement.stability.minimum(between.stability), planes=tuple(sorted(planes))
    )
    return replace(found, agreement=agreed)


def _before(latents: int) -> tuple[int, ...]:
    """The numbers of latents below this one after which to ask whether the directions have settled."""
    return tuple(count for count in CHECKED if _LEAST <= count < latents)


def together(grams: torch.Tensor, hessians: torch.Tensor, weight: float) -> torch.Tensor:
    """One stack of both: JᵀJ as the mean over latents, the Hessians with this weight in place of energy 1."""
    energy = hessians.square().sum().sqrt()
    share = weight if float(energy) > 0 else 0.0
    return torch.cat([grams / math.sqrt(len(grams)), share * hessians / energy.clamp(min=1e-300)])
