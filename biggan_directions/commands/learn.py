"""Find directions, and write them."""

from __future__ import annotations

import json
import os
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.markup import escape

from biggan_directions.commands.opening import compile_forward, load
from biggan_directions.commands.options import OUTPUTS, Compile, Device, Json, Model, Space, key_values
from biggan_directions.commands.terminal import out, plain, print_scores
from biggan_directions.errors import GeneratorError, UsageError
from biggan_directions.files.escaping import folder_name, shell_path
from biggan_directions.runs.learn import Learnt, run
from biggan_directions.runs.per_class import EachClass, learn_each

if TYPE_CHECKING:
    from biggan_directions.generators import Generator
    from biggan_directions.learning.settings import LearnSettings


def _would(generator: Generator, settings: LearnSettings, path: Path, runs: int) -> str:
    """What would be done, and what it takes."""
    from biggan_directions.learning.cost import estimate

    cost = estimate(generator, settings)
    memory = "unknown" if cost.peak_bytes is None else f"{cost.peak_bytes / 2**30:.1f} GB"
    each = f"for each of {runs:,} classes " if runs > 1 else ""
    return (
        f"would {each}search {cost.dims} dimensions and draw {cost.evaluations:,} pictures: "
        f"about {runs * cost.seconds:.0f} s {'in all ' if each else ''}in one process "
        f"and {memory} of memory; would write {plain(str(path))}"
    )


def _print(learnt: Learnt, path: Path) -> None:
    from biggan_directions.metrics.scorecard import remarks

    if learnt.card is None:
        out.print(f"nothing to do: {plain(str(path))} is finished", soft_wrap=True)
        return
    print_scores(learnt.card.sets[0], learnt.found.names, learnt.card.latents)
    for remark in remarks(learnt.card.sets[0]):
        out.print(f"→ {remark}", soft_wrap=True)
    file = escape(shell_path(path))
    out.print(
        f"wrote {plain(str(path))}\nnext: biggan-directions render {file}\n"
        f"      biggan-directions score {file}   (more latents, and the baselines beside it)",
        soft_wrap=True,
    )


def _plain(learnt: Learnt, path: Path) -> dict[str, Any]:
    """Every number once: the measures of the scorecard, or of the file where the run had ended before."""
    from biggan_directions.measured import measured
    from biggan_directions.metrics.tables import as_plain

    if learnt.card is not None:
        own = as_plain(learnt.card, [learnt.found.names])["sets"][0]
        rows = [
            {"direction": index, "name": name, **scores}
            for index, (name, scores) in enumerate(zip(learnt.found.names, own["directions"], strict=True))
        ]
        return {
            "path": str(path),
            "latents": learnt.card.latents,
            "directions": rows,
            "means": own["means"],
            "paper_penalty": own["paper_penalty"],
        }
    shown = measured(learnt.found, path)
    rows = [
        {"direction": index, "name": name, "effect": asdict(effect), "penalty": asdict(penalty)}
        for index, (name, effect, penalty) in enumerate(
            zip(learnt.found.names, shown.effect, shown.penalty, strict=True)
        )
    ]
    return {"path": str(path), "latents": shown.latents, "directions": rows}


def _print_each(each: EachClass, root: Path, as_json: bool) -> None:
    if as_json:
        paths = [str(path) for path in each.paths]
        typer.echo(json.dumps({"paths": paths, "new": each.new, "left_out": each.left_out}))
    else:
        out.print(
            f"{len(each.paths):,} classes have their directions in {plain(str(root))}: {each.new:,} of them "
            "were learnt now",
            soft_wrap=True,
        )
    if each.left_out:
        count, named = len(each.left_out), ", ".join(each.left_out[:5])
        more = ", …" if count > 5 else ""
        total = count + len(each.paths)
        raise GeneratorError(f"{count:,} of {total:,} classes were left out: {named}{more}")


def learn(
    class_name: Annotated[
        list[str], typer.Option("--class", help="Name, WordNet id or index; may be repeated; or all.")
    ],
    per_class: Annotated[
        bool, typer.Option("--per-class", help="A run and a file of its own for each class.")
    ] = False,
    ndirs: Annotated[int, typer.Option(help="How many directions to keep.")] = 6,
    model: Model = "biggan-deep-128",
    solver: Annotated[str, typer.Option(help="A name: see solvers.")] = "jacobi",
    options: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="KEY=VALUE", help="A setting of the solver's own; may be repeated."),
    ] = None,
    search_space: Space = "active",
    search_dims: Annotated[
        int | None, typer.Option(help="Dimensions to search; found by measurement.")
    ] = None,
    truncation: Annotated[float | None, typer.Option(help="In (0, 1]; what suits the model.")] = None,
    seed: int = 0,
    device: Device = "auto",
    compiled: Compile = False,
    micro_batch: Annotated[int, typer.Option(help="Pictures drawn at once; a setting of the result.")] = 4,
    to: Annotated[Path | None, typer.Option("--out", help="Folder; outputs/MODEL/CLASS.")] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with the run that is there.")] = False,
    force: Annotated[
        bool, typer.Option(help="Replace what is there: it is removed as soon as the work begins.")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option(help="Say what would be done and what it takes, and stop.")
    ] = False,
    latents: Annotated[int, typer.Option(help="Where second derivatives are measured.")] = 64,
    score_latents: Annotated[
        int, typer.Option(help="Fresh latents to measure the result at; score measures it at more.")
    ] = 8,
    as_json: Json = False,
) -> None:
    """Find directions for a class."""
    from biggan_directions.distributed.starting import joined
    from biggan_directions.learning.settings import LearnSettings

    if resume and force:
        raise UsageError("--resume goes on with what is there and --force replaces it: give one of them")
    settings = LearnSettings(
        ndirs=ndirs,
        solver=solver,
        search_space=search_space,
        search_dims=search_dims,
        seed=seed,
        micro_batch=micro_batch,
        latents=latents,
        score_latents=score_latents,
        options=key_values(options or [], "--set"),
    )
    if per_class and compiled:
        raise UsageError("--compile takes minutes, and would for each class: leave it out with --per-class")
    with joined() as group:
        generator = group.together(lambda: load(model, class_name, truncation, device))
        settings.block(generator.z_dim)
        root = OUTPUTS / folder_name(os.path.basename(os.path.abspath(generator.model)))
        if per_class:
            path = (to or root) / "CLASS" / "directions.pt"
        else:
            name = "all" if class_name == ["all"] else "+".join(item.name for item in generator.classes[:4])
            path = (to or root / folder_name(name)) / "directions.pt"
        if dry_run:
            if group.leads:
                shown = compile_forward(generator) if compiled else generator
                out.print(_would(shown, settings, path, len(generator.classes) if per_class else 1))
        elif per_class:
            if each := learn_each(generator, settings, to or root, group, resume=resume, force=force):
                _print_each(each, to or root, as_json)
        elif learnt := run(generator, settings, path, group, compiled=compiled, resume=resume, force=force):
            if as_json:
                typer.echo(json.dumps(_plain(learnt, path)))
            else:
                _print(learnt, path)
