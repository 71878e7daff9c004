"""List models; download or verify their weights."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from biggan_directions.commands.completion import complete_model
from biggan_directions.commands.opening import fetching
from biggan_directions.commands.options import OUTPUTS, Json
from biggan_directions.commands.terminal import out, plain
from biggan_directions.errors import UsageError

if TYPE_CHECKING:
    from biggan_directions.generators.load import LoadedModel


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
    from biggan_directions.generators.weights.catalog import CATALOG

    if is_reference(model):
        return _check_made(model, as_json)
    found = verify(model)
    count, parameters = len(found.weights.state), found.weights.parameters
    entry = next((entry for entry in CATALOG if entry.parameters == parameters), None)
    words = [
        f"{plain(found.name)} is sound: {count} tensors of the expected shapes, {parameters:,} parameters, "
        f"sha256 {found.sha256}"
    ]
    facts: dict[str, object] = {"name": found.name, "tensors": count, "parameters": parameters}
    facts["sha256"] = found.sha256
    if entry is not None and entry.portrait:
        path = OUTPUTS / entry.name / "check.png"
        shown = _draw_portrait(found, entry.portrait, path).replace("_", " ")
        words += [
            f"number and shapes of its tensors are those of {entry.name}",
            f"not verified: {entry.unverified}",
            f"so look at {path}: it shows eight images of the class {shown}, drawn without truncation from "
            "the latents of the paper's figure",
        ]
        facts |= {"sizes_of": entry.name, "not_verified": entry.unverified, "picture": str(path)}
    _tell("\n".join(words), as_json, **facts)
    return None


def _draw_portrait(found: LoadedModel, wanted: str, path: Path) -> str:
    """Write a sheet of images drawn without truncation; returns their class: the one wanted, or the first."""
    import torch

    from biggan_directions.errors import UnknownClassError
    from biggan_directions.rendering import write_png
    from biggan_directions.rendering.portrait import portrait

    table = found.facts.classes
    try:
        shown = table.resolve(wanted)
    except UnknownClassError:  # weights of these sizes with class names of their own
        shown = table.image_class(next(iter(table)).index)
    generator = found.weights.freeze(
        classes=[shown],
        truncation=1.0,
        model=found.name,
        license=found.license,
        true_directions=None,
        device=torch.device("cpu"),
    )
    write_png(portrait(generator), path, comment=f"{shown.name}, weights {found.sha256}")
    return shown.name


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
