"""Measure directions, with a progress bar: for every command that ends with a scorecard."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    from biggan_directions.directions import Directions
    from biggan_directions.distributed.process_group import ProcessGroup
    from biggan_directions.generators import Generator
    from biggan_directions.metrics.scoring import ScoreSettings
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
    others: Sequence[tuple[str, Directions]] = (),
    called: str | None = None,
    known: Scorecard | None = None,
) -> Scorecard:
    """Drain the measuring into a progress bar; all of the team call this.

    ``others`` are further sets to measure at the same latents, each with what it is called; ``called`` is
    what the first one is, its solver's name where left out; ``known`` is a scorecard that is not to be
    measured again, as of :func:`~biggan_directions.metrics.scoring.iterate_score`.
    """
    from tqdm import tqdm

    from biggan_directions.metrics.scoring import iterate_score

    card = None
    sets = (found, *(one for _, one in others))
    spaces = {str(one.solver.get("search_space", search_space)) for one in sets}
    with tqdm(disable=None, leave=False) as bar:
        for step in iterate_score(
            generator,
            found.directions,
            solver=called or str(found.solver.get("name", "directions")),
            search_space=spaces.pop() if len(spaces) == 1 else "all",
            settings=settings,
            truth=_truth(generator),
            space=space,
            others=[(name, one.directions) for name, one in others],
            known=known,
            group=group,
        ):
            bar.set_description(f"scoring: {step.phase}")
            bar.total, bar.n = step.total, step.done
            bar.refresh()
            card = step.scorecard
    assert card is not None
    return card


def _truth(generator: Generator) -> Any:
    """The true directions, where the generator is the one that ships."""
    from biggan_directions.toybox import true_directions
    from biggan_directions.toybox.packed import sha256

    return true_directions() if generator.weights_sha256 == sha256() else None
