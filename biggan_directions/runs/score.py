"""Measure directions, with a progress bar: for every command that ends with a scorecard."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from biggan_directions.directions import Directions
    from biggan_directions.distributed.process_group import ProcessGroup
    from biggan_directions.generators import Generator
    from biggan_directions.metrics.scoring import ScoreSettings, Truth
    from biggan_directions.scores import Scorecard
    from biggan_directions.solvers.subspace import SearchSpace


def measure(
    found: Directions,
    generator: Generator,
    settings: ScoreSettings,
    group: ProcessGroup,
    *,
    search_space: str = "all",
    space: SearchSpace | None = None,
) -> Scorecard:
    """Drain the measuring into a progress bar; all of the team call this."""
    from tqdm import tqdm

    from biggan_directions.metrics.scoring import iterate_score

    card = None
    with tqdm(disable=None, leave=False) as bar:
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
            bar.set_description(f"scoring: {step.phase}")
            bar.total, bar.n = step.total, step.done
            bar.refresh()
            card = step.scorecard
    assert card is not None
    return card


def _truth(generator: Generator) -> Truth | None:
    """The true directions, where the generator knows them."""
    from biggan_directions.generators.capabilities import KnownTruth

    return generator.true_directions if isinstance(generator, KnownTruth) else None
