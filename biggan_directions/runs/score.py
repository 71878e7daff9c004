"""Measure directions, for every command and every run that ends with a scorecard."""

from __future__ import annotations

from typing import TYPE_CHECKING

from biggan_directions.distributed.process_group import ALONE, ProcessGroup
from biggan_directions.generators.capabilities import KnownTruth
from biggan_directions.metrics.scoring import ScoreSettings, Truth, iterate_score
from biggan_directions.runs.observer import Observe, RunProgress, ignore

if TYPE_CHECKING:
    from biggan_directions.directions import Directions
    from biggan_directions.generators import Generator
    from biggan_directions.scores import Scorecard
    from biggan_directions.solvers.subspace import SearchSpace


def measure(
    found: Directions,
    generator: Generator,
    settings: ScoreSettings,
    group: ProcessGroup = ALONE,
    *,
    search_space: str = "all",
    space: SearchSpace | None = None,
    observe: Observe = ignore,
) -> Scorecard:
    """Measure directions, in all processes of the group.

    Args:
        found: the directions.
        generator: what to measure them on.
        settings: how.
        group: the processes that share the work; all of them call this.
        search_space: the part of z that a file of directions belongs to if it does not say so itself.
        space: the search space, if it is known already, as after learning.
        observe: called with every step's progress.

    Returns:
        The scorecard, the same in every process.

    Raises:
        UsageError: the directions do not fit the generator.
        GeneratorError: the images are not finite, or do not depend on z.
        ProcessGroupError: a process has ended or does not answer.
    """
    card = None
    for step in iterate_score(
        generator,
        found.directions,
        solver=str(found.solver.get("name", "directions")),
        search_space=str(found.solver.get("search_space", search_space)),
        settings=settings,
        truth=_truth(generator),
        space=space,
        group=group,
    ):
        observe(RunProgress(phase=f"scoring: {step.phase}", done=step.done, total=step.total))
        card = step.scorecard
    assert card is not None
    return card


def _truth(generator: Generator) -> Truth | None:
    """The true directions, where the generator knows them."""
    return generator.true_directions if isinstance(generator, KnownTruth) else None
