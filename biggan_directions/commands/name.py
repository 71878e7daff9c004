"""Give directions names."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from biggan_directions.commands.terminal import measures_of, print_directions
from biggan_directions.errors import UsageError


def name(path: Path, names: Annotated[list[str], typer.Argument(help="Such as 0=rotation 1=zoom")]) -> None:
    """Give directions names, kept in the file."""
    from biggan_directions.runs.naming import rename

    chosen: dict[int, str] = {}
    for pair in names:
        index, equals, text = pair.partition("=")
        if not equals or not (index.isascii() and index.isdecimal() and len(index) < 6):
            raise UsageError(f"'{pair}' is not INDEX=NAME: type for example 0=rotation")
        chosen[int(index)] = text
    found = rename(path, chosen)
    print_directions(measures_of(found, path), found.names)
