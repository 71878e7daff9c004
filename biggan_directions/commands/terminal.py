"""What is shown on a terminal: results on stdout, remarks on stderr, text from files escaped."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from biggan_directions.files.escaping import printable

if TYPE_CHECKING:
    from biggan_directions.directions import Directions
    from biggan_directions.scores import Measure, Scorecard, SetScore

out, err = Console(highlight=False), Console(stderr=True, highlight=False)


def plain(text: str) -> str:
    """Text from a file with what a terminal would act on made visible."""
    return escape(printable(text))


def measures(found: Directions) -> list[dict[str, Any]]:
    """One plain row a direction: number, name, effect, penalty; None where not measured."""

    def number(value: float) -> float | None:
        return None if math.isnan(value) else value

    return [
        {"direction": i, "name": name, "effect": number(effect), "penalty": number(penalty)}
        for i, (name, effect, penalty) in enumerate(
            zip(found.names, found.effect.tolist(), found.penalty.tolist(), strict=True)
        )
    ]


def print_directions(found: Directions) -> None:
    """A row a direction, as the file has them."""
    table = Table(box=None, header_style="bold", pad_edge=False)
    for heading in ("direction", "name", "effect", "penalty"):
        table.add_column(heading, justify="left" if heading == "name" else "right")
    for row in measures(found):
        shown = ("–" if row[key] is None else f"{row[key]:.3f}" for key in ("effect", "penalty"))
        table.add_row(str(row["direction"]), plain(row["name"]), *shown)
    out.print(table)


_COLUMNS = ("effect", "penalty", "overlap", "evenness", "steadiness")  # beside recovery, where known


def print_scores(scored: SetScore, names: Sequence[str]) -> None:
    """A row a direction: every measure with its standard error."""
    known = any(direction.recovery is not None for direction in scored.directions)
    table = _narrow_table()
    table.add_column("#", justify="right")
    if any(names):
        table.add_column("name")
    for heading in _COLUMNS:
        table.add_column(heading, justify="right")
    if known:
        table.add_column("recovery")
    for index, (direction, name) in enumerate(zip(scored.directions, names, strict=True)):
        cells = [str(index), *([plain(name)] if any(names) else [])]
        for heading in _COLUMNS:
            measure: Measure = getattr(direction, heading)
            cells.append(_with_error(measure))
        if known:
            cells.append(f"{_number(direction.recovery)} {direction.factor}")
        table.add_row(*cells)
    out.print(table)


def print_sets(card: Scorecard) -> None:
    """A row a set, the set itself first: recovery's mean and least, the weakest effect, means of the rest.

    What a person should look at comes before what a penalty says.
    """
    known = card.sets[0].recovery_mean is not None
    table = _narrow_table()
    table.add_column("set")
    headings = ("effect", *_COLUMNS[1:], "paper's *")
    for heading in ("recovery", *headings) if known else headings:
        table.add_column(heading, justify="right")
    for index, scored in enumerate(card.sets):
        cells = [plain(scored.solver)]
        if known:
            cells.append(f"{_number(scored.recovery_mean)}/{_number(scored.recovery_min)}")
        cells.append(_number(min(scored.values("effect"), default=None)))
        cells += [_number(scored.mean(name)) for name in _COLUMNS[1:]]
        cells.append(_rounded(scored.paper_penalty.value))
        table.add_row(*cells, style="bold" if index == 0 else "")
    out.print(table)


def print_words(card: Scorecard) -> None:
    """What each measure is, in a line: the words that the page has, too."""
    from biggan_directions.scores import MEASURES

    known = card.sets[0].recovery_mean is not None
    for measure in MEASURES:
        if known or measure.key != "recovery":
            out.print(f"[dim]{measure.key:>10}  {escape(measure.words)}[/dim]", soft_wrap=True)


def _narrow_table() -> Table:
    """A table that fits 80 columns with all the measures."""
    return Table(box=None, header_style="bold", pad_edge=False, padding=(0, 1, 0, 0))


def _rounded(value: float | None) -> str:
    """Three digits of a number of any size."""
    return "–" if value is None else f"{value:#.3g}".rstrip(".")


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.3f}"


def _with_error(measure: Measure) -> str:
    if measure.value is None:
        return "–"
    error = "" if measure.error is None else f"±{measure.error:.3f}".replace("±0", "±")
    return f"{measure.value:.3f}{error}"
