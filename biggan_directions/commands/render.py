"""Draw directions as animations, a contact sheet, and a page to move them on."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from biggan_directions.commands.choosing import indices_of
from biggan_directions.commands.completion import complete_directions, complete_format
from biggan_directions.commands.opening import (
    at_layers,
    load_for,
    newest,
    note_other_weights,
    open_directions,
    subject,
)
from biggan_directions.commands.options import Classes, Compile, Device, Json, OfLayers, OfModel, Placed
from biggan_directions.commands.progress import progress_bar
from biggan_directions.commands.terminal import err, out, plain, size_words

if TYPE_CHECKING:
    from biggan_directions.directions import Directions
    from biggan_directions.generators import Generator
    from biggan_directions.rendering import RenderedFile


def print_file(file: RenderedFile) -> None:
    """Where a file is, its size, how far its directions go and why, and what was given up for its size."""
    from tqdm import tqdm

    alone = len(file.extents) == 1
    far = [
        f"{'' if alone else f'{index}: '}±{extent.distance:g} of z ({extent.reason})"
        for index, extent in file.extents.items()
    ]
    words = [plain(str(file.path)), size_words(file.size_bytes), *([", ".join(far)] if far else [])]
    words += ["was there already"] if file.kept else []
    with tqdm.external_write_mode():  # takes the bar away and puts it back below
        out.print("  ".join(words), soft_wrap=True)
        if file.animation is not None and file.animation.trade:
            err.print(f"note: {file.animation.trade}", soft_wrap=True)


def print_page(page: Path) -> None:
    """What to do with the page that was drawn."""
    out.print(f"\nopen {plain(str(page))} in a browser: it needs no network", soft_wrap=True)


def _plain(file: RenderedFile) -> dict[str, Any]:
    return {
        "path": str(file.path),
        "size_bytes": file.size_bytes,
        "distances": {index: extent.distance for index, extent in file.extents.items()},
        "note": file.animation.trade if file.animation else "",
        "kept": file.kept,
    }


def render(
    path: Annotated[
        Path | None,
        typer.Argument(
            help="File of directions, or published:NAME. Default: the newest under outputs/.",
            autocompletion=complete_directions,
        ),
    ] = None,
    directions: Annotated[
        str | None,
        typer.Option(
            help="Numbers or names of the directions to draw, such as hue,3. The sheet and the page of a "
            "part are sheet_part.png and gallery_part.html. Default: all."
        ),
    ] = None,
    samples: Annotated[
        int | None,
        typer.Option(help="Number of images that move along each direction. Default: 4, or the file's."),
    ] = None,
    frames: Annotated[
        int | None, typer.Option(help="Number of frames of an animation. Default: 48, or the file's.")
    ] = None,
    fps: Annotated[float, typer.Option(help="Frames per second of an animation, from 1 to 50.")] = 20.0,
    distance: Annotated[
        float | None,
        typer.Option(
            help="Distance to go to either side, in units of z. Default: the file's, or chosen from each "
            "direction's effect, 1 to 6."
        ),
    ] = None,
    projection: Annotated[
        str | None,
        typer.Option(
            help="keep moves each latent from where it is; remove first takes away its part along the "
            "direction. Default: keep, or the file's."
        ),
    ] = None,
    file_format: Annotated[
        str,
        typer.Option(
            "--format",
            help="Format of the animations: gif, webp, apng, or mp4, which needs: pip install '.[video]'",
            autocompletion=complete_format,
        ),
    ] = "gif",
    labels: Annotated[bool, typer.Option(help="Write names and distances into the animations.")] = True,
    grid: Annotated[bool, typer.Option("--grid", help="Draw all directions in one animation.")] = False,
    seed: Annotated[
        int | None, typer.Option(help="Seed of the latents that are drawn. Default: 0, or the file's.")
    ] = None,
    class_name: Classes = None,
    model: OfModel = None,
    search_space: Placed = "all",
    layers: OfLayers = None,
    truncation: Annotated[
        float | None, typer.Option(help="Truncation in (0, 1]. Default: the one in the file.")
    ] = None,
    device: Device = "auto",
    compiled: Compile = False,
    to: Annotated[
        Path | None, typer.Option("--out", help="Folder to write to. Default: the folder of the file.")
    ] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Draw only what is missing or out of date.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Draw each direction as a looping animation, a contact sheet, and a page with sliders."""
    from biggan_directions.distributed.starting import joined
    from biggan_directions.published.reference import place_of
    from biggan_directions.rendering import RenderSettings
    from biggan_directions.runs.interrupt import resumable
    from biggan_directions.runs.render import render as draw

    path = path or newest()
    folder = to or place_of(path).parent
    given = {
        "samples": samples,
        "frames": frames,
        "fps": fps,
        "distance": distance,
        "projection": projection,
        "format": file_format,
        "labels": labels,
        "grid": grid,
        "seed": seed,
    }
    RenderSettings.of_file({}, **given)  # what is mistyped is said before the model is loaded

    def opened() -> tuple[Directions, list[int] | None, Generator]:
        found = open_directions(path, model, search_space)
        indices = None if directions is None else indices_of(directions, found.names)
        name, classes = subject(found, path, model, class_name)
        generator = load_for(found, name, classes, truncation, device, compiled=compiled)
        return at_layers(found, generator, layers), indices, generator

    files = []
    with joined() as group, progress_bar() as observe:
        found, indices, generator = group.together(opened)
        if group.leads:
            note_other_weights(found, path, generator)
        drawn = draw(
            found,
            generator,
            folder,
            RenderSettings.of_file(found.rendering, **given),
            path=path,
            indices=indices,
            group=group,
            resume=resume,
            observe=observe,
        )
        with resumable():
            for file in drawn:
                files.append(file)
                if not as_json:
                    print_file(file)
        if not group.leads:
            return
    if as_json:
        typer.echo(json.dumps([_plain(file) for file in files]))
        return
    if all(file.kept for file in files):
        out.print("nothing to do: all of it was there already")
    print_page(files[-1].path)
