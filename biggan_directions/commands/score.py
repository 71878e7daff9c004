"""Say how good directions are, beside what one would otherwise have used."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from biggan_directions.commands.opening import check_weights, load_for, newest, open_directions, subject
from biggan_directions.commands.options import Classes, Compile, Device, Json, OfModel, Space
from biggan_directions.commands.terminal import err, out, plain, print_scores, print_sets, print_words
from biggan_directions.errors import UsageError
from biggan_directions.rendering.samples import listed
from biggan_directions.runs.score import measure

if TYPE_CHECKING:
    from biggan_directions.directions import Directions
    from biggan_directions.distributed.process_group import ProcessGroup
    from biggan_directions.generators import Generator
    from biggan_directions.scores import Scorecard


def _stability(
    found: Directions, generator: Generator, seeds: int, group: ProcessGroup
) -> list[dict[str, Any]]:
    """Learn again with other seeds; how well each direction comes back."""
    from biggan_directions.learning.settings import LearnSettings
    from biggan_directions.metrics.matching import match
    from biggan_directions.runs.learn import drain

    rows: list[dict[str, Any]] = []
    for seed in range(seeds + 1):
        if seed == found.seed or len(rows) == seeds:
            continue
        asked = LearnSettings.of_result(found.solver, ndirs=len(found), seed=seed)
        again, _ = drain(generator, asked, group)
        cosines = [pair.cosine for pair in match(found.directions, again.directions)]
        rows.append({"seed": seed, "cosines": cosines})
    return rows


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
        card = measure(found, generator, settings, group, search_space=search_space)
        again = _stability(found, generator, seeds, group) if seeds else []
        if not group.leads:
            return
    own = not class_name and truncation is None
    kept = card.save(path.parent) if own and not found.foreign else None
    if as_json:
        typer.echo(json.dumps({**card.as_json(), "stability": again}, allow_nan=False))
        return
    _print(card, found, again)
    if kept is not None:
        out.print(f"wrote {plain(str(kept))}", soft_wrap=True)


def _print(card: Scorecard, found: Directions, again: list[dict[str, Any]]) -> None:
    from biggan_directions.metrics.scorecard import remarks

    scored_on = f"{plain(Path(card.model).name)} · {plain(listed(list(card.classes)))}"
    out.print(
        f"[bold]{scored_on}[/bold]: {card.latents} fresh latents, {card.evaluations:,} pictures",
        soft_wrap=True,
    )
    for remark in remarks(card.sets[0]):
        out.print(f"→ {remark}", soft_wrap=True)
    for note in card.notes:
        err.print(f"note: {note}", soft_wrap=True)
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
        cosines = " ".join(f"{cosine:.3f}" for cosine in row["cosines"])
        out.print(f"learnt again with seed {row['seed']}: matched |cos| {cosines}", soft_wrap=True)
