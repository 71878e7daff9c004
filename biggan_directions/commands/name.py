"""Give directions names."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from biggan_directions.commands.choosing import index_of
from biggan_directions.commands.opening import open_directions
from biggan_directions.commands.options import Json
from biggan_directions.commands.terminal import measures_of, plain_measures, print_directions
from biggan_directions.errors import UsageError


def name(
    path: Annotated[Path, typer.Argument(help="directions.pt.")],
    names: Annotated[
        list[str],
        typer.Argument(
            metavar="DIRECTION=NAME...",
            help="Number or present name of a direction, and its name: 0=rotation zoom=distance.",
        ),
    ],
    as_json: Json = False,
) -> None:
    """Give directions names, kept in the file."""
    from biggan_directions.runs.naming import rename

    present = open_directions(path, None, "all").names
    chosen: dict[int, str] = {}
    for pair in names:
        direction, equals, text = pair.partition("=")
        if not (equals and direction):
            raise UsageError(f"'{pair}' is not DIRECTION=NAME: type for example 0=rotation")
        index = index_of(direction, present)
        if index in chosen:
            raise UsageError(f"direction {index} is named twice: give it one name")
        chosen[index] = text
    found = rename(path, chosen)
    shown = measures_of(found, path)
    if as_json:
        measures = plain_measures(shown, found.names)
        typer.echo(json.dumps({"path": str(path), "names": found.names, "measures": measures}))
    else:
        print_directions(shown, found.names)
