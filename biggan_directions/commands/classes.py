"""List the classes of a model."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from biggan_directions.commands.opening import facts_of
from biggan_directions.commands.options import Json, Model
from biggan_directions.errors import UsageError


def classes(
    query: Annotated[str, typer.Argument(help="Text to search for: a name, index or WordNet id.")] = "",
    model: Model = "biggan-deep-128",
    as_json: Json = False,
) -> None:
    """List the classes of a model: indices and names."""
    found = facts_of(model).classes.search(query)
    if as_json:
        typer.echo(
            json.dumps([{"index": e.index, "names": e.names, "wordnet_id": e.wordnet_id} for e in found])
        )
        return
    if not found:
        raise UsageError(f"no class matches '{query}': see biggan-directions classes")
    for entry in found:
        typer.echo(f"{entry.index:>4}  {', '.join(entry.names)}")
