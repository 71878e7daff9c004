"""Say which direction of one file is which of another."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from biggan_directions.commands.opening import open_directions
from biggan_directions.commands.options import Json, OfModel, Placed
from biggan_directions.commands.terminal import out, plain
from biggan_directions.errors import UsageError

_SHOWN = 24  # rows of a table that still fit a screen


def compare(
    first: Annotated[Path, typer.Argument(help="File of directions: directions.pt, or a bare matrix.")],
    second: Annotated[Path, typer.Argument(help="File of directions to compare it with.")],
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
        typer.echo(json.dumps({"pairs": plain_pairs, "mean_cosine": mean, "principal_angles": angles}))
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
    if a.layers != b.layers:
        out.print(f"the first acts at layers {a.at_layers}, and the second at layers {b.at_layers}")
    out.print(table)
    if len(pairs) > _SHOWN:
        out.print(f"and {len(pairs) - _SHOWN} more (all of them: --json)")
    out.print(f"mean |cos| of the {len(pairs)} pairs: {mean:.3f}")
    if len(pairs) == a.z_dim:
        out.print("both span all of z: there is no angle between them")
    else:
        shown = " ".join(f"{angle:.1f}°" for angle in angles[:_SHOWN])
        out.print(f"angles between the spaces they span: {shown}", soft_wrap=True)


def _label(index: int, name: str) -> str:
    return f"{index} {plain(name)}" if name else str(index)
