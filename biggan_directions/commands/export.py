"""Write a generator whose first coordinates are directions."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from biggan_directions.commands.opening import fetching, open_directions, subject
from biggan_directions.commands.options import Json, OfModel, Placed
from biggan_directions.commands.terminal import out, plain
from biggan_directions.errors import UsageError
from biggan_directions.files.escaping import shell_path


def export(
    path: Annotated[Path, typer.Argument(help="File of directions.")],
    to: Annotated[Path, typer.Option("--out", help="Folder to write the generator to.")],
    model: OfModel = None,
    search_space: Placed = "all",
    force: Annotated[
        bool, typer.Option("--force", help="Replace a generator that was exported into the folder before.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Write a generator of the same layout whose first coordinates of z are the directions."""
    from biggan_directions.generators.factory import is_reference
    from biggan_directions.runs.export import export as write

    found = open_directions(path, None if model is None or is_reference(model) else model, search_space)
    name = str(model or found.model.get("name", ""))
    if not name:
        raise UsageError(f"{path} does not name its model: add --model")
    if is_reference(name):
        raise UsageError(
            f"{name} is a function of your own, into whose weights nothing can be folded: export takes "
            "directions of a model of the catalog, or of a folder with weights"
        )
    if model is None:
        name, _ = subject(found, path, None, None)
    with fetching(name) as progress:
        result = write(found, name, to, force=force, progress=progress)
    if as_json:
        facts = {
            "path": str(result.folder),
            "directions": [
                {"direction": index, "name": label, "coordinate": coordinate}
                for index, (label, coordinate) in enumerate(
                    zip(result.names, result.coordinates, strict=True)
                )
            ],
            "license": result.license,
            "weights_sha256": result.weights_sha256,
            "largest_difference": result.difference,
        }
        typer.echo(json.dumps(facts))
        return
    first, last = min(result.coordinates), max(result.coordinates)
    contiguous = last - first + 1 == len(result.coordinates)
    where = f"{first} to {last}" if contiguous else ", ".join(map(str, result.coordinates))
    folder = escape(shell_path(result.folder))
    classes = " --class CLASS" if not found.classes else f" --class {plain(found.classes[0].name)}"
    out.print(
        f"wrote {plain(str(result.folder))}: {len(result.names)} directions are its coordinates {where}; "
        f"images differ from the original's by at most {result.difference:.1g}\n"
        f"licence of the weights: {plain(result.license)}\n"
        f"next: biggan-directions learn --model {folder}{classes} --solver coordinate",
        soft_wrap=True,
    )
