"""Whether directions are found again: learning repeated with other seeds."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from biggan_directions.distributed.process_group import ALONE, ProcessGroup
from biggan_directions.learning.settings import LearnSettings
from biggan_directions.metrics.matching import match
from biggan_directions.runs.learn import solve
from biggan_directions.runs.observer import Observe, ignore

if TYPE_CHECKING:
    from biggan_directions.directions import Directions
    from biggan_directions.generators import Generator


@dataclass(frozen=True, kw_only=True)
class Repetition:
    """How well the directions of another seed match: ``cosines`` has the \\|cos\\| of each matched pair."""

    seed: int
    cosines: list[float]


def repeated(
    found: Directions,
    generator: Generator,
    count: int,
    group: ProcessGroup = ALONE,
    observe: Observe = ignore,
) -> Iterator[Repetition]:
    """Learn again with ``count`` other seeds, the lowest ones, and match what is found.

    Args:
        found: directions that one of this package's solvers has found, at their own settings.
        generator: what they were learnt on.
        count: how many other seeds.
        group: the processes that share the work; all of them call this.
        observe: called with the progress of learning, and with its notes.

    Raises:
        UsageError: the directions do not say how they were found.
        GeneratorError: the images are not finite, or do not depend on z.
        ProcessGroupError: a process has ended or does not answer.
    """
    others = [seed for seed in range(count + 1) if seed != found.seed]
    for seed in others[:count]:
        asked = LearnSettings.of_result(found.solver, ndirs=len(found), seed=seed)
        asked = replace(asked, score_latents=2)  # what is found is compared, not measured
        again, _ = solve(generator, asked, group, observe)
        cosines = [pair.cosine for pair in match(found.directions, again.directions)]
        yield Repetition(seed=seed, cosines=cosines)
