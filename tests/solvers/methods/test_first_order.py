"""First order: eigenvectors of the survey."""

import torch

from biggan_directions.solvers.methods.first_order import FirstOrder
from tests.support.problems import problem_of
from tests.support.separable import Separable


def test_directions_are_the_strongest_eigenvectors() -> None:
    problem = problem_of(Separable(), ndirs=3, search_space="all")
    (step,) = FirstOrder().solve(problem)
    assert step.result is not None
    found, total = step.result.directions, problem.survey.total
    values = torch.linalg.eigvalsh(total).flip(0)[:3]
    torch.testing.assert_close(found @ total, values[:, None] * found)
