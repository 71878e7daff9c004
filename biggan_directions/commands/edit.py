"""Move images along several directions at once."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

from biggan_directions.commands.choosing import index_of
from biggan_directions.commands.completion import complete_directions
from biggan_directions.commands.opening import (
    at_layers,
    load_for,
    newest,
    note_other_weights,
    open_directions,
    options_of,
    subject,
)
from biggan_directions.commands.options import Classes, Device, Json, OfLayers, OfModel, Placed
from biggan_directions.commands.terminal import err, out, plain, size_words
from biggan_directions.errors import UsageError
from biggan_directions.files.escaping import shell_path
from biggan_directions.rendering.samples import samples_of, still_batch

if TYPE_CHECKING:
    from biggan_directions.directions import Directions

_MOST_TIMES = 8  # as RenderSettings.scale allows


class Moves(NamedTuple):
    """Distances in units of z and, where they were given, layers of each direction moved, by its index."""

    by: dict[int, float]
    layers: dict[int, str]


def parse_moves(pairs: Sequence[str], names: Sequence[str]) -> Moves:
    """Parse the values of ``--move``.

    Args:
        pairs: such as ``0=2``, ``zoom=-1`` or ``zoom=-1@coarse``.
        names: one per direction.

    Raises:
        UsageError: a pair is malformed, or its direction does not exist, is ambiguous or is moved twice.

    >>> parse_moves(["1=2", "zoom=-0.5@0-3"], ["zoom", "turn"])
    Moves(by={1: 2.0, 0: -0.5}, layers={0: '0-3'})
    """
    moves = Moves({}, {})
    for pair in pairs:
        direction, equals, words = pair.rpartition("=")
        words, at, layers = words.partition("@")
        try:
            distance = float(words)
        except ValueError:
            distance = math.nan
        if not equals or not math.isfinite(distance):
            raise UsageError(
                f"'{pair}' is not DIRECTION=DISTANCE: type for example --move 0=2 or --move zoom=-1 or, at "
                "some layers only, --move zoom=-1@0-3"
            )
        index = index_of(direction, names)
        if index in moves.by:
            raise UsageError(f"direction {index} is moved twice: give one --move for it")
        moves.by[index] = distance
        if at:
            moves.layers[index] = layers
    return moves


def _note_numbers(names: Sequence[str], moves: Mapping[int, float]) -> None:
    """Print a note if the name of a direction is the number of another one that is moved."""
    for moved in moves:
        for index, name in enumerate(names):
            if name == str(moved) and index != moved:
                err.print(f"note: direction {index} is named '{name}'; {name}=… moves direction {moved}")


def _note_range(found: Directions, moves: Mapping[int, float]) -> None:
    """Print a note for each direction that is moved further than render goes along it."""
    from biggan_directions.rendering import RenderSettings

    for index, distance in moves.items():
        known = math.nan if found.distance is None else float(found.distance[index])
        far = RenderSettings().extent(float(found.effect[index]), known)
        if abs(distance) > far.distance:
            err.print(
                f"note: direction {index} is moved by {distance:g}, further than render goes, which is "
                f"±{far.distance:g} of z ({far.reason}): the image may no longer be a likely one",
                soft_wrap=True,
            )


def _scale(size: int | None, resolution: int) -> int | None:
    """By how much images are enlarged to be ``size`` pixels wide; None leaves it to the format.

    Raises:
        UsageError: it is not by a whole number, or by more than is possible.
    """
    if size is None:
        return None
    sizes = [resolution * times for times in range(1, _MOST_TIMES + 1)]
    if size not in sizes:
        raise UsageError(
            f"size is {size}: this model's images can be {', '.join(map(str, sizes))} pixels wide"
        )
    return size // resolution


def edit(
    path: Annotated[
        Path | None,
        typer.Argument(
            help="File of directions, or published:NAME. Default: the newest under outputs/.",
            autocompletion=complete_directions,
        ),
    ] = None,
    move: Annotated[
        list[str] | None,
        typer.Option(
            metavar="DIRECTION=DISTANCE",
            help="Number or name of a direction, and a distance in z: 0=2 or zoom=-1; with layers of its "
            "own, zoom=-1@0-3; may be repeated.",
        ),
    ] = None,
    seed: Annotated[
        int | None,
        typer.Option(help="Seed of the latents; render draws the same ones. Default: 0, or the file's."),
    ] = None,
    samples: Annotated[int, typer.Option(help="Number of images, side by side.")] = 1,
    sample: Annotated[
        list[int] | None,
        typer.Option(
            min=0, max=9999, help="Index of a sample to draw, instead of --samples; may be repeated."
        ),
    ] = None,
    size: Annotated[
        int | None,
        typer.Option(
            metavar="PIXELS",
            help="Width of each image in the file: the model's resolution, or 2 to 8 times as much. Default: "
            "the resolution for .png; for an animation, at least 128.",
        ),
    ] = None,
    to: Annotated[
        Path | None,
        typer.Option(
            "--out",
            help="File to write: .png for an image; .gif, .webp, .apng or .mp4 for an animation of the move. "
            "Default: edit.png beside the directions.",
        ),
    ] = None,
    frames: Annotated[int, typer.Option(help="Number of frames of an animation.")] = 48,
    fps: Annotated[float, typer.Option(help="Frames per second of an animation.")] = 20.0,
    labels: Annotated[bool, typer.Option(help="Write labels below an animation.")] = True,
    class_name: Classes = None,
    model: OfModel = None,
    search_space: Placed = "all",
    layers: OfLayers = None,
    truncation: Annotated[
        float | None, typer.Option(help="Truncation in (0, 1]. Default: the one in the file.")
    ] = None,
    device: Device = "auto",
    as_json: Json = False,
) -> None:
    """Move images along several directions at once; save the result or an animation of the move."""
    from biggan_directions.generators.chosen_layers import draw_latents, layers_of
    from biggan_directions.published.reference import content_sha256, place_of
    from biggan_directions.rendering import (
        EditRecord,
        RenderRequest,
        RenderSettings,
        edit_format,
        write_edit,
    )

    path = path or newest()
    target = to or place_of(path).parent / "edit.png"
    if target.is_dir():
        raise UsageError(
            f"{target} is a folder: give a file, such as --out {shell_path(target / 'edit.png')}"
        )
    still = edit_format(target) is None
    if sample and samples != 1:
        raise UsageError("--sample and --samples exclude each other: give one of them")
    settings = RenderSettings(samples=samples, frames=frames, fps=fps, labels=labels)
    chosen = tuple(sample or range(samples))
    found = open_directions(path, model, search_space)
    shown_as = RenderSettings.of_file(found.rendering, seed=seed)
    settings = replace(settings, seed=shown_as.seed, latents=shown_as.latents)
    moves, own_layers = parse_moves(move or [], found.names)
    if not moves:
        err.print(
            "note: nothing is moved, since there is no --move: it is given as --move DIRECTION=DISTANCE, "
            "such as --move 0=2",
            soft_wrap=True,
        )
    _note_numbers(found.names, moves)
    name, classes = subject(found, path, model, class_name)
    generator = load_for(found, name, classes, truncation, device)
    found = at_layers(found, generator, layers)
    acting = {index: layers_of(generator, own_layers.get(index, found.at_layers)) for index in moves}
    _note_range(found, moves)
    note_other_weights(found, path, generator)
    drawn = samples_of(generator, max(chosen) + 1, settings.seed, settings.latents)
    z, class_index = (part[list(chosen)] for part in drawn)
    request = RenderRequest(
        directions=found.directions,
        z=z,
        class_index=class_index,
        names=found.names,
        layers={index: at for index, at in acting.items() if at is not None},
    )
    shown = [generator.classes[place].name for place in class_index.tolist()]
    record = EditRecord(
        path=str(path),
        directions_sha256=content_sha256(path),
        model=generator.model,
        class_names=tuple(shown),
        truncation=generator.truncation,
        seed=settings.seed,
        samples=chosen,
        moves=moves,
        layers=own_layers,
        names=found.names,
        classes_option=tuple(item.name for item in generator.classes) if class_name else (),
        truncation_option=generator.truncation != found.truncation,
        options=(
            *options_of(model, search_space, device, layers),
            *(() if size is None else ("--size", str(size))),
        ),
        out=target.name,
    )
    settings = replace(settings, samples=len(chosen), scale=_scale(size, generator.resolution))
    if still:
        settings = replace(settings, batch_size=still_batch(generator))
    file = write_edit(
        partial(draw_latents, generator), request, moves, target, settings=settings, record=record
    )
    trade = file.animation.trade if file.animation else ""
    if as_json:
        facts = {"path": str(target), "size_bytes": file.size_bytes, "seed": settings.seed, "classes": shown}
        typer.echo(json.dumps({**facts, "moves": moves, "note": trade}))
        return
    out.print(f"{plain(str(target))}  {size_words(file.size_bytes)}", soft_wrap=True)
    if trade:
        err.print(f"note: {trade}", soft_wrap=True)
