"""List models; fetch or verify their weights."""

from __future__ import annotations

import json
from typing import Annotated

import typer
from rich.table import Table

from biggan_directions.commands.opening import fetching
from biggan_directions.commands.options import Json
from biggan_directions.commands.terminal import out


def models(
    fetch: Annotated[str | None, typer.Option(help="Fetch this model's weights.")] = None,
    check: Annotated[str | None, typer.Option(help="Verify this model's weights.")] = None,
    as_json: Json = False,
) -> None:
    """List models, their weights and licences; fetch or verify them."""
    from biggan_directions.generators.catalog import CATALOG, find_model
    from biggan_directions.generators.weights import cache_status, fetch_weights

    if fetch is not None:
        entry = find_model(fetch)
        if entry.bundled:
            out.print(f"{entry.name} ships with the package: nothing to fetch")
            return
        with fetching(fetch) as progress:
            files = fetch_weights(entry, progress=progress)
        out.print(f"{entry.name} is in {files.state_path.parent}", soft_wrap=True)
        return
    if check is not None:
        from biggan_directions.generators.loading import verify

        checkpoint = verify(check)
        out.print(f"{checkpoint.name} is sound: {len(checkpoint.state)} tensors, sha256 {checkpoint.sha256}")
        return
    rows = [
        {
            "name": entry.name,
            "pixels": entry.resolution,
            "megabytes": round((cache_status(entry).bytes_on_disk or entry.weights_bytes) / 1e6, 1),
            "state": cache_status(entry).state,
            "license": entry.license,
        }
        for entry in CATALOG
    ]
    if as_json:
        typer.echo(json.dumps(rows))
        return
    table = Table(box=None, header_style="bold", pad_edge=False)
    for key in rows[0]:
        table.add_column(key, justify="right" if key in ("pixels", "megabytes") else "left")
    for row in rows:
        table.add_row(*(str(value) for value in row.values()))
    out.print(table)
