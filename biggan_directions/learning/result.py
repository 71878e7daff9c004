"""What learning hands out: records of progress, and the solution."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch

from biggan_directions.solvers.subspace import SearchSpace


@dataclass(frozen=True, kw_only=True, eq=False)
class Solution:
    """Directions, and what is known of them.

    Attributes:
        directions: orthonormal rows, strongest effect first, float32 ``(ndirs, z_dim)``.
        effect: RMS change of the picture, on the scale [-1, 1], per unit of z along each; float32
            ``(ndirs,)``.
        penalty: the share of each direction's row of Hessian energy that lies off the diagonal, over a basis
            of the live part of the search space, widened by the directions where they lie outside it; float32
            ``(ndirs,)``, NaN where the row is 0.
        space: where they were looked for.
        off_diagonal: share of the whole space's energy off the diagonal, as the solver left it, of the
            picture as it was solved on; where the solver knows it, as jacobi does.
        evaluations: pictures drawn.
        gradients: how many of those were also differentiated.
        warnings: what a user should know, a sentence each.
        solver: its name and every setting used.
    """

    directions: torch.Tensor
    effect: torch.Tensor
    penalty: torch.Tensor
    space: SearchSpace
    off_diagonal: float | None
    evaluations: int
    gradients: int
    warnings: tuple[str, ...]
    solver: dict[str, Any]


@dataclass(frozen=True, kw_only=True, eq=False)
class Progress:
    """A record of a run's progress.

    Attributes:
        phase: ``search space``, then the solver's own, then ``effects`` where it has not measured them.
        done: of ``total`` in this phase.
        total: what this phase takes.
        measure: what ``value`` is, such as ``penalty`` (smoothed) or ``off-diagonal share``; or nothing.
        value: the measure so far.
        evaluations: pictures drawn so far.
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
