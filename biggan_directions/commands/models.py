"""List models; download or verify their weights."""

from __future__ import annotations

import json
from typing import Annotated

import typer
from rich.table import Table

from biggan_directions.commands.completion import complete_model
from biggan_directions.commands.opening import fetching
from biggan_directions.commands.options import Json
from biggan_directions.commands.terminal import out, plain
from biggan_directions.errors import UsageError


def models(
    fetch: Annotated[
        str | None, typer.Option(help="Download the weights of this model.", autocompletion=complete_model)
    ] = None,
    check: Annotated[
        str | None,
        typer.Option(help="Verify the weights of a model or folder, or your own package.module:factory."),
    ] = None,
    as_json: Json = False,
) -> None:
    """List models with their weights and licences; download or verify weights."""
    if fetch is not None and check is not None:
        raise UsageError("give either --fetch or --check: --fetch also verifies the weights")
    if fetch is not None:
        _fetch(fetch, as_json)
    elif check is not None:
        _check(check, as_json)
    else:
        _list(as_json)


def _fetch(model: str, as_json: bool) -> None:
    from biggan_directions.generators.weights.catalog import find_model
    from biggan_directions.generators.weights.locating import fetch_weights

    entry = find_model(model)
    if entry.bundled:
        _tell(f"{entry.name} ships with the package: nothing to fetch", as_json, name=entry.name)
        return
    with fetching(entry.name) as progress:
        files = fetch_weights(entry, progress=progress)
    folder = str(files.state_path.parent)
    _tell(f"{entry.name} is in {plain(folder)}", as_json, name=entry.name, folder=folder, sha256=files.sha256)


def _check(model: str, as_json: bool) -> None:
    from biggan_directions.generators.factory import is_reference
    from biggan_directions.generators.load import verify

    if is_reference(model):
        return _check_made(model, as_json)
    found = verify(model)
    count = len(found.weights.state)
    _tell(
        f"{plain(found.name)} is sound: {count} tensors, sha256 {found.sha256}",
        as_json,
        name=found.name,
        tensors=count,
        sha256=found.sha256,
    )
    return None


def _check_made(model: str, as_json: bool) -> None:
    """Make a user's own generator and draw two images with it."""
    import torch

    from biggan_directions.generators.factory import made_by

    generator = made_by(model, None, truncation=None, device="auto")
    shape = tuple(generator(torch.zeros(2, generator.z_dim, device=generator.device)).shape)
    names = [item.name for item in generator.classes]
    _tell(
        f"{plain(model)} is sound: 2 latents of {generator.z_dim} numbers give images of shape {shape}; "
        f"classes: {plain(', '.join(names))}",
        as_json,
        name=model,
        z_dim=generator.z_dim,
        shape=shape,
        classes=names,
        sha256=generator.weights_sha256,
    )


def _tell(words: str, as_json: bool, **facts: object) -> None:
    """Print one line of text, or the same facts as JSON."""
    if as_json:
        typer.echo(json.dumps(facts))
    else:
        out.print(words, soft_wrap=True)


def _list(as_json: bool) -> None:
    """Print one row per model, and notes below the table."""
    from biggan_directions.generators.weights.catalog import CATALOG
    from biggan_directions.generators.weights.locating import cache_folder, cache_status

    found = [(entry, cache_status(entry)) for entry in CATALOG]
    if as_json:
        rows = [
            {
                "name": entry.name,
                "pixels": entry.resolution,
                "megabytes": round((status.bytes_on_disk or entry.weights_bytes) / 1e6, 1),
                "state": status.state,
                "folder": str(status.folder),
                "license": entry.license_in_full,
            }
            for entry, status in found
        ]
        typer.echo(json.dumps(rows))
        return
    table = Table(box=None, header_style="bold", pad_edge=False)
    for heading in ("name", "pixels", "megabytes", "state", "licence of the weights"):
        table.add_column(heading, justify="right" if heading in ("pixels", "megabytes") else "left")
    for entry, status in found:
        size = f"{(status.bytes_on_disk or entry.weights_bytes) / 1e6:.1f}"
        mark = " *" if entry.license_note else ""
        table.add_row(entry.name, str(entry.resolution), size, status.state, entry.license + mark)
    out.print(table)
    for note in dict.fromkeys(entry.license_note for entry, _ in found if entry.license_note):
        out.print(f"[dim]* {note}[/dim]", soft_wrap=True)
    out.print(f"[dim]cache: {plain(str(cache_folder()))}[/dim]", soft_wrap=True)
    lacking = [entry.name for entry, status in found if status.state not in ("bundled", "cached")]
    if lacking:
        out.print(f"next: biggan-directions models --fetch {lacking[0]}", soft_wrap=True)
