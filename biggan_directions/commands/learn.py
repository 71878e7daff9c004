"""Find directions, and write them."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.markup import escape

from biggan_directions.commands.completion import complete_class, complete_solver
from biggan_directions.commands.dry_run import print_would, would_learn
from biggan_directions.commands.opening import compile_forward, load
from biggan_directions.commands.options import (
    OUTPUTS,
    Compile,
    Device,
    Json,
    Model,
    budget_of,
    key_values,
    latents_of,
)
from biggan_directions.commands.progress import note, progress_bar
from biggan_directions.commands.terminal import err, measures_of, out, plain, print_scores, print_verdict
from biggan_directions.errors import GeneratorError, UsageError
from biggan_directions.files.escaping import folder_name, shell_path

if TYPE_CHECKING:
    from biggan_directions.runs.learn import LearnResult
    from biggan_directions.runs.per_class import PerClassResult


def _print(result: LearnResult, path: Path) -> None:
    if result.scorecard is None:
        out.print(f"nothing to do: {plain(str(path))} is finished", soft_wrap=True)
        return
    found, scored = result.directions, result.scorecard.sets[0]
    print_scores(scored, found.names, result.scorecard.latents, found.agreement)
    print_verdict(scored, result.scorecard.strongest, found.agreement)
    file = escape(shell_path(path))
    out.print(
        f"wrote {plain(str(path))}\nnext: biggan-directions render {file}\n"
        f"      biggan-directions score {file}   (the baselines beside it; more latents: --latents 64)",
        soft_wrap=True,
    )


def _plain(result: LearnResult, path: Path) -> dict[str, Any]:
    """Every number once: the measures of the scorecard, or of the file where the run had finished before."""
    from biggan_directions.metrics.tables import as_plain

    names = result.directions.names
    if result.scorecard is None:
        shown = measures_of(result.directions, path)
        stability = [None] * len(names) if shown.stability is None else [one.value for one in shown.stability]
        return {
            "path": str(path),
            "latents": shown.latents,
            "directions": [
                {
                    "direction": index,
                    "name": name,
                    "effect": asdict(effect),
                    "penalty": asdict(penalty),
                    "stability": stable,
                    "linear": linear,
                }
                for index, (name, effect, penalty, stable, linear) in enumerate(
                    zip(names, shown.effect, shown.penalty, stability, shown.linear, strict=True)
                )
            ],
        }
    own = as_plain(result.scorecard, [names])["sets"][0]
    return {
        "path": str(path),
        "latents": result.scorecard.latents,
        "directions": [
            {"direction": index, "name": name, **scores}
            for index, (name, scores) in enumerate(zip(names, own["directions"], strict=True))
        ],
        "means": own["means"],
        "paper_penalty": own["paper_penalty"],
    }


def _print_classes(result: PerClassResult, root: Path, as_json: bool) -> None:
    if as_json:
        paths = [str(path) for path in result.paths]
        typer.echo(json.dumps({"paths": paths, "new": result.new, "left_out": result.left_out}))
    else:
        out.print(
            f"{len(result.paths):,} classes have their directions in {plain(str(root))}: {result.new:,} of "
            "them were learnt now",
            soft_wrap=True,
        )
    if result.left_out:
        count, named = len(result.left_out), ", ".join(result.left_out[:5])
        more = ", …" if count > 5 else ""
        total = count + len(result.paths)
        raise GeneratorError(f"{count:,} of {total:,} classes were left out: {named}{more}")


def learn(
    class_name: Annotated[
        list[str] | None,
        typer.Option(
            "--class",
            help="Name, WordNet id or index of a class; may be repeated; or all. Several classes share "
            "one set of directions.",
            autocompletion=complete_class,
        ),
    ] = None,
    per_class: Annotated[
        bool,
        typer.Option("--per-class", help="Learn a set of directions, in a file of its own, for each class."),
    ] = False,
    ndirs: Annotated[int, typer.Option(help="Number of directions to find.")] = 6,
    model: Model = "biggan-deep-128",
    solver: Annotated[
        str,
        typer.Option(
            help="Method that finds the directions; biggan-directions solvers lists them.",
            autocompletion=complete_solver,
        ),
    ] = "joint",
    options: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="KEY=VALUE",
            help="A setting of the solver's own; may be repeated. biggan-directions solvers NAME explains "
            "them.",
        ),
    ] = None,
    search_space: Annotated[
        str,
        typer.Option(
            help="Part of z to search: active (its most active dimensions, found by measurement), all, "
            "coarse, mid or fine (its thirds), or the coordinates START:STOP."
        ),
    ] = "active",
    search_dims: Annotated[
        int | None,
        typer.Option(help="Number of dimensions of z to search. Default: chosen by measurement."),
    ] = None,
    layers: Annotated[
        str,
        typer.Option(
            help="Layers of the generator at which the directions act: numbers and ranges such as 0-3 or "
            "0,2,5; coarse, mid or fine, which are thirds of them; or all."
        ),
    ] = "all",
    truncation: Annotated[
        float | None,
        typer.Option(
            help="Truncation in (0, 1]. Default: the one that suits the model: 0.4 for BigGAN-deep; none, "
            "1.0, for biggan-128, as in its paper."
        ),
    ] = None,
    seed: Annotated[int, typer.Option(help="Seed of everything random: latents, signs and sketches.")] = 0,
    device: Device = "auto",
    compiled: Compile = False,
    micro_batch: Annotated[
        int,
        typer.Option(
            help="Number of images drawn at once. More need more memory; the directions' last digits "
            "depend on it."
        ),
    ] = 4,
    to: Annotated[
        Path | None, typer.Option("--out", help="Folder to write to. Default: outputs/MODEL/CLASS.")
    ] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Continue the unfinished run that is in the folder.")
    ] = False,
    force: Annotated[
        bool,
        typer.Option(
            "--force", help="Replace what is in the folder: it is removed as soon as the work begins."
        ),
    ] = False,
    dry_run: Annotated[
        bool,
        typer.Option(
            "--dry-run", help="Say what would be done, and how many seconds and bytes it takes, and stop."
        ),
    ] = False,
    latents: Annotated[
        str,
        typer.Option(
            help="Latents at which derivatives are measured: a number, or auto, until two halves of them "
            "give the same directions or the budget ends."
        ),
    ] = "auto",
    budget: Annotated[
        str,
        typer.Option(
            help="Images to draw for finding directions with --latents auto, or the time for a run, such as "
            "90s or 3min, which is turned into images by the speed that is measured first."
        ),
    ] = "1500",
    agreement: Annotated[
        float, typer.Option(help="Stability of every direction at which --latents auto stops, in (0, 1).")
    ] = 0.98,
    survey_latents: Annotated[
        int | None,
        typer.Option(help="Latents at which the search space is measured. Default: until it has settled."),
    ] = None,
    score_latents: Annotated[
        int, typer.Option(help="Number of fresh latents at which the result is measured.")
    ] = 16,
    as_json: Json = False,
) -> None:
    """Find directions for a class."""
    from biggan_directions.distributed.starting import joined
    from biggan_directions.learning.cost import images_within
    from biggan_directions.learning.settings import LearnSettings
    from biggan_directions.metrics.scorecard import loose_remark
    from biggan_directions.runs.learn import LearnRun
    from biggan_directions.runs.learn_command import budget_of_run
    from biggan_directions.runs.per_class import PerClassRun

    if resume and force:
        raise UsageError("--resume continues a run and --force replaces it: give only one of them")
    images, seconds = budget_of(budget)
    settings = LearnSettings(
        ndirs=ndirs,
        solver=solver,
        search_space=search_space,
        search_dims=search_dims,
        layers=layers,
        seed=seed,
        micro_batch=micro_batch,
        latents=latents_of(latents),
        budget=images or LearnSettings.budget,
        agreement=agreement,
        survey_latents=survey_latents,
        score_latents=score_latents,
        options=key_values(options or [], "--set"),
    )
    if per_class and compiled:
        raise UsageError("--compile takes minutes, and would for each class: leave it out with --per-class")
    with joined() as group:
        generator = group.together(lambda: load(model, class_name, truncation, device))
        root = OUTPUTS / folder_name(os.path.basename(os.path.abspath(generator.model)))
        if per_class:
            path = (to or root) / "CLASS" / "directions.pt"
        else:
            every = class_name == ["all"] or (class_name is None and len(generator.classes) > 1)
            name = "all" if every else "+".join(item.name for item in generator.classes[:4])
            path = (to or root / folder_name(name)) / "directions.pt"
        if seconds is not None:
            saved = budget_of_run(path.parent) if resume and not per_class else None
            images = saved or images_within(generator, settings, seconds)
            settings = replace(settings, budget=group.broadcast(images))
            if group.leads:
                err.print(f"note: {budget} allows {settings.budget:,} images (--budget {settings.budget})")
        if dry_run:
            if group.leads:
                shown = compile_forward(generator) if compiled else generator
                runs = (
                    PerClassRun(to or root, generator, settings).runs
                    if per_class
                    else [LearnRun(path.parent, generator, settings)]
                )
                would = would_learn(
                    shown, settings, path, [run.intended(resume=resume, force=force) for run in runs]
                )
                if as_json:
                    typer.echo(json.dumps(would))
                else:
                    print_would(would)
            return
        with progress_bar() as observe:
            if per_class:
                each = PerClassRun(to or root, generator, settings, group=group)
                classes = each.finish(resume=resume, force=force, observe=observe)
            else:
                prepare = compile_forward if compiled else None
                run = LearnRun(path.parent, generator, settings, group=group, prepare=prepare)
                result = run.finish(resume=resume, force=force, observe=observe)
    if per_class:
        _print_classes(classes, to or root, as_json)
    elif as_json:
        if result.scorecard is not None and (
            loose := loose_remark(result.scorecard.sets[0], result.directions.agreement)
        ):
            note(loose)
        typer.echo(json.dumps(_plain(result, path)))
    else:
        _print(result, path)
