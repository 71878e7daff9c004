"""Say how good directions are, beside what one would otherwise have used."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from biggan_directions.commands.opening import check_weights, load_for, newest, open_directions, subject
from biggan_directions.commands.options import Classes, Compile, Device, Json, OfModel, Space
from biggan_directions.commands.progress import note, progress_bar
from biggan_directions.commands.terminal import out, plain, print_scores, print_sets, print_words
from biggan_directions.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from biggan_directions.directions import Directions
    from biggan_directions.generators import Generator
    from biggan_directions.runs.stability import Repetition
    from biggan_directions.scores import Scorecard


def score(
    path: Annotated[Path | None, typer.Argument(help="directions.pt; the newest under outputs/.")] = None,
    class_name: Classes = None,
    latents: Annotated[int, typer.Option(help="Fresh latents to measure at.")] = 16,
    seed: Annotated[int, typer.Option(help="Of the measuring.")] = 0,
    seeds: Annotated[int, typer.Option(help="Learn again with so many other seeds, and compare.")] = 0,
    baselines: Annotated[bool, typer.Option(help="Measure the baselines too.")] = True,
    model: OfModel = None,
    search_space: Space = "all",
    truncation: float | None = None,
    device: Device = "auto",
    compiled: Compile = False,
    as_json: Json = False,
) -> None:
    """Measure how good directions are, beside random, coordinate, first-order and SeFa."""
    from biggan_directions.distributed.starting import joined
    from biggan_directions.metrics.scoring import BASELINES, ScoreSettings
    from biggan_directions.runs.score import measure
    from biggan_directions.runs.stability import repeated

    settings = ScoreSettings(latents=latents, seed=seed, baselines=BASELINES if baselines else ())
    if seeds < 0:
        raise UsageError(f"seeds must be 0 or more, got {seeds}")
    path = path or newest()

    def opened() -> tuple[Directions, Generator]:
        found = open_directions(path, model, search_space)
        name, classes = subject(found, path, model, class_name)
        generator = load_for(found, name, classes, truncation, device, compiled=compiled)
        check_weights(found, path, generator)
        return found, generator

    with joined() as group:
        found, generator = group.together(opened)
        with progress_bar() as observe:
            card = measure(found, generator, settings, group, search_space=search_space, observe=observe)
            again = list(repeated(found, generator, seeds, group, observe))
        if not group.leads:
            return
    own = not class_name and truncation is None
    kept = card.save(path.parent) if own and not found.foreign else None
    if as_json:
        stability = [asdict(row) for row in again]
        typer.echo(json.dumps({**card.as_json(), "stability": stability}, allow_nan=False))
        return
    _print(card, found, again)
    if kept is not None:
        out.print(f"wrote {plain(str(kept))}", soft_wrap=True)


def _print(card: Scorecard, found: Directions, again: Sequence[Repetition]) -> None:
    from biggan_directions.metrics.scorecard import remarks
    from biggan_directions.rendering.samples import listed

    scored_on = f"{plain(Path(card.model).name)} · {plain(listed(list(card.classes)))}"
    out.print(
        f"[bold]{scored_on}[/bold]: {card.latents} fresh latents, {card.evaluations:,} pictures",
        soft_wrap=True,
    )
    for remark in remarks(card.sets[0]):
        out.print(f"→ {remark}", soft_wrap=True)
    for text in card.notes:
        note(text)
    out.print()
    print_sets(card)
    out.print(
        "[dim]recovery: mean/least; effect: the weakest; the rest: means. * as the paper has it: least for "
        "directions that do nothing, so never judge by it alone[/dim]\n"
    )
    print_scores(card.sets[0], found.names)
    out.print()
    print_words(card)
    for row in again:
        cosines = " ".join(f"{cosine:.3f}" for cosine in row.cosines)
        out.print(f"learnt again with seed {row.seed}: matched |cos| {cosines}", soft_wrap=True)
