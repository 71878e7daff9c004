"""When to stop measuring at further latents: once two halves of them give the same directions."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from scipy.optimize import linear_sum_assignment

from biggan_directions.solvers.problem import Problem
from biggan_directions.solvers.schedule import counts_within


@dataclass(frozen=True, kw_only=True, eq=False)
class Agreement:
    """How well two halves of the latents agree in each direction.

    Attributes:
        stability: |cos| of the angle between a direction's counterparts in the two halves, ``(n,)`` in
            [0, 1].
        planes: pairs of directions whose plane is found by both halves, though its two axes are not.
    """

    stability: torch.Tensor
    planes: tuple[tuple[int, int], ...] = ()

    def settled(self, bound: float) -> bool:
        """Whether all directions have at least this stability."""
        return bool((self.stability >= bound).all())


def latent_counts(problem: Problem, each: int, reserve: int = 0) -> tuple[int, ...]:
    """The numbers of latents after which a solver asks whether its directions have settled.

    Args:
        problem: its outline says how many latents were asked for, if any, and the budget in images, of which
            the survey has taken its part.
        each: images drawn at a latent.
        reserve: images of the budget to leave for what comes later.

    Returns:
        The last one is the most latents that are measured: the number asked for, or what the budget allows,
        but at least 8 and at most 256.
    """
    outline = problem.outline
    return counts_within(outline.latents, budget=outline.budget - problem.surveyed - reserve, each=each)


def agreement(kept: torch.Tensor, first: torch.Tensor, second: torch.Tensor, *, bound: float) -> Agreement:
    """Compare the solutions of two halves, row by row of the solution of the whole.

    Args:
        kept: the directions, orthonormal rows ``(n, m)``.
        first, second: the halves' solutions, orthonormal rows ``(k, m)`` with k ≥ n.
        bound: |cos| from which two directions, or two planes, count as the same.
    """
    rows = [half[_matched(kept, half)] for half in (first, second)]
    stability = (rows[0] * rows[1]).sum(dim=1).abs().clamp(max=1)
    loose = [index for index, value in enumerate(stability.tolist()) if value < bound]
    planes = []
    for place, index in enumerate(loose):
        for other in loose[place + 1 :]:
            both = [index, other]
            if float(torch.linalg.svdvals(rows[0][both] @ rows[1][both].T)[-1]) >= bound:
                planes.append((index, other))
    return Agreement(stability=stability, planes=tuple(planes))


def _matched(kept: torch.Tensor, rows: torch.Tensor) -> list[int]:
    """The row that each kept direction is matched with, so that the sum of |cos| is largest."""
    _, columns = linear_sum_assignment((kept @ rows.T).abs().numpy(), maximize=True)
    return [int(column) for column in columns]


def notes(agreed: Agreement) -> tuple[str, ...]:
    """What a user should know of directions that have not settled, beside their stability."""
    return tuple(
        f"directions {first} and {second} span a plane that both halves of the latents find, but its axes "
        "are a matter of luck"
        for first, second in agreed.planes
    )
