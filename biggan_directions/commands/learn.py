"""Find directions, and write them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from biggan_directions.commands.opening import load
from biggan_directions.commands.options import OUTPUTS, Device, Json, Model, Space
from biggan_directions.commands.scoring import measure
from biggan_directions.commands.terminal import err, measures, out, plain, print_scores
from biggan_directions.errors import OutputError

if TYPE_CHECKING:
    from biggan_directions.directions import Directions
    from biggan_directions.generators import Generator
    from biggan_directions.learn_settings import LearnSettings
    from biggan_directions.scorecard import Scorecard
    from biggan_directions.search_space import SearchSpace

_SHORT = 4  # latents of the scorecard that learning ends with


def drain(generator: Generator, settings: LearnSettings) -> tuple[Directions, SearchSpace]:
    """Drain the solver's steps into a progress bar; print what a user should know."""
    from tqdm import tqdm

    from biggan_directions.directions import Directions
    from biggan_directions.learning import iterate

    solution = None
    with tqdm(disable=None, leave=False) as bar:
        for step in iterate(generator, settings):
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


def short_score(found: Directions, generator: Generator, space: SearchSpace) -> Scorecard:
    """The scorecard at few latents, without the baselines."""
    from biggan_directions.scoring import ScoreSettings

    return measure(found, generator, ScoreSettings(latents=_SHORT, baselines=()), space=space)


def _check_free(path: Path, force: bool) -> None:
    from biggan_directions.output import check_writable

    check_writable(path)
    if path.exists() and not force:
        raise OutputError(f"{path} is already there: choose another --out, or replace it with --force")


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
    micro_batch: Annotated[int, typer.Option(help="Pictures drawn at once; a setting of the result.")] = 4,
    to: Annotated[Path | None, typer.Option("--out", help="Folder; outputs/MODEL/CLASS.")] = None,
    force: Annotated[bool, typer.Option(help="Replace what is there.")] = False,
    dry_run: Annotated[
        bool, typer.Option(help="Say what would be done and what it takes, and stop.")
    ] = False,
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
    from biggan_directions.learn_settings import LearnSettings
    from biggan_directions.scorecard import remarks

    settings = LearnSettings(
        ndirs=ndirs,
        solver=solver,
        search_space=search_space,
        search_dims=search_dims,
        seed=seed,
        micro_batch=micro_batch,
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
    path = (to or OUTPUTS / Path(generator.model).name / name) / "directions.pt"
    if dry_run:
        from biggan_directions.estimate import estimate

        cost = estimate(generator, settings)
        memory = "unknown" if cost.peak_bytes is None else f"{cost.peak_bytes / 2**30:.1f} GB"
        out.print(
            f"would search {cost.dims} dimensions and draw {cost.evaluations:,} pictures: "
            f"about {cost.seconds:.0f} s and {memory} of memory; would write {plain(str(path))}"
        )
        return
    _check_free(path, force)
    found, space = drain(generator, settings)
    found.save(path)
    card = short_score(found, generator, space)
    card.save(path.parent)
    if as_json:
        scores = card.as_json()["sets"][0]["directions"]
        typer.echo(json.dumps({"path": str(path), "directions": measures(found), "scores": scores}))
    else:
        print_scores(card.sets[0], found.names)
        for remark in remarks(card.sets[0]):
            out.print(f"→ {remark}", soft_wrap=True)
        file = plain(str(path))
        out.print(
            f"wrote {file}\nnext: biggan-directions render {file}\n"
            f"      biggan-directions score {file}   (more latents, and the baselines beside it)",
            soft_wrap=True,
        )
