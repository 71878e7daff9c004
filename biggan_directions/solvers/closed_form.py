"""Solve in closed form: measure matrices at latents until two halves of them agree, then turn the basis."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

import torch

from biggan_directions.solvers.base import Found, Step
from biggan_directions.solvers.joint_diagonalisation import diagonalise
from biggan_directions.solvers.problem import Problem
from biggan_directions.solvers.settling import Agreement, agreement, latent_counts, notes


class Measured(Protocol):
    """What has been measured in the live basis at the first ``done`` latents."""

    @property
    def done(self) -> int:
        """The number of latents."""
        ...

    def state_dict(self) -> dict[str, Any]:
        """Plain tensors and numbers, for a checkpoint."""
        ...

    def effects(self, rotation: torch.Tensor) -> torch.Tensor:
        """RMS change of the image per unit of z along the rows of a rotation of the live basis."""
        ...


ROUGH = 1e-3  # radians: enough to tell whether directions have settled

M = TypeVar("M", bound=Measured)
Stacks = tuple[torch.Tensor, torch.Tensor | None, torch.Tensor | None]
"""Matrices to diagonalise ``(n, m, m)``: of all latents, and of each half unless there is only one latent."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Turned:
    """The rotation of a basis, strongest row first, and how well the halves of the latents agree."""

    rows: torch.Tensor
    off_diagonal: float
    converged: bool
    agreement: Agreement | None


def closed_form(
    problem: Problem,
    begun: M,
    *,
    phase: str,
    each: int,
    reserve: int = 0,
    advance: Callable[[M, int], Iterator[M]],
    stacks: Callable[[M], Stacks],
) -> Iterator[Step]:
    """Measure one latent per step, ask at some numbers of latents whether to stop, and give the result.

    Args:
        problem: what is solved, in the live part of its search space.
        begun: what has been measured so far.
        phase: name of the phase.
        each: images drawn at a latent.
        reserve: images of the budget to leave for what comes later.
        advance: measures at further latents until there are as many as its second argument.
        stacks: the matrices to diagonalise.
    """
    counts, bound = latent_counts(problem, each, reserve), problem.outline.agreement
    live = problem.space.basis[: problem.space.live]
    sums = begun
    for count in counts:
        if sums.done > count:
            continue  # asked before the run was stopped, and not settled then
        before, agreed = sums, None
        for sums in advance(before, count):
            least = None
            if sums.done == count < counts[-1]:
                agreed = _halves_agree(problem, sums, stacks)
                least = float(agreed.stability.min())
            yield Step(
                phase=phase,
                done=sums.done,
                total=counts[-1],
                measure="" if least is None else "least stability",
                value=least,
                state=sums.state_dict(),
            )
        if count == counts[-1]:
            break
        if problem.group.broadcast((agreed or _halves_agree(problem, sums, stacks)).settled(bound)):
            break
    yield Step(
        phase=phase,
        done=sums.done,
        total=sums.done,
        state=sums.state_dict(),
        result=found_in(problem, live, turned(problem, sums.effects, stacks(sums)), sums.done),
    )


def _halves_agree(problem: Problem, sums: M, stacks: Callable[[M], Stacks]) -> Agreement:
    """How well the halves of the latents so far agree, from one initial basis."""
    agreed = turned(problem, sums.effects, stacks(sums), starts=1, tolerance=ROUGH).agreement
    assert agreed is not None
    return agreed


def turned(
    problem: Problem,
    effects: Callable[[torch.Tensor], torch.Tensor],
    matrices: Stacks,
    *,
    start: torch.Tensor | None = None,
    starts: int | None = None,
    tolerance: float = 1e-7,
) -> Turned:
    """Diagonalise the matrices of all latents, and from there those of each half.

    Args:
        problem: its outline says how many directions are kept, and from which agreement they are stable.
        effects: of the rows of a rotation, to sort them.
        matrices: in the basis that is turned.
        start, starts, tolerance: see :func:`~biggan_directions.solvers.joint_diagonalisation.diagonalise`.
    """
    whole, *halves = matrices
    seed = problem.outline.seed
    best = diagonalise(whole, start=start, seed=seed, starts=starts, tolerance=tolerance)
    rows = best.rotation[effects(best.rotation).argsort(descending=True, stable=True)]
    first, second = (
        None if half is None else diagonalise(half, start=rows, starts=1, tolerance=tolerance).rotation
        for half in halves
    )
    agreed = None
    if first is not None and second is not None:
        kept = rows[: problem.outline.ndirs]
        agreed = agreement(kept, first, second, bound=problem.outline.agreement)
    return Turned(rows=rows, off_diagonal=best.off_diagonal, converged=best.converged, agreement=agreed)


def found_in(problem: Problem, basis: torch.Tensor, best: Turned, latents: int) -> Found:
    """The result in z; filled up with dead dimensions if too few are live.

    Args:
        problem: what was solved.
        basis: the basis that was turned, orthonormal rows ``(m, z_dim)``.
        best: its rotation.
        latents: number of latents that were measured.
    """
    outline, space = problem.outline, problem.space
    said: tuple[str, ...] = ()
    if not best.converged:
        said += ("the rotations had not settled after 100 sweeps: more latents may help (--latents)",)
    linear = math.isnan(best.off_diagonal)
    if linear:
        said += (
            "the image does not curve in the search space beyond rounding errors: the directions are those "
            "of first derivatives, which --solver orojar finds with fewer images",
        )
    stability = None
    if best.agreement is not None and not linear:
        said += notes(best.agreement)
        stability = torch.full((outline.ndirs,), float("nan"), dtype=torch.float64)
        stability[: len(best.agreement.stability)] = best.agreement.stability
    rows = torch.cat([best.rows @ basis, space.basis[space.live :]])
    return Found(
        directions=rows[: outline.ndirs],
        ordered=True,
        off_diagonal=None if linear else best.off_diagonal,
        stability=stability,
        latents=latents,
        notes=said,
    )
