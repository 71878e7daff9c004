"""Say which direction of one file is which of another."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from biggan_directions.commands.completion import complete_directions
from biggan_directions.commands.opening import open_directions
from biggan_directions.commands.options import Json, OfModel, Placed
from biggan_directions.commands.terminal import out, plain
from biggan_directions.errors import UsageError

if TYPE_CHECKING:
    from biggan_directions.directions import Directions

_SHOWN = 24  # rows of a table that still fit a screen


def compare(
    first: Annotated[
        Path,
        typer.Argument(
            help="File of directions: directions.pt, a bare matrix, or published:NAME.",
            autocompletion=complete_directions,
        ),
    ],
    second: Annotated[
        Path,
        typer.Argument(help="File of directions to compare it with.", autocompletion=complete_directions),
    ],
    model: OfModel = None,
    search_space: Placed = "all",
    as_json: Json = False,
) -> None:
    """Match two sets of directions one to one, and say how far apart their spaces are."""
    from biggan_directions.metrics.matching import match, principal_angles

    a, b = (open_directions(path, model, search_space) for path in (first, second))
    if a.z_dim != b.z_dim:
        raise UsageError(
            f"{first} is of a z of {a.z_dim} numbers and {second} of one of {b.z_dim}: not comparable"
        )
    pairs, angles = match(a.directions, b.directions), principal_angles(a.directions, b.directions).tolist()
    mean = sum(pair.cosine for pair in pairs) / len(pairs)
    if as_json:
        plain_pairs = [asdict(pair) for pair in pairs]
        named = [asdict(one) for one in _named(a, b)]
        facts = {"pairs": plain_pairs, "mean_cosine": mean, "principal_angles": angles, "named": named}
        typer.echo(json.dumps(facts))
        return
    table = Table(box=None, header_style="bold", pad_edge=False)
    for heading in ("first", "second", "|cos|"):
        table.add_column(heading, justify="right")
    for pair in sorted(pairs, key=lambda pair: -pair.cosine)[:_SHOWN]:
        table.add_row(
            _label(pair.first, a.names[pair.first]),
            _label(pair.second, b.names[pair.second]),
            f"{pair.cosine:.3f}",
        )
    out.print(f"first:  {plain(str(first))}\nsecond: {plain(str(second))}", soft_wrap=True)
    out.print(table)
    if len(pairs) > _SHOWN:
        out.print(f"and {len(pairs) - _SHOWN} more (all of them: --json)")
    out.print(f"mean |cos| of the {len(pairs)} pairs: {mean:.3f}")
    _print_named(_named(a, b))
    if len(pairs) == a.z_dim:
        out.print("both span all of z: there is no angle between them")
    else:
        shown = " ".join(f"{angle:.1f}°" for angle in angles[:_SHOWN])
        out.print(f"angles between the spaces they span: {shown}", soft_wrap=True)


@dataclass(frozen=True, kw_only=True)
class _Named:
    """A named direction of one file, and the nearest of the other: ``of`` is "first" or "second"."""

    of: str
    direction: int
    name: str
    nearest: int
    nearest_name: str
    cosine: float


def _named(a: Directions, b: Directions) -> list[_Named]:
    """Each named direction of either file, and which of the other is nearest to it."""
    from biggan_directions.metrics.matching import nearest

    return [
        _Named(
            of=which,
            direction=pair.first,
            name=one.names[pair.first],
            nearest=pair.second,
            nearest_name=other.names[pair.second],
            cosine=pair.cosine,
        )
        for which, one, other in (("first", a, b), ("second", b, a))
        for pair in nearest(one.directions, other.directions)
        if one.names[pair.first]
    ]


def _print_named(named: Sequence[_Named]) -> None:
    """A line for each named direction."""
    for one in named:
        other = "second" if one.of == "first" else "first"
        out.print(
            f"{plain(one.name)} ({one.direction} of the {one.of}): nearest is "
            f"{_label(one.nearest, one.nearest_name)} of the {other}, |cos| {one.cosine:.3f}",
            soft_wrap=True,
        )


def _label(index: int, name: str) -> str:
    return f"{index} {plain(name)}" if name else str(index)
