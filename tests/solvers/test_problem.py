"""What a problem gives a solver."""

import pytest
import torch

from biggan_directions.learning.settings import LearnSettings
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


def test_a_closed_form_draws_what_the_shortest_survey_leaves_of_the_budget() -> None:
    """Four latents of 13 images are surveyed; 20 images a latent are drawn from what is left of 500."""
    sizes = {"z_dim": 12, "resolution": 16}
    assert LearnSettings(budget=500).outline(**sizes).most_latents(20) == (500 - 16 - 52) // 20
    assert LearnSettings(budget=1).outline(**sizes).most_latents(20) == 8
    assert LearnSettings(latents=3, budget=1).outline(**sizes).most_latents(20) == 3


@pytest.mark.parametrize("order", [[3, 0, 2, 1, 4], [4, 3, 2, 1, 0]])
def test_the_strongest_rows_are_those_the_survey_says(order: list[int]) -> None:
    problem = problem_of(Separable(), ndirs=3)
    basis = problem.space.basis[:5]
    torch.testing.assert_close(problem.strongest(basis[order]), basis[:3])
