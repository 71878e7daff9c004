"""Measuring directions tells how far it is, and gives what learning and the metrics give."""

from __future__ import annotations

from dataclasses import replace

import pytest

from biggan_directions import Directions, LearnSettings
from biggan_directions.generators import ImageClass
from biggan_directions.learning.run import learn
from biggan_directions.metrics.scoring import iterate_score
from biggan_directions.metrics.settings import ScoreSettings
from biggan_directions.runs.observer import Note, RunProgress
from biggan_directions.runs.score import measure
from tests.support.separable import Separable


def test_measuring_tells_every_step_and_gives_the_scorecard() -> None:
    generator, told = Separable(), list[RunProgress | Note]()
    learning = LearnSettings(ndirs=2, solver="random", search_space="0:6", latents=1)
    found = Directions.of(learn(generator, learning), generator, seed=0)
    bare = replace(found, model={}, solver={"name": "random"})
    settings = ScoreSettings(latents=2, baselines=("coordinate",))
    card = measure(bare, generator, settings, search_space="0:6", observe=told.append)
    *_, last = iterate_score(
        generator, found.directions, solver="random", search_space="0:6", settings=settings
    )
    assert last.scorecard is not None
    # 16 images show that the background is not uniform, so that nothing is said of image factors
    assert card.as_json() == replace(last.scorecard, evaluations=last.scorecard.evaluations + 16).as_json()
    steps = [step for step in told if isinstance(step, RunProgress)]
    assert steps == told
    assert list(dict.fromkeys(step.phase for step in steps)) == [
        *("scoring: live dimensions", "scoring: search space", "scoring: measuring", "scoring: done")
    ]
    assert [(step.done, step.total) for step in steps if step.phase == "scoring: measuring"] == [
        (1, 2),
        (2, 2),
    ]


@pytest.mark.parametrize(("search_space", "dims"), [("active", None), ("active", 4), ("1:9", None)])
def test_a_file_s_figures_are_those_that_learning_ended_with(search_space: str, dims: int | None) -> None:
    generator, told = Separable(), list[RunProgress | Note]()
    learning = LearnSettings(
        ndirs=3, search_space=search_space, search_dims=dims, latents=4, score_latents=3, seed=5
    )
    solution = learn(generator, learning)
    found = Directions.of(solution, generator, seed=5)
    settings = ScoreSettings(latents=3, seed=5)
    generator.seen.clear()
    card = measure(found, generator, settings, observe=told.append)
    assert card.sets[0] == solution.scorecard.sets[0]
    assert card.strongest == solution.scorecard.strongest
    assert [scored.solver for scored in card.sets] == [
        learning.solver, "random", "coordinate", "first-order",
    ]  # fmt: skip
    assert card.evaluations == generator.drawn
    assert any(isinstance(step, RunProgress) and step.phase == "scoring: search space" for step in told)


def test_on_another_class_the_search_space_is_found_anew_and_beside_another_file_where_it_differs() -> None:
    generator = Separable()
    learning = LearnSettings(ndirs=2, latents=2, score_latents=2)
    solution = learn(generator, learning)
    found = replace(Directions.of(solution, generator, seed=0), stability=None)
    settings = ScoreSettings(latents=2, baselines=())
    elsewhere = replace(found, classes=(ImageClass(3, "another"),))
    fresh = measure(elsewhere, generator, settings)
    *_, last = iterate_score(
        generator, found.directions, solver=learning.solver, search_space="active", settings=settings
    )
    assert last.scorecard is not None
    assert fresh.sets[0] == last.scorecard.sets[0]
    beside = measure(found, generator, settings, others=[("again", found)], called="first")
    assert beside.sets[0].directions == beside.sets[1].directions
    assert beside.sets[0].directions == measure(found, generator, settings).sets[0].directions
    other, told = replace(found, seed=1), list[RunProgress | Note]()
    beside = measure(found, generator, settings, others=[("again", other)], observe=told.append)
    assert beside.sets[0].directions == beside.sets[1].directions == fresh.sets[0].directions
    assert [note.text.split(",")[0] for note in told if isinstance(note, Note)] == [
        "the files are measured in one search space and at the same latents"
    ]
