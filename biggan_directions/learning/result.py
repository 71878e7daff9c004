"""What learning hands out: records of progress, and the solution."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch

from biggan_directions.scores import Scorecard
from biggan_directions.solvers.subspace import SearchSpace


@dataclass(frozen=True, kw_only=True, eq=False)
class Solution:
    """Directions, and what is known of them.

    Attributes:
        directions: orthonormal rows, strongest first by the solver's own latents or by the survey of the
            search space; float32 ``(ndirs, z_dim)``.
        scorecard: the measures of the directions at fresh latents, without baselines.
        space: where they were looked for.
        off_diagonal: share of the whole space's energy off the diagonal, as the solver left it, of the
            image as it was solved on; where the solver knows it, as jacobi does.
        stability: how far each direction was found again by both halves of the latents, as the |cos| of the
            angle between the two: float32 ``(ndirs,)``, NaN for a dead direction; None where the solver
            cannot tell.
        latents: number of latents at which the solver has measured, where it says so.
        evaluations: images drawn to find the directions; those to measure them are the scorecard's.
        gradients: how many of those were also differentiated.
        warnings: what the solver has to say, a sentence each; for weak directions see
            :func:`~biggan_directions.metrics.scorecard.remarks`, and for those that depend on the latents
            :func:`~biggan_directions.metrics.scorecard.loose_remark`.
        solver: its name and every setting used.
        layers: indices of the layers at which the directions act; None for all, as a move of z does.
    """

    directions: torch.Tensor
    scorecard: Scorecard
    space: SearchSpace
    off_diagonal: float | None
    stability: torch.Tensor | None
    latents: int | None
    evaluations: int
    gradients: int
    warnings: tuple[str, ...]
    solver: dict[str, Any]
    layers: tuple[int, ...] | None = None

    @property
    def effect(self) -> torch.Tensor:
        """The scorecard's effects: float32 ``(ndirs,)``."""
        return self._measured("effect")

    @property
    def penalty(self) -> torch.Tensor:
        """The scorecard's penalties: float32 ``(ndirs,)``, NaN where they cannot be told."""
        return self._measured("penalty")

    @property
    def linear(self) -> tuple[bool, ...]:
        """Whether the image is linear along each direction, which then has no penalty."""
        return tuple(direction.linear for direction in self.scorecard.sets[0].directions)

    def _measured(self, key: str) -> torch.Tensor:
        values = (direction.measure(key).value for direction in self.scorecard.sets[0].directions)
        return torch.tensor([float("nan") if value is None else value for value in values])


@dataclass(frozen=True, kw_only=True, eq=False)
class Progress:
    """A record of a run's progress.

    Attributes:
        phase: ``search space``, then the solver's own, then ``measuring``.
        done: of ``total`` in this phase.
        total: what this phase takes.
        measure: what ``value`` is, such as ``penalty`` (smoothed) or ``off-diagonal share``; or nothing.
        value: the measure so far.
        evaluations: images drawn so far to find the directions.
        state: all that is needed to go on from here: plain values and tensors, which no later step changes.
        solution: the result, in the last step alone.
    """

    phase: str
    done: int
    total: int
    measure: str
    value: float | None
    evaluations: int
    state: dict[str, Any]
    solution: Solution | None = None
