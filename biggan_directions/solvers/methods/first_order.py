"""First derivatives alone: the directions along which the image changes most."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from biggan_directions.solvers.base import Found, Solver, Step
from biggan_directions.solvers.problem import Problem


class FirstOrder(Solver):
    """Takes the first rows of the search space's basis, which are the strongest eigenvectors of E[JᵀJ].

    The idea is that of GANSpace, with the image instead of an activation and its Jacobian instead of samples.
    """

    name = "first-order"
    paper = "after GANSpace, Härkönen et al., arXiv:2004.02546"
    thorough_survey = True
    summary = "The strongest eigenvectors of E[JᵀJ], J the Jacobian of the image."

    def solve(self, problem: Problem, _state: dict[str, Any] | None = None) -> Iterator[Step]:
        """Take the eigenvectors from the survey."""
        found = Found(directions=problem.space.basis[: problem.outline.ndirs].clone())
        yield Step(phase=self.name, done=1, total=1, state={}, result=found)
