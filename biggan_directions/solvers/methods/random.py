"""Random orthonormal directions, the baseline for every method."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch

from biggan_directions.latents import stream
from biggan_directions.linalg import orthonormal
from biggan_directions.solvers.base import Found, Solver, Step
from biggan_directions.solvers.problem import Problem


class Random(Solver):
    """Orthonormalises the rows of a Gaussian matrix over the block of z, which is uniform by symmetry."""

    name = "random"
    paper = "none; a baseline that does not use the generator"
    summary = "Orthonormal directions drawn uniformly within the block of z."

    def solve(self, problem: Problem, _state: dict[str, Any] | None = None) -> Iterator[Step]:
        """Draw the directions."""
        outline = problem.outline
        size = outline.ndirs, outline.block.size
        draws = torch.randn(*size, generator=stream("random directions", outline.seed), dtype=torch.float64)
        found = Found(directions=outline.block.placed(orthonormal(draws), outline.z_dim))
        yield Step(phase=self.name, done=1, total=1, state={}, result=found)
