"""What is shown on a terminal: results on stdout, remarks on stderr, text from files escaped."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

if TYPE_CHECKING:
    from biggan_directions.directions import Directions

out, err = Console(highlight=False), Console(stderr=True, highlight=False)


def plain(text: str) -> str:
    """Text from a file with what a terminal would act on made visible."""
    return escape("".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text))


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
