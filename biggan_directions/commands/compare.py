"""Say which direction of one file is which of another."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from biggan_directions.commands.completion import complete_directions
from biggan_directions.commands.narrow_table import Row, narrow_table, shortened
from biggan_directions.commands.opening import open_several
from biggan_directions.commands.options import Json, OfModel, Placed
from biggan_directions.commands.terminal import label, out, plain
from biggan_directions.errors import UsageError

if TYPE_CHECKING:
    from biggan_directions.directions import Directions
    from biggan_directions.metrics.matching import Pair

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

    a, b = open_several((first, second), model, search_space)
    if a.z_dim != b.z_dim:
        part = "; a matrix over a part of z is placed by --model and --search-space"
        raise UsageError(
            f"{first} is of a z of {a.z_dim} numbers and {second} of one of {b.z_dim}: not comparable"
            + (part if a.foreign or b.foreign else "")
        )
    pairs, angles = match(a.directions, b.directions), principal_angles(a.directions, b.directions).tolist()
    mean = sum(pair.cosine for pair in pairs) / len(pairs)
    if as_json:
        facts = {
            "pairs": [{**asdict(pair), "matched": pair.matched} for pair in pairs],
            "mean_cosine": mean,
            "principal_angles": angles,
            "named": [asdict(one) for one in _named(a, b)],
        }
        typer.echo(json.dumps(facts))
        return
    out.print(f"first:  {plain(str(first))}\nsecond: {plain(str(second))}", soft_wrap=True)
    if a.layers != b.layers:
        out.print(f"the first acts at layers {a.at_layers}, and the second at layers {b.at_layers}")
    matched = sorted((pair for pair in pairs if pair.matched), key=lambda pair: -pair.cosine)
    _print_pairs(matched, a.names, b.names)
    _print_unmatched(pairs, len(a), len(b))
    out.print(f"mean |cos| of the {len(pairs)} pairs with the largest sum: {mean:.3f}", soft_wrap=True)
    _print_named(_named(a, b), matched[:_SHOWN], a.names, b.names)
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


def _print_named(
    named: Sequence[_Named], told: Sequence[Pair], first: Sequence[str], second: Sequence[str]
) -> None:
    """A line for each named direction that is in no row of the table."""
    rows = {"first": {pair.first for pair in told}, "second": {pair.second for pair in told}}
    for one in named:
        if one.direction in rows[one.of]:
            continue
        other, names = ("second", second) if one.of == "first" else ("first", first)
        out.print(
            f"{plain(one.name)} ({one.direction} of the {one.of}): nearest is "
            f"{plain(label(one.nearest, names).strip())} of the {other}, |cos| {one.cosine:.3f}",
            soft_wrap=True,
        )


def _print_pairs(matched: Sequence[Pair], first: Sequence[str], second: Sequence[str]) -> None:
    """A row for each match, in order."""
    if not matched:
        return
    longest = (out.width - len(" 0.000 ")) // 2  # so that both names have room
    rows = [
        Row(
            shortened(label(pair.first, first), longest),
            (shortened(label(pair.second, second), longest), f"{pair.cosine:.3f}"),
        )
        for pair in matched[:_SHOWN]
    ]
    out.print(narrow_table("first", ("second", "|cos|"), rows, width=out.width, left=(0,)), soft_wrap=True)
    if len(matched) > _SHOWN:
        out.print(f"and {len(matched) - _SHOWN} more (all of them: --json)")


def _print_unmatched(pairs: Sequence[Pair], first: int, second: int) -> None:
    """The directions of each file that have no match in the other."""
    from biggan_directions.metrics.matching import MATCHED

    lacking = {
        "first": sorted({*range(first)} - {pair.first for pair in pairs if pair.matched}),
        "second": sorted({*range(second)} - {pair.second for pair in pairs if pair.matched}),
    }
    told = [
        f"{', '.join(map(str, indices[:_SHOWN]))}{', …' if len(indices) > _SHOWN else ''} of the {which}"
        for which, indices in lacking.items()
        if indices
    ]
    if told:
        out.print(f"no match (|cos| below {MATCHED:.2f}): {'; '.join(told)}", soft_wrap=True)
