"""Say what a file of directions holds."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import typer

from biggan_directions.commands.opening import open_directions
from biggan_directions.commands.options import Json, OfModel, Space
from biggan_directions.commands.terminal import measures_of, out, plain, plain_measures, print_directions


def inspect(path: Path, model: OfModel = None, search_space: Space = "all", as_json: Json = False) -> None:
    """Say what a file holds, how it was made, and whether it is sound."""
    found = open_directions(path, model, search_space)
    shown = measures_of(found, path)
    facts: dict[str, Any] = {
        "path": str(path),
        "directions": len(found),
        "z_dim": found.z_dim,
        "orthonormality_error_in_file": found.error_in_file,
        "orthonormality_error": found.orthonormality_error(),
        "foreign": found.foreign,
        "model": found.model,
        "classes": [item.name for item in found.classes],
        "truncation": found.truncation,
        "seed": found.seed,
        "solver": found.solver,
        "made_with": found.made_with,
        "license": found.license,
    }
    if as_json:
        source = {"measures_from": shown.source, "measured_at": shown.latents}
        typer.echo(json.dumps({**facts, **source, "measures": plain_measures(shown, found.names)}))
        return
    for key, value in facts.items():
        if isinstance(value, dict):
            value = ", ".join(f"{k} {v}" for k, v in value.items())
        elif isinstance(value, list):
            value = ", ".join(value)
        elif isinstance(value, float) and key.startswith("orthonormality"):
            value = f"{value:.1e}"
        if value not in (None, ""):
            out.print(f"[bold]{key.replace('_', ' '):>28}[/bold]  {plain(str(value))}", soft_wrap=True)
    known = shown.latents is not None or any(effect.value is not None for effect in shown.effect)
    if found.foreign:
        unknown = "" if known else "; effect and penalty are not known: biggan-directions score measures them"
        out.print(f"a bare matrix: orthonormalised row by row, in order{unknown}", soft_wrap=True)
    if known:
        print_directions(shown, found.names)
