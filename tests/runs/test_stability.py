"""Learning again with other seeds: which, and how well the directions match."""

from __future__ import annotations

from dataclasses import replace

import pytest

from biggan_directions import Directions, LearnSettings
from biggan_directions.errors import UsageError
from biggan_directions.learning.run import learn
from biggan_directions.runs.observer import Note, RunProgress
from biggan_directions.runs.stability import repeated
from tests.support.separable import Separable

SETTINGS = LearnSettings(solver="jacobi", ndirs=5, latents=4, survey_latents=4)
RANDOM = LearnSettings(ndirs=5, latents=1, survey_latents=4, solver="random")


def _found(settings: LearnSettings, *, seed: int) -> Directions:
    generator = Separable()
    return Directions.of(learn(generator, replace(settings, seed=seed)), generator, seed)


def test_other_seeds_find_the_directions_that_are_there_to_be_found() -> None:
    found, told = _found(SETTINGS, seed=1), list[RunProgress | Note]()
    again = list(repeated(found, Separable(), 2, observe=told.append))
    assert [row.seed for row in again] == [0, 2]
    for row in again:
        assert len(row.cosines) == 5
        assert min(row.cosines) > 0.99
    assert sum(isinstance(item, RunProgress) and item.phase == "done" for item in told) == 2


def test_seeds_below_one_s_own_suffice() -> None:
    found = _found(RANDOM, seed=7)
    (row,) = repeated(found, Separable(), 1)
    assert row.seed == 0
    assert max(row.cosines) < 0.99
    assert list(repeated(found, Separable(), 0)) == []


def test_a_foreign_file_cannot_be_learnt_again() -> None:
    foreign = replace(_found(RANDOM, seed=0), solver={})
    with pytest.raises(UsageError, match="does not say how"):
        list(repeated(foreign, Separable(), 1))
