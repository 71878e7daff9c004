"""OroJaR by Adam: what it minimises, and that it gets there; test_adam.py tests what it shares."""

from typing import Any

import pytest
import torch

from biggan_directions.errors import UsageError
from biggan_directions.solvers.methods.orojar_adam import OrojarAdam, OrojarAdamSettings
from biggan_directions.solvers.problem import Outline
from tests.solvers.methods.test_orojar import Apart
from tests.support.problems import problem_of
from tests.support.separable import Separable, recovery


def _outline() -> Outline:
    return problem_of(Separable(), search_space="all").outline


@pytest.mark.parametrize("search_space", ["all", "active"])
def test_changes_that_are_orthogonal_at_every_latent_are_found(search_space: str) -> None:
    generator = Apart()
    generator.weights *= torch.linspace(1, 2, 6)[:, None]
    settings = OrojarAdamSettings(steps=300, batch_size=16, lr=0.03, square=True, epsilon=0.01)
    problem = problem_of(generator, ndirs=6, micro_batch=16, search_space=search_space)
    steps = list(OrojarAdam(settings).solve(problem))
    result = steps[-1].result
    assert result is not None
    assert recovery(result.directions, generator.truth).min() > 0.98
    first, last = steps[0].value, steps[-2].value
    assert first is not None
    assert last is not None
    assert last < first / 100


def test_latents_are_not_moved_first() -> None:
    """As published: the latent itself, and one move of √rows · ε for each probe."""
    generator = Apart()
    problem = problem_of(generator, ndirs=6, search_space="all")
    before = len(generator.seen)
    next(OrojarAdam(OrojarAdamSettings(steps=1, batch_size=4, epsilon=0.25)).solve(problem))
    z, alone, *moved = generator.seen[before:]
    torch.testing.assert_close(z, problem.inputs(0, 4)[0])
    assert len(alone) == 1
    assert len(moved) == 2
    for points in moved:
        torch.testing.assert_close((points - z).norm(dim=1), torch.full((4,), 0.25 * 6**0.5))


def test_it_costs_three_images_a_latent() -> None:
    cost = OrojarAdam(OrojarAdamSettings(steps=10, batch_size=8)).cost(_outline())
    assert (cost.images, cost.gradients, cost.memory) == (241, 240, 3)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"steps": -1}, "steps must be 0 or more"),
        ({"probes": 1}, "probes must be 2 or more"),
        ({"epsilon": 0.0}, "epsilon must be a finite number above 0"),
        ({"start": "orojar-adam"}, "expected kaiming, or another solver: adam"),
    ],
)
def test_settings_out_of_range(options: dict[str, Any], says: str) -> None:
    with pytest.raises(UsageError, match=says):
        OrojarAdamSettings(**options)
