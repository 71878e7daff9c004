"""Coordinates: the unit vectors along which the image changes most."""

from biggan_directions.solvers.methods.coordinate import Coordinate
from tests.support.problems import problem_of
from tests.support.separable import Separable


def test_coordinates_that_change_most() -> None:
    problem = problem_of(Separable(), ndirs=2, search_space="2:8")
    (step,) = Coordinate().solve(problem)
    assert step.result is not None
    found = step.result.directions
    assert sorted(found.flatten().tolist()) == [0.0] * 22 + [1.0] * 2
    change = problem.survey.total.diagonal()
    expected = (change[2:8].argsort(descending=True)[:2] + 2).tolist()
    assert found.argmax(dim=1).tolist() == expected
