"""The command line: parse, call, print, exit code. Heavy imports stay inside the commands."""

from __future__ import annotations

import json
import math
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from biggan_directions.errors import OutputError, UsageError
from biggan_directions.version import __version__

if TYPE_CHECKING:
    from biggan_directions.directions import Directions
    from biggan_directions.generators import Generator
    from biggan_directions.generators.download import Progress
    from biggan_directions.learn_settings import LearnSettings
    from biggan_directions.rendering import RenderSettings

app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    help="Find, judge and render interpretable directions in a frozen BigGAN.",
)
out, err = Console(highlight=False), Console(stderr=True, highlight=False)

OUTPUTS = Path("outputs")
Json = Annotated[bool, typer.Option("--json", help="Print JSON on stdout.")]
Model = Annotated[str, typer.Option("--model", help="A name (see: models) or a folder with a checkpoint.")]
OfModel = Annotated[str | None, typer.Option("--model", help="For a file that does not say its own model.")]
Classes = Annotated[list[str] | None, typer.Option("--class", help="Name, WordNet id or index.")]
Device = Annotated[str, typer.Option(help="auto, cpu, cuda, …")]
Space = Annotated[str, typer.Option(help="active, all, or START:STOP of z.")]


@app.callback(invoke_without_command=True)
def _main(
    version: Annotated[bool, typer.Option("--version", help="Print the version and stop.")] = False,
) -> None:
    if version:
        typer.echo(__version__)
        raise typer.Exit


@contextmanager
def _fetching(model: str) -> Iterator[Progress]:
    """A bar that shows itself once fetching takes more than a moment."""
    from tqdm import tqdm

    with tqdm(desc=f"fetching {model}", unit="B", unit_scale=True, disable=None, delay=1) as bar:

        def progress(done: int, total: int | None) -> None:
            bar.total = total
            bar.update(done - bar.n)

        yield progress


def _load(model: str, classes: list[str], truncation: float | None, device: str) -> Generator:
    from biggan_directions.generators.load import load_generator

    with _fetching(model) as progress:
        generator = load_generator(model, classes, truncation=truncation, device=device, progress=progress)
    if truncation is not None and abs(generator.truncation - truncation) > 1e-9:
        err.print(f"truncation {truncation:g} is not stored: using the nearest, {generator.truncation:g}")
    return generator


def _learn(generator: Generator, settings: LearnSettings) -> Directions:
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
    return Directions.of(solution, generator, settings.seed)


def _measures(found: Directions) -> list[dict[str, Any]]:
    def number(value: float) -> float | None:
        return None if math.isnan(value) else value

    return [
        {"direction": i, "name": name, "effect": number(effect), "penalty": number(penalty)}
        for i, (name, effect, penalty) in enumerate(
            zip(found.names, found.effect.tolist(), found.penalty.tolist(), strict=True)
        )
    ]


def _print_table(found: Directions) -> None:
    table = Table(box=None, header_style="bold", pad_edge=False)
    for heading in ("direction", "name", "effect", "penalty"):
        table.add_column(heading, justify="left" if heading == "name" else "right")
    for row in _measures(found):
        shown = ("–" if row[key] is None else f"{row[key]:.3f}" for key in ("effect", "penalty"))
        table.add_row(str(row["direction"]), _plain(row["name"]), *shown)
    out.print(table)


def _plain(text: str) -> str:
    """Text from a file with what a terminal would act on made visible."""
    from rich.markup import escape

    return escape("".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text))


def _check_free(path: Path, force: bool) -> None:
    from biggan_directions.rendering.output import check_writable

    check_writable(path)
    if path.exists() and not force:
        raise OutputError(f"{path} is already there: choose another --out, or replace it with --force")


