"""Say what a file of directions holds."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Annotated, Any

import typer

from biggan_directions.commands.completion import complete_directions
from biggan_directions.commands.opening import open_directions
from biggan_directions.commands.options import Json, OfModel, Placed
from biggan_directions.commands.terminal import measures_of, out, plain, plain_measures, print_directions

_LABELS = {"z_dim": "numbers of z", "license": "licence of the weights", "rendering": "is drawn with"}


def inspect(
    path: Annotated[
        Path,
        typer.Argument(
            help="File of directions: directions.pt, a bare matrix, or published:NAME.",
            autocompletion=complete_directions,
        ),
    ],
    model: OfModel = None,
    search_space: Placed = "all",
    as_json: Json = False,
) -> None:
    """Say what a file holds, how it was made, and whether it is sound."""
    found = open_directions(path, model, search_space)
    shown = measures_of(found, path)
    facts: dict[str, Any] = {
        "path": str(path),
        "directions": len(found),
        "z_dim": found.z_dim,
        "orthonormality_error_in_file": found.error_in_file,
        "orthonormality_error": found.orthonormality_error(),
        "bare_matrix": found.foreign,
        "model": found.model,
        "classes": [item.name for item in found.classes],
        "layers": None if found.layers is None else list(found.layers),
        "truncation": found.truncation,
        "seed": found.seed,
        "solver": found.solver,
        "made_with": found.made_with,
        "license": found.license,
        "distance": None if found.distance is None else _distances(found.distance.tolist()),
        "rendering": found.rendering,
        "source": {key: words for key, words in found.source.items() if key != "license"},
    }
    if as_json:
        source = {"measures_from": shown.source, "measured_at": shown.latents}
        typer.echo(json.dumps({**facts, **source, "measures": plain_measures(shown, found.names)}))
        return
    del facts["bare_matrix"]  # which is said below in a sentence
    for key, value in facts.items():
        words = f"{value:.1e}" if key.startswith("orthonormality") and value is not None else _words(value)
        if words:
            name = _LABELS.get(key, key.replace("_", " "))
            name = "licence" if key == "license" and found.source else name
            out.print(f"[bold]{name:>28}[/bold]  {plain(words)}", soft_wrap=True)
    known = shown.latents is not None or any(effect.value is not None for effect in shown.effect)
    if found.foreign:
        unknown = "" if known else "; effect and penalty are not known: biggan-directions score measures them"
        out.print(f"a bare matrix: orthonormalised row by row, in order{unknown}", soft_wrap=True)
    if known:
        print_directions(shown, found.names)
    elif any(found.names):
        named = ", ".join(f"{index} {name}" for index, name in enumerate(found.names) if name)
        out.print(f"named: {plain(named)}", soft_wrap=True)


def _distances(values: list[float]) -> float | list[float | None]:
    """The distance of every direction: one number where all go equally far; None where it is not known."""
    known = [None if math.isnan(value) else value for value in values]
    return known[0] if known[0] is not None and len(set(known)) == 1 else known


def _words(value: Any) -> str:
    """A value as a person reads it; what is not known, and an empty list, are left out."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, dict):
        return ", ".join(
            f"{key.replace('_', ' ')} {words}" for key, one in value.items() if (words := _words(one))
        )
    if isinstance(value, list):
        return ", ".join(map(_words, value))
    return str(value)
