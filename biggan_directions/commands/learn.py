"""Find directions, and write them."""

from __future__ import annotations

import itertools
import json
import os
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape

from biggan_directions import stopping
from biggan_directions.commands.opening import compile_forward, load
from biggan_directions.commands.options import OUTPUTS, Compile, Device, Json, Model, Space
from biggan_directions.commands.scoring import measure
from biggan_directions.commands.terminal import err, measures, out, plain, print_scores
from biggan_directions.errors import OutputError, UsageError
from biggan_directions.escaping import folder_name, shell_path

if TYPE_CHECKING:
    from biggan_directions.checkpoint import Checkpoint
    from biggan_directions.directions import Directions
    from biggan_directions.generators import Generator
    from biggan_directions.learn_settings import LearnSettings
    from biggan_directions.scorecard import Scorecard
    from biggan_directions.search_space import SearchSpace
    from biggan_directions.solution import Step

_SHORT = 4  # latents of the scorecard that learning ends with


def drain(
    generator: Generator, settings: LearnSettings, checkpoint: Checkpoint | None = None
) -> tuple[Directions, SearchSpace]:
    """Drain the solver's steps into a progress bar and a checkpoint; print what a user should know."""
    from tqdm import tqdm

    from biggan_directions.directions import Directions

    solution = None
    with tqdm(disable=None, leave=False) as bar:
        for step in _steps(generator, settings, checkpoint):
            bar.set_description(step.phase)
            bar.total, bar.n = step.total, step.done
            if step.value is not None:
                bar.set_postfix_str(f"{step.measure} {step.value:.4g}")
            bar.refresh()
            solution = step.solution
    assert solution is not None
    space = solution.space
    err.print(
        f"searched {len(space.basis)} dimensions, {space.live} of them live, that carry "
        f"{space.trace_share:.1%} of the picture's change; drew {solution.evaluations:,} pictures",
        soft_wrap=True,
    )
    for warning in solution.warnings:
        err.print(f"note: {warning}", soft_wrap=True)
    return Directions.of(solution, generator, settings.seed), space


def _steps(generator: Generator, settings: LearnSettings, checkpoint: Checkpoint | None) -> Iterator[Step]:
    """The solver's steps, from where the checkpoint stands, and each offered to it."""
    from biggan_directions.learning import iterate

    if checkpoint is None:
        yield from iterate(generator, settings)
        return
    state, notes = checkpoint.load()
    for note in notes:
        err.print(f"note: {plain(note)}", soft_wrap=True)
    steps = iterate(generator, settings, state)
    with nullcontext() if state is None else checkpoint.taking_up():
        first = next(steps)
    for step in itertools.chain([first], steps):
        checkpoint.offer(step)
        stopping.check()
        yield step


def short_score(found: Directions, generator: Generator, space: SearchSpace) -> Scorecard:
    """The scorecard at few latents, without the baselines."""
    from biggan_directions.scoring import ScoreSettings

    return measure(found, generator, ScoreSettings(latents=_SHORT, baselines=()), space=space)


def _finished(
    path: Path, checkpoint: Checkpoint, generator: Generator, settings: LearnSettings, *, resume: bool
) -> Directions | None:
    """The directions of a run that is to go on, where it has ended.

    Raises:
        OutputError: there is a run already, and it is not to go on.
        UsageError: it was made with other settings.
    """
    from biggan_directions.directions import Directions
    from biggan_directions.learning import check_same

    if not resume:
        if path.exists():
            raise OutputError(f"{path} is already there: choose another --out, or replace it with --force")
        if checkpoint.exists():
            raise OutputError(
                f"{checkpoint.path} is of a run that did not end: go on with --resume, "
                "or replace it with --force"
            )
        return None
    if checkpoint.exists() or not path.exists():
        return None
    found = Directions.load(path)
    dims = settings.search_dims or int(found.solver.get("search_dims", 0))
    asked = settings.described(settings.block(generator.z_dim), generator.resolution, dims)
    asked |= {"ndirs": settings.ndirs, "seed": settings.seed, "truncation": generator.truncation}
    asked |= {"classes": generator.classes, "weights_sha256": generator.weights_sha256}
    made = {**found.solver, "ndirs": len(found), "seed": found.seed, "truncation": found.truncation}
    made |= {"classes": found.classes, "weights_sha256": found.model.get("weights_sha256")}
    check_same(made, asked)
    return found