@app.command()
def learn(
    class_name: Annotated[
        list[str], typer.Option("--class", help="Name, WordNet id or index; may be repeated.")
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
    generator = _load(model, class_name, truncation, device)
    settings.block(generator.z_dim)
    name = "+".join(item.name for item in generator.classes[:4])
    path = (to or OUTPUTS / Path(generator.model).name / name) / "directions.pt"
    if dry_run:
        from biggan_directions.estimate import estimate

        cost = estimate(generator, settings)
        memory = "unknown" if cost.peak_bytes is None else f"{cost.peak_bytes / 2**30:.1f} GB"
        out.print(
            f"would search {cost.dims} dimensions and draw {cost.evaluations:,} pictures: "
            f"about {cost.seconds:.0f} s and {memory} of memory; would write {path}"
        )
        return
    _check_free(path, force)
    found = _learn(generator, settings)
    found.save(path)
    if as_json:
        typer.echo(json.dumps({"path": str(path), "directions": _measures(found)}))
    else:
        _print_table(found)
        out.print(f"wrote {path}\nnext: biggan-directions render {path}")


def _newest() -> Path:
    files = sorted(OUTPUTS.glob("**/directions.pt"), key=lambda path: path.stat().st_mtime)
    if not files:
        raise UsageError(
            "there is no directions.pt under outputs/: learn some first, "
            "for example: biggan-directions learn --model toybox --class car"
        )
    return files[-1]


def _open(path: Path, model: str | None, search_space: str) -> Directions:
    from biggan_directions.directions import Directions

    if model is None:
        return Directions.load(path, search_space=search_space)
    z_dim, _classes = _sizes(model)
    return Directions.load(path, z_dim=z_dim, search_space=search_space)


def _sizes(model: str) -> tuple[int, int]:
    """z_dim and number of classes, without the weights."""
    from biggan_directions.generators.catalog import CatalogEntry
    from biggan_directions.generators.weights import entry_or_folder, locate_weights

    entry = entry_or_folder(model)
    if isinstance(entry, CatalogEntry):
        return entry.z_dim, entry.num_classes
    from biggan_directions.generators.checkpoint import read_config

    config = read_config(locate_weights(entry).config_path)
    return config.z_dim, config.num_classes


def _render(
    found: Directions, generator: Generator, folder: Path, settings: RenderSettings, **chosen: Any
) -> None:
    from tqdm import tqdm

    from biggan_directions.latents import sample_latents
    from biggan_directions.rendering import pictures_needed, render_all

    z = sample_latents(
        settings.samples,
        generator.z_dim,
        truncation=generator.truncation,
        seed=settings.seed,
        purpose="rendering",
    ).to(generator.device)
    indices = chosen.get("indices")
    count = len(found) if indices is None else len(indices)
    with tqdm(total=pictures_needed(count, settings), unit=" pictures", disable=None, leave=False) as bar:

        def draw(z: Any, which: Any = None) -> Any:
            bar.update(len(z))
            return generator(z, which)

        title = f"{Path(generator.model).name} · {generator.classes[0].name}"
        for file in render_all(
            draw,
            found.directions.to(generator.device),
            z,
            folder,
            settings=settings,
            names=found.names,
            effects=found.effect.tolist(),
            title=title,
            **chosen,
        ):
            extent = "" if file.extent is None else f"  ±{file.extent.distance:g} of z ({file.extent.reason})"
            bar.clear()
            out.print(f"{file.path}  {file.size_bytes / 1e6:.2f} MB{extent}", soft_wrap=True)
            if file.animation is not None and file.animation.trade:
                err.print(f"note: {file.animation.trade}")


@app.command()
def render(
    path: Annotated[Path | None, typer.Argument(help="directions.pt; the newest under outputs/.")] = None,
    directions: Annotated[str | None, typer.Option(help="Which, such as 0,3,5; all.")] = None,
    samples: int = 4,
    frames: int = 48,
    fps: float = 20.0,
    distance: Annotated[float | None, typer.Option(help="In z; chosen from each direction's effect.")] = None,
    projection: Annotated[str, typer.Option(help="keep, or remove z's part along the direction.")] = "keep",
    file_format: Annotated[str, typer.Option("--format", help="gif, webp, apng, mp4")] = "gif",
    labels: bool = True,
    grid: Annotated[bool, typer.Option("--grid", help="All directions in one animation.")] = False,
    seed: int = 0,
    class_name: Classes = None,
    model: OfModel = None,
    search_space: Space = "all",
    truncation: float | None = None,
    device: Device = "auto",
    to: Annotated[Path | None, typer.Option("--out", help="Folder; beside the file.")] = None,
) -> None:
    """Draw each direction as a looping animation, and a contact sheet."""
    from biggan_directions.rendering import RenderSettings

    path = path or _newest()
    found = _open(path, model, search_space)
    name = model or found.model.get("name")
    classes = class_name or [str(item.index) for item in found.classes]
    if name is None or not classes:
        raise UsageError(f"{path} does not say what it is of: add --model and --class")
    settings = RenderSettings(
        samples=samples,
        frames=frames,
        fps=fps,
        distance=distance,
        projection=projection,  # type: ignore[arg-type]  # the settings check it
        format=file_format,  # type: ignore[arg-type]
        labels=labels,
        grid=grid,
        seed=seed,
    )
    try:
        indices = None if directions is None else [int(part) for part in directions.split(",")]
    except ValueError as error:
        raise UsageError(f"directions must be numbers such as 0,3,5, got '{directions}'") from error
    generator = _load(name, classes[:1], found.truncation if truncation is None else truncation, device)
    if found.model and found.model["weights_sha256"] != generator.weights_sha256:
        err.print(f"note: {path} was learnt on other weights of {name}")
    _render(found, generator, to or path.parent, settings, indices=indices)


@app.command()
def inspect(path: Path, model: OfModel = None, search_space: Space = "all", as_json: Json = False) -> None:
    """Say what a file holds, how it was made, and whether it is sound."""
    found = _open(path, model, search_space)
    facts: dict[str, Any] = {
        "path": str(path),
        "directions": len(found),
        "z_dim": found.z_dim,
        "orthonormality_error": found.orthonormality_error(),
        "foreign": found.foreign,
        "model": found.model,
        "classes": [item.name for item in found.classes],
        "truncation": found.truncation,
        "seed": found.seed,
        "solver": found.solver,
        "made_with": found.made_with,
        "license": found.license,
    }
    if as_json:
        typer.echo(json.dumps({**facts, "measures": _measures(found)}))
        return
    for key, value in facts.items():
        if isinstance(value, dict):
            value = ", ".join(f"{k} {v}" for k, v in value.items())
        elif isinstance(value, list):
            value = ", ".join(value)
        elif key == "orthonormality_error":
            value = f"{value:.1e}"
        if value not in (None, ""):
            out.print(f"[bold]{key.replace('_', ' '):>20}[/bold]  {_plain(str(value))}", soft_wrap=True)
    if found.foreign:
        out.print(
            "a bare matrix: orthonormalised row by row, in order; its effect and penalty are not known",
            soft_wrap=True,
        )
    else:
        _print_table(found)


@app.command()
def name(path: Path, names: Annotated[list[str], typer.Argument(help="Such as 0=rotation 1=zoom")]) -> None:
    """Give directions names, kept in the file."""
    from biggan_directions.directions import Directions

    chosen: dict[int, str] = {}
    for pair in names:
        index, equals, text = pair.partition("=")
        if not equals or not index.isdecimal():
            raise UsageError(f"'{pair}' is not INDEX=NAME: type for example 0=rotation")
        chosen[int(index)] = text
    found = Directions.load(path)
    if found.foreign:
        raise UsageError(f"{path} is a bare matrix, which has no place for names")
    found.named(chosen).save(path)
    _print_table(found.named(chosen))


@app.command()
def classes(
    query: Annotated[str, typer.Argument()] = "",
    model: Model = "biggan-deep-128",
    as_json: Json = False,
) -> None:
    """List class names and indices."""
    from biggan_directions.generators.classes import class_table

    table = class_table(_sizes(model)[1])
    found = table.search(query)
    if as_json:
        typer.echo(
            json.dumps([{"index": e.index, "names": e.names, "wordnet_id": e.wordnet_id} for e in found])
        )
        return
    if not found:
        raise UsageError(f"no class fits '{query}': see biggan-directions classes")
    for entry in found:
        typer.echo(f"{entry.index:>4}  {', '.join(entry.names)}")


@app.command()
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
        with _fetching(fetch) as progress:
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


@app.command()
def demo(
    class_name: Annotated[str, typer.Option("--class", help="One of the ten toys.")] = "car",
    device: Device = "auto",
) -> None:
    """Learn and render six directions on the generator that ships; offline."""
    from biggan_directions.learn_settings import LearnSettings
    from biggan_directions.rendering import RenderSettings

    folder = OUTPUTS / "demo"
    generator = _load("toybox", [class_name], None, device)
    found = _learn(generator, LearnSettings(ndirs=6))
    _print_table(found)
    shutil.rmtree(folder, ignore_errors=True)
    found.save(folder / "directions.pt")
    _render(found, generator, folder, RenderSettings())
    out.print(f"\nopen {folder / 'sheet.png'} and {folder / 'direction_00.gif'}")
