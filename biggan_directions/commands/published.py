"""List the directions that papers published; write a set of them as a file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.table import Table

from biggan_directions.commands.completion import complete_published
from biggan_directions.commands.options import Json
from biggan_directions.commands.terminal import out, plain
from biggan_directions.errors import OutputError, UsageError
from biggan_directions.files.escaping import shell_path

if TYPE_CHECKING:
    from biggan_directions.published.published_set import PublishedSet


def published(
    name: Annotated[
        str,
        typer.Argument(
            help="Set to describe, or to write. Default: list all.", autocompletion=complete_published
        ),
    ] = "",
    to: Annotated[
        Path | None, typer.Option("--out", help="File to write: the set as a directions.pt.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace the file that is there.")] = False,
    as_json: Json = False,
) -> None:
    """List the published directions of BigGAN-128; write a set as a file."""
    from biggan_directions.published.sets import SETS, find_set

    if force and to is None:
        raise UsageError(
            "--force replaces the file of --out: biggan-directions published NAME --out FILE --force"
        )
    if not name:
        if to is not None:
            raise UsageError("--out writes one set: biggan-directions published NAME --out FILE")
        facts = [_facts(known) for known in SETS]
        typer.echo(json.dumps(facts)) if as_json else _list(facts)
        return
    facts_of_it = _facts(find_set(name))
    if to is not None:
        _write(find_set(name), to, force=force)
        facts_of_it["path"] = str(to)
    if as_json:
        typer.echo(json.dumps(facts_of_it))
    elif to is not None:
        out.print(
            f"wrote {plain(str(to))}: {facts_of_it['rows']} directions\n"
            f"next: biggan-directions render {plain(shell_path(to))}",
            soft_wrap=True,
        )
    else:
        _describe(facts_of_it)


def _facts(known: PublishedSet) -> dict[str, Any]:
    """The description of a set, as plain values."""
    from biggan_directions.generators.classes.imagenet import imagenet_classes
    from biggan_directions.published.published_set import MODEL

    publication = known.publication
    return {
        "name": known.name,
        "paper": publication.paper,
        "model": MODEL,
        "class": imagenet_classes().image_class(known.class_index).name,
        "part": known.part,
        "rows": known.rows,
        "path_size": known.path_size,
        "seed": known.seed,
        "effects": dict(known.effects),
        "repository": f"https://github.com/{publication.repository}",
        "commit": publication.commit,
        "file": f"{publication.folder}/{known.file}",
        "sha256": known.sha256,
        "license": publication.license,
        "copyright": publication.copyright,
    }


def _write(known: PublishedSet, to: Path, *, force: bool) -> None:
    """Write a set, but not over anything else.

    Raises:
        OutputError: another file is there.
    """
    from biggan_directions.published.reference import directions_of

    if to.is_dir():
        raise OutputError(
            f"{to} is a folder: give a file, such as --out {shell_path(to / f'{known.name}.pt')}"
        )
    if to.exists() and not force:
        raise OutputError(f"{to} is there already: choose another name, or use --force to replace it")
    directions_of(known).save(to)


def _list(facts: list[dict[str, Any]]) -> None:
    """A row a set, under the name of its paper."""
    for paper in dict.fromkeys(row["paper"] for row in facts):
        out.print(f"[bold]{plain(paper)}[/bold]")
        table = Table(box=None, header_style="bold", pad_edge=False, padding=(0, 1, 0, 0))
        for heading in ("set", "class", "part", "rows", "path", "seed"):
            right = heading in ("rows", "path", "seed")
            table.add_column(heading, justify="right" if right else "left", no_wrap=True, overflow="crop")
        table.add_column("named effects")
        for row in facts:
            if row["paper"] == paper:
                numbers = (str(row["rows"]), f"{row['path_size']:g}", str(row["seed"]))
                table.add_row(row["name"], row["class"], row["part"], *numbers, _effects(row))
        out.print(table)
        out.print()
    out.print(
        "[dim]part: of z, all of it or a third; path: how far along each direction, in units of z; seed: of "
        "the latents that its authors show[/dim]",
        soft_wrap=True,
    )
    named = next(row for row in facts if row["effects"])
    shown = ",".join(list(named["effects"].values()))
    out.print(
        f"next: biggan-directions render published:{named['name']} --directions {shown}", soft_wrap=True
    )


def _describe(facts: dict[str, Any]) -> None:
    """A line a fact."""
    for key, value in facts.items():
        words = _effects(facts) if key == "effects" else str(value)
        if words:
            out.print(f"[bold]{key.replace('_', ' '):>10}[/bold]  {plain(words)}", soft_wrap=True)
    out.print(f"next: biggan-directions render published:{facts['name']}", soft_wrap=True)


def _effects(facts: dict[str, Any]) -> str:
    return ", ".join(f"{index} {name}" for index, name in facts["effects"].items())
