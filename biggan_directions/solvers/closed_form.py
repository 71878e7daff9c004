"""Solve in closed form: measure matrices at latents until two halves of them agree, then turn the basis."""

from __future__ import annotations

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


M = TypeVar("M", bound=Measured)
Stacks = tuple[torch.Tensor, torch.Tensor | None, torch.Tensor | None]
"""Matrices to diagonalise ``(n, m, m)``: of all latents, and of each half unless there is only one latent."""


@dataclass(frozen=True, kw_only=True, eq=False)
class _Turned:
    """The rotation of the live basis, strongest row first, and how well the halves of the latents agree."""

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
    advance: Callable[[M, int], Iterator[M]],
    stacks: Callable[[M], Stacks],
) -> Iterator[Step]:
    """Measure one latent per step, ask at some numbers of latents whether to stop, and give the result.

    Args:
        problem: what is solved, in the live part of its search space.
        begun: what has been measured so far.
        phase: name of the phase.
        each: images drawn at a latent.
        advance: measures at further latents until there are as many as its second argument.
        stacks: the matrices to diagonalise.
    """
    counts, bound = latent_counts(problem, each), problem.outline.agreement
    sums, least = begun, None
    for count in counts:
        if sums.done > count:
            continue  # asked before the run was stopped, and not settled then
        for sums in advance(sums, count):
            yield Step(
                phase=phase,
                done=sums.done,
                total=counts[-1],
                measure="least stability",
                value=least,
                state=sums.state_dict(),
            )
        if count == counts[-1]:
            break
        found = _turned(problem, sums.effects, stacks(sums), starts=1)
        assert found.agreement is not None
        least = float(found.agreement.stability.min())
        if problem.group.broadcast(found.agreement.settled(bound)):
            break
    yield Step(
        phase=phase,
        done=sums.done,
        total=sums.done,
        state=sums.state_dict(),
        result=_found(problem, _turned(problem, sums.effects, stacks(sums)), sums.done),
    )


def _turned(
    problem: Problem,
    effects: Callable[[torch.Tensor], torch.Tensor],
    matrices: Stacks,
    *,
    starts: int | None = None,
) -> _Turned:
    """Diagonalise the matrices of all latents, and from there those of each half."""
    whole, *halves = matrices
    best = diagonalise(whole, seed=problem.outline.seed, starts=starts)
    rows = best.rotation[effects(best.rotation).argsort(descending=True, stable=True)]
    first, second = (
        None if half is None else diagonalise(half, start=rows, starts=1).rotation for half in halves
    )
    agreed = None
    if first is not None and second is not None:
        kept = rows[: problem.outline.ndirs]
        agreed = agreement(kept, first, second, bound=problem.outline.agreement)
    return _Turned(rows=rows, off_diagonal=best.off_diagonal, converged=best.converged, agreement=agreed)


def _found(problem: Problem, turned: _Turned, latents: int) -> Found:
    """The result; filled up with dead dimensions if too few are live."""
    outline, space = problem.outline, problem.space
    said: tuple[str, ...] = ()
    if not turned.converged:
        said += ("the rotations had not settled after 100 sweeps: more latents may help (--latents)",)
    stability = None
    if turned.agreement is not None:
        asked = outline.latents is not None
        said += notes(turned.agreement, bound=outline.agreement, latents=latents, asked=asked)
        stability = torch.full((outline.ndirs,), float("nan"), dtype=torch.float64)
        stability[: len(turned.agreement.stability)] = turned.agreement.stability
    rows = torch.cat([turned.rows @ space.basis[: space.live], space.basis[space.live :]])
    return Found(
        directions=rows[: outline.ndirs],
        ordered=True,
        off_diagonal=turned.off_diagonal,
        stability=stability,
        latents=latents,
        notes=said,
    )
