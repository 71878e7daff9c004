"""The estimate counts what learning then does."""

from typing import Any

import pytest

from biggan_directions.errors import UsageError
from biggan_directions.learning.cost import estimate
from biggan_directions.learning.run import learn
from biggan_directions.learning.settings import LearnSettings
from tests.support.separable import Separable

ADAM = {"steps": 2, "batch_size": 6}


@pytest.mark.parametrize(
    "changed",
    [
        {},
        {"solver": "joint"},
        {"solver": "joint", "options": {"hessian_latents": 0}},
        {"solver": "orojar"},
        {"solver": "jacobi"},
        {"solver": "adam", "options": {**ADAM, "start": "jacobi"}},
        {"solver": "adam", "options": ADAM},
        {"solver": "adam", "options": {**ADAM, "start": "random"}},
        {"solver": "adam", "options": ADAM, "search_space": "all"},
        {"solver": "random"},
        {"solver": "random", "search_space": "1:9"},
        {"solver": "first-order", "survey_latents": None},
        {"search_space": "1:9"},
        {"search_dims": 7, "survey_latents": 5},
        {"micro_batch": 5},
    ],
)
def test_what_is_counted_is_what_is_done(changed: dict[str, Any]) -> None:
    """Where nothing is dead, to the picture."""
    settings = LearnSettings(**{"ndirs": 4, "latents": 2, "survey_latents": 4, **changed})
    generator = Separable(z_dim=12, factors=12)
    before = estimate(generator, settings)
    if settings.search_space == "active" and settings.search_dims is None:
        settings = LearnSettings(**{**vars(settings), "search_dims": before.dims})
    solution = learn(generator, settings)
    assert before.dims == solution.space.dims
    drawn = solution.evaluations + solution.scorecard.evaluations
    assert (before.evaluations, before.gradients) == (drawn, solution.gradients)
    assert before.seconds > 0
    assert before.peak_bytes is None or before.peak_bytes > 1e7


@pytest.mark.parametrize("solver", ["joint", "orojar", "jacobi", "random"])
def test_where_few_dimensions_matter_it_is_the_early_end_to_a_third(solver: str) -> None:
    """Eight of 32 are live, and a low agreement is reached at once."""
    settings = LearnSettings(ndirs=3, solver=solver, agreement=0.1)
    generator = Separable(z_dim=32, factors=8)
    before = estimate(generator, settings)
    solution = learn(generator, settings)
    drawn = solution.evaluations + solution.scorecard.evaluations
    assert before.early == pytest.approx(drawn, rel=1 / 3)
    assert before.early_seconds / before.seconds == pytest.approx(before.early / before.evaluations, rel=0.3)


@pytest.mark.parametrize("solver", ["joint", "orojar", "jacobi"])
def test_without_a_number_of_latents_it_is_the_budget_that_is_counted(solver: str) -> None:
    """The most that may be drawn; fewer where directions settle, and no more than the budget to find them."""
    settings = LearnSettings(ndirs=4, search_dims=12, solver=solver, budget=1200, score_latents=2)
    generator = Separable(z_dim=12, factors=12)
    before = estimate(generator, settings)
    solution = learn(generator, settings)
    measuring = solution.scorecard.evaluations
    assert solution.evaluations <= 1200
    assert solution.evaluations + measuring <= before.evaluations
    assert 0.9 * 1200 < before.evaluations - measuring <= 1200


def test_settings_that_do_not_fit() -> None:
    with pytest.raises(UsageError, match="do not fit"):
        estimate(Separable(), LearnSettings(ndirs=13))
    with pytest.raises(UsageError, match="sefa needs"):
        estimate(Separable(), LearnSettings(solver="sefa"))
