"""Measuring directions tells how far it is, and gives what the metrics give."""

from __future__ import annotations

from biggan_directions import Directions, LearnSettings
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
    settings = ScoreSettings(latents=2, baselines=("coordinate",))
    card = measure(found, generator, settings, search_space="all", observe=told.append)
    *_, last = iterate_score(
        generator, found.directions, solver="random", search_space="0:6", settings=settings
    )
    assert last.scorecard is not None
    assert card.as_json() == last.scorecard.as_json()
    steps = [step for step in told if isinstance(step, RunProgress)]
    assert steps == told
    assert list(dict.fromkeys(step.phase for step in steps)) == [
        *("scoring: search space", "scoring: measuring", "scoring: done")
    ]
    assert [(step.done, step.total) for step in steps if step.phase == "scoring: measuring"] == [
        (1, 2),
        (2, 2),
    ]
