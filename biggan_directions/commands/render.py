"""Draw directions as animations, a contact sheet, and a page to move them on."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from dataclasses import asdict, replace
from math import nan
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from biggan_directions.commands.opening import load_for, newest, note_other_weights, open_directions, subject
from biggan_directions.commands.options import Classes, Compile, Device, Json, OfModel, Space
from biggan_directions.commands.terminal import err, out, plain
from biggan_directions.errors import UsageError
from biggan_directions.rendering.samples import listed, samples_of
from biggan_directions.runs import interrupt as interrupt
from biggan_directions.runs.account import account_of
from biggan_directions.runs.interrupt import resumable
from biggan_directions.version import __version__

if TYPE_CHECKING:
    from biggan_directions.directions import Directions
    from biggan_directions.distributed.process_group import ProcessGroup
    from biggan_directions.generators import Generator
    from biggan_directions.rendering import Manifest, RenderedFile, RenderSettings


_MOST = 64  # pictures at once, as of fastest_batch


def drawn(
    found: Directions,
    generator: Generator,
    path: Path,
    folder: Path,
    settings: RenderSettings,
    group: ProcessGroup,
    indices: list[int] | None = None,
    manifest: Manifest | None = None,
    check: Callable[[], None] = interrupt.check,
) -> Iterator[RenderedFile]:
    """Draw the directions ``found``, which are at ``path``, into ``folder``; yield each file when done.

    ``manifest`` says what need not be drawn. ``check`` is called before pictures are drawn, to stop it. The
    others of the team are to draw what is asked of them meanwhile.
    """
    from tqdm import tqdm

    from biggan_directions.generators.batching import Halving, fastest_batch
    from biggan_directions.measured import measured
    from biggan_directions.rendering import images_needed, render_all
    from biggan_directions.runs.drawing import SharedDrawing

    if generator.device.type != "cpu":  # there a fixed batch is as good, and the same bytes come again
        settings = replace(settings, batch_size=fastest_batch(generator))
    together = SharedDrawing(Halving(generator, settings.batch_size), settings.batch_size, group)
    settings = replace(settings, batch_size=settings.batch_size * group.size)
    z, class_index = samples_of(generator, settings.samples, settings.seed)
    classes = [item.name for item in generator.classes]
    captions = [classes[place] if len(classes) > 1 else "" for place in class_index.tolist()]
    count = len(found) if indices is None else len(set(indices))
    total, none = images_needed(count, settings, class_index), images_needed(0, settings, class_index)
    with tqdm(total=total, unit=" pictures", disable=None, leave=False) as bar:

        def draw(z: Any, class_index: Any = None) -> Any:
            check()
            bar.update(len(z))
            return together(z, class_index)

        for file in render_all(
            draw,
            found.directions.to(generator.device),
            z,
            folder,
            settings=settings,
            names=found.names,
            effects=found.effect.tolist(),
            printed=[
                nan if figure.value is None else figure.value for figure in measured(found, path).effect
            ],
            indices=indices,
            class_index=class_index,
            title=f"{Path(generator.model).name} · {listed(classes)}",
            account=account_of(found, generator, path, folder, settings, indices, captions),
            manifest=manifest,
        ):
            if file.kept:
                bar.total -= images_needed(len(file.extents), settings, class_index) - none
            bar.clear()
            yield file
    together.end()


def print_file(file: RenderedFile) -> None:
    """Where a file is, its size, how far its directions go and why, and what was given up for its size."""
    alone = len(file.extents) == 1
    far = [
        f"{'' if alone else f'{index}: '}±{extent.distance:g} of z ({extent.reason})"
        for index, extent in file.extents.items()
    ]
    words = [plain(str(file.path)), f"{file.size_bytes / 1e6:.2f} MB", *([", ".join(far)] if far else [])]
    words += ["was there already"] if file.kept else []
    out.print("  ".join(words), soft_wrap=True)
    if file.animation is not None and file.animation.trade:
        err.print(f"note: {file.animation.trade}", soft_wrap=True)


def _plain(file: RenderedFile) -> dict[str, Any]:
    return {
        "path": str(file.path),
        "size_bytes": file.size_bytes,
        "distances": {index: extent.distance for index, extent in file.extents.items()},
        "note": file.animation.trade if file.animation else "",
        "kept": file.kept,
    }


def _made_of(found: Directions, path: Path, generator: Generator, asked: dict[str, Any]) -> str:
    """A checksum of all that decides what is drawn."""
    from biggan_directions.generators.weights.download import file_sha256
    from biggan_directions.metrics.scorecard import digest

    all_of_it = {
        "directions": file_sha256(path),
        "matrix": digest(found.directions),  # a bare matrix may be placed elsewhere in z
        "weights": generator.weights_sha256,
        "classes": [[item.index, item.name] for item in generator.classes],
        "model": generator.model,
        "truncation": generator.truncation,
        "version": __version__,
        **asked,
    }
    return hashlib.sha256(json.dumps(all_of_it, sort_keys=True).encode()).hexdigest()


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
    compiled: Compile = False,
    to: Annotated[Path | None, typer.Option("--out", help="Folder; beside the file.")] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Draw only what is missing or out of date.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Draw each direction as a looping animation, a contact sheet, and a page with sliders."""
    from biggan_directions.distributed.starting import joined
    from biggan_directions.generators.batching import Halving
    from biggan_directions.rendering import RenderSettings
    from biggan_directions.runs.drawing import serve

    path = path or newest()
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

    def opened() -> tuple[Directions, Generator]:
        found = open_directions(path, model, search_space)
        name, classes = subject(found, path, model, class_name)
        return found, load_for(found, name, classes, truncation, device, compiled=compiled)

    with joined() as group:
        found, generator = group.together(opened)
        if not group.leads:
            return serve(Halving(generator, _MOST), generator.device, group)
        folder, show = to or path.parent, not as_json
        files = _rendered(found, generator, path, folder, settings, indices, group, resume=resume, show=show)
    if as_json:
        typer.echo(json.dumps([_plain(file) for file in files]))
    elif all(file.kept for file in files):
        out.print("nothing to do: all of it was there already")
    return None


def _rendered(
    found: Directions,
    generator: Generator,
    path: Path,
    folder: Path,
    settings: RenderSettings,
    indices: list[int] | None,
    group: ProcessGroup,
    *,
    resume: bool,
    show: bool,
) -> list[RenderedFile]:
    """Draw into a folder that is held meanwhile, each file shown when it is done."""
    from biggan_directions.files.atomic_write import check_writable
    from biggan_directions.rendering import GALLERY_NAME, Manifest
    from biggan_directions.runs.folder import held

    note_other_weights(found, path, generator)
    check_writable(folder / GALLERY_NAME)
    made_of = _made_of(found, path, generator, {"settings": asdict(settings), "indices": indices})
    files = []
    with held(folder) as hold, resumable():
        manifest = Manifest(folder, made_of, resume=resume)

        def check() -> None:
            hold.check()
            interrupt.check()

        for file in drawn(found, generator, path, folder, settings, group, indices, manifest, check):
            files.append(file)
            if show:
                print_file(file)
    return files
