"""The coordinates of z with the largest effect."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch

from biggan_directions.solvers.base import Found, Solver, Step
from biggan_directions.solvers.problem import Problem


class Coordinate(Solver):
    """Takes the unit vectors of the block of z along which the image changes most."""

    name = "coordinate"
    paper = "none; a baseline"
    summary = "The unit vectors of z along which the image changes most."

    def solve(self, problem: Problem, _state: dict[str, Any] | None = None) -> Iterator[Step]:
        """Choose the coordinates by the survey."""
        block = problem.outline.block
        change = problem.survey.total.diagonal()[block.start : block.stop]
        chosen = change.argsort(descending=True, stable=True)[: problem.outline.ndirs]
        rows = torch.eye(block.size, dtype=torch.float64)[chosen]
        found = Found(directions=block.placed(rows, problem.outline.z_dim))
        yield Step(phase=self.name, done=1, total=1, state={}, result=found)
