"""What a problem gives a solver."""

import pytest
import torch

from tests.support.problems import problem_of
from tests.support.separable import Separable


def test_an_input_is_the_same_however_many_are_drawn() -> None:
    problem = problem_of(Separable(classes=3))
    z, classes = problem.inputs(0, 9)
    part, part_classes = problem.inputs(4, 2)
    assert classes is not None
    assert part_classes is not None
    assert torch.equal(part, z[4:6])
    assert torch.equal(part_classes, classes[4:6])
    assert sorted(classes[:3].tolist()) == [0, 1, 2]
    assert not torch.equal(problem.inputs(0, 9, "another purpose")[0], z)


def test_spread_latents_are_even_in_the_basis() -> None:
    """Each with its opposite, and alike in all directions: the second moment is a multiple of 1."""
    problem = problem_of(Separable())
    basis = problem.space.basis[:4]
    sample = problem.spread(16, basis)
    inside = torch.stack([sample(index)[0] for index in range(16)]).double() @ basis.T
    assert float(inside.sum(dim=0).abs().max()) < 1e-5
    moment = inside.T @ inside / 16
    torch.testing.assert_close(moment, moment[0, 0] * torch.eye(4).double(), rtol=0, atol=1e-5)
    assert sample(0)[1] is None


@pytest.mark.parametrize("order", [[3, 0, 2, 1, 4], [4, 3, 2, 1, 0]])
def test_the_strongest_rows_are_those_the_survey_says(order: list[int]) -> None:
    problem = problem_of(Separable(), ndirs=3)
    basis = problem.space.basis[:5]
    torch.testing.assert_close(problem.strongest(basis[order]), basis[:3])