def _say_finished(found: Directions, path: Path, as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps({"path": str(path), "directions": measures(found)}))
    else:
        out.print(f"nothing to do: {plain(str(path))} is finished", soft_wrap=True)


def learn(
    class_name: Annotated[
        list[str], typer.Option("--class", help="Name, WordNet id or index; may be repeated; or all.")
    ],
    ndirs: Annotated[int, typer.Option(help="How many directions to keep.")] = 6,
    model: Model = "biggan-deep-128",
    solver: Annotated[
        str, typer.Option(help="jacobi, adam, random, coordinate, first-order, sefa")
    ] = "jacobi",
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
    force: Annotated[bool, typer.Option(help="Replace what is there.")] = False,
    dry_run: Annotated[
        bool, typer.Option(help="Say what would be done and what it takes, and stop.")
    ] = False,
    latents: Annotated[int, typer.Option(help="Where second derivatives are measured.")] = 64,
    weighting: Annotated[
        str, typer.Option(help="Of blocks of the picture: balanced, or plain, the paper's sum.")
    ] = "balanced",
    refine: Annotated[int, typer.Option(help="Adam steps on the square matrix after the solver.")] = 0,
    steps: Annotated[int, typer.Option(help="Adam: steps.")] = 1000,
    batch_size: Annotated[int, typer.Option(help="Adam: latents a step.")] = 32,
    lr: Annotated[float, typer.Option(help="Adam: learning rate.")] = 0.01,
    max_distance: Annotated[float, typer.Option(help="Adam: how far latents are first moved.")] = 5.0,
    probes: Annotated[int, typer.Option(help="Adam: sign vectors a latent.")] = 2,
    epsilon: Annotated[float, typer.Option(help="Adam: step of its second differences.")] = 0.1,
    as_json: Json = False,
) -> None:
    """Find directions for a class."""
    from biggan_directions.checkpoint import Checkpoint
    from biggan_directions.learn_settings import LearnSettings
    from biggan_directions.output import check_writable
    from biggan_directions.run_folder import held
    from biggan_directions.scorecard import remarks

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
        weighting=weighting,
        refine=refine,
        steps=steps,
        batch_size=batch_size,
        lr=lr,
        max_distance=max_distance,
        probes=probes,
        epsilon=epsilon,
    )
    generator = load(model, class_name, truncation, device)
    settings.block(generator.z_dim)
    name = "all" if class_name == ["all"] else "+".join(item.name for item in generator.classes[:4])
    own = OUTPUTS / folder_name(os.path.basename(os.path.abspath(generator.model))) / folder_name(name)
    path = (to or own) / "directions.pt"
    if dry_run:
        from biggan_directions.estimate import estimate

        if compiled:
            generator = compile_forward(generator)
        cost = estimate(generator, settings)
        memory = "unknown" if cost.peak_bytes is None else f"{cost.peak_bytes / 2**30:.1f} GB"
        out.print(
            f"would search {cost.dims} dimensions and draw {cost.evaluations:,} pictures: "
            f"about {cost.seconds:.0f} s and {memory} of memory; would write {plain(str(path))}"
        )
        return
    check_writable(path)
    with held(path.parent) as folder:
        arithmetic = generator.device.type + (", compiled" if compiled else "")
        checkpoint = Checkpoint(folder, device=arithmetic)
        if not force and (finished := _finished(path, checkpoint, generator, settings, resume=resume)):
            _say_finished(finished, path, as_json)
            return
        if compiled:
            generator = compile_forward(generator)
        if force:
            checkpoint.remove()
        with checkpoint:
            found, space = drain(generator, settings, checkpoint)
            checkpoint.write()  # while there is one the run is not finished: it is removed last
            found.save(path)
            card = short_score(found, generator, space)
            folder.check()
            card.save(path.parent)
        checkpoint.remove()
    if as_json:
        scores = card.as_json()["sets"][0]["directions"]
        typer.echo(json.dumps({"path": str(path), "directions": measures(found), "scores": scores}))
    else:
        print_scores(card.sets[0], found.names)
        for remark in remarks(card.sets[0]):
            out.print(f"→ {remark}", soft_wrap=True)
        file = escape(shell_path(path))
        out.print(
            f"wrote {plain(str(path))}\nnext: biggan-directions render {file}\n"
            f"      biggan-directions score {file}   (more latents, and the baselines beside it)",
            soft_wrap=True,
        )
