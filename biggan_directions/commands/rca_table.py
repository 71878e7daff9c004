"""What ``score --rca`` measures and prints: how well a small network tells the directions apart."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.console import Console

from biggan_directions.commands.narrow_table import Row, narrow_table
from biggan_directions.files.escaping import printable

if TYPE_CHECKING:
    from biggan_directions.directions import Directions
    from biggan_directions.distributed.process_group import ProcessGroup
    from biggan_directions.generators import Generator
    from biggan_directions.metrics.rca import Rca
    from biggan_directions.runs.observer import Observe
    from biggan_directions.scores import Measure, Scorecard


def rca_of(
    files: Sequence[tuple[str, Directions]],
    card: Scorecard,
    generator: Generator,
    layers: str,
    baseline: bool,
    group: ProcessGroup,
    observe: Observe,
) -> Rca:
    """Measure the RCA of files of directions, named as in their scorecard, at its seed."""
    from biggan_directions.metrics.rca import RcaSettings, measure_rca
    from biggan_directions.runs.observer import RunProgress

    names = [scored.solver for scored in card.sets]
    return measure_rca(
        generator,
        [(name, found.directions) for name, (_, found) in zip(names, files, strict=False)],
        RcaSettings(seed=card.seed, layers=layers),
        baseline=baseline,
        group=group,
        observe=lambda phase, done, total: observe(
            RunProgress(phase=f"RCA: {phase}", done=done, total=total)
        ),
    )


def print_rca(told: Rca, console: Console) -> None:
    """A row a set, and the budget in a line."""
    rows = [
        Row(printable(score.name), [_words(score.accuracy), _words(score.distance_error)])
        for score in told.scores
    ]
    console.print()
    heads = ("RCA\n↑", "distance\nerror ↓")
    console.print(narrow_table("set", heads, rows, width=console.width), soft_wrap=True)
    settings = told.settings
    console.print(
        f"[dim]RCA: share of {settings.tests} moves, by ±{settings.least:g} to ±{settings.largest:g}, whose "
        f"direction, one of {told.directions}, a small network tells from the images before and after (a "
        f"guess: {1 / told.directions:.3f}); distance error: mean error of the distance that it tells, in "
        f"units of z. Mean of {settings.networks} networks, each taught by {settings.pairs:,} moves, "
        f"{settings.epochs} times; ± standard error over moves and networks; {told.evaluations:,} images. "
        "Compare it for the same number of directions only; --solver shift-predictor maximises it[/dim]",
        soft_wrap=True,
    )


def _words(measure: Measure) -> str:
    return f"{measure.words} {measure.error_words}".strip()
