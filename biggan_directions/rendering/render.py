"""From directions to files: every animation and the sheet, encoded while the next pictures are drawn."""

import itertools
import math
import queue
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import torch

from biggan_directions.errors import UsageError
from biggan_directions.rendering.animation import (
    SUFFIXES,
    Animation,
    check_format,
    sane_bytes,
    write_animation,
)
from biggan_directions.rendering.frames import pictures_along, show
from biggan_directions.rendering.images import Generate, Picture, draw
from biggan_directions.rendering.settings import RenderSettings
from biggan_directions.rendering.sheet import contact_sheet, write_png
from biggan_directions.rendering.stage import Block
from biggan_directions.traversal import Extent, check_directions, check_indices, loop_path

SHEET_NAME = "sheet.png"

_T = TypeVar("_T")


@dataclass(frozen=True, kw_only=True)
class RenderedFile:
    """A file that is done.

    ``index`` and ``extent`` are those of the direction that it shows, None where it shows several;
    ``animation`` says how it was written, None for the sheet.
    """

    path: Path
    size_bytes: int
    index: int | None = None
    extent: Extent | None = None
    animation: Animation | None = None


def animation_path(folder: Path, index: int | None, settings: RenderSettings) -> Path:
    """Where the animation of direction ``index`` goes; None: that of all. Names play no part in it.

    >>> animation_path(Path("out"), 3, RenderSettings()).as_posix()
    'out/direction_03.gif'
    """
    stem = "directions" if index is None else f"direction_{index:02d}"
    return folder / f"{stem}{SUFFIXES[settings.format]}"


def pictures_needed(count: int, settings: RenderSettings) -> int:
    """How many pictures ``render_all`` draws for ``count`` directions, for a progress bar."""
    kept = settings.projection == "keep"
    positions = settings.frames // 2 + 1 - kept
    columns = settings.sheet_positions - kept
    return count * (positions * settings.samples + columns) + kept * settings.samples


def render_all(
    generate: Generate,
    directions: torch.Tensor,
    z: torch.Tensor,
    folder: Path,
    *,
    settings: RenderSettings,
    names: Sequence[str] = (),
    effects: Sequence[float] = (),
    indices: Sequence[int] | None = None,
    which: torch.Tensor | None = None,
    title: str = "",
) -> Iterator[RenderedFile]:
    """Draw the contact sheet and an animation of each direction, or one of all; yield each file when done.

    A file is encoded in a thread of its own while the pictures of the next are drawn; at no time is more held
    than two animations. The sheet shows the first sample. What is there is replaced.

    Args:
        generate: (z (N, z_dim), which (N,) or None) → pictures (N, 3, H, W) in [-1, 1].
        directions: (ndirs, z_dim), rows of norm 1.
        z: (samples, z_dim), on the generator's device.
        folder: where the files go; made if need be.
        settings: how; ``settings.grid`` puts all directions into one animation.
        names, effects: one a direction; left out: no names, effects unknown.
        indices: which directions; left out: all.
        which: (samples,), each sample's class.
        title: a line on top of the sheet.

    Yields:
        The sheet, then the animations in the order of ``indices``.

    Raises:
        UsageError: shapes or indices that do not fit, or MP4 without the ``[video]`` extra.
        GeneratorError: pictures that are not finite.
        OutputError: a file cannot be written.
    """
    check_format(settings.format)
    check_directions(directions, z.shape[-1])
    count = len(directions)
    if len(z) != settings.samples:
        raise UsageError(f"z has {len(z)} rows: expected {settings.samples}, one for each sample.")
    shown = tuple(range(count)) if indices is None else tuple(dict.fromkeys(indices))
    check_indices(shown, count)
    if not shown:
        raise UsageError("There are no directions to show: expected one index or more.")
    path = loop_path(settings.frames)
    names = _one_each(names, count, "", "names")
    effects = _one_each(effects, count, math.nan, "effects")
    base = (
        list(draw(generate, z, which, batch_size=settings.batch_size))
        if settings.projection == "keep"
        else None
    )

    sheet = contact_sheet(
        generate,
        directions,
        z[:1],
        settings=settings,
        names=names,
        effects=effects,
        indices=shown,
        which=None if which is None else which[:1],
        base=None if base is None else base[:1],
        title=title,
    )
    sheet_path = folder / SHEET_NAME
    yield RenderedFile(
        path=sheet_path, size_bytes=write_png(sheet, sheet_path, comment=_comment(shown, settings))
    )

    groups = [shown] if settings.grid else [(index,) for index in shown]
    pending: deque[_Job] = deque()
    with ThreadPoolExecutor(max_workers=1, thread_name_prefix="encode") as encoder:
        try:
            for group in groups:
                extents = {index: settings.extent(effects[index]) for index in group}
                distances = {index: extent.distance for index, extent in extents.items()}
                stream = pictures_along(
                    generate,
                    directions,
                    z,
                    distances,
                    path.fractions,
                    settings=settings,
                    which=which,
                    base=base,
                )
                first = next(stream)
                feed = _Feed()
                frames = show(
                    feed,
                    path,
                    [Block(str(index), names[index], distances[index]) for index in group],
                    settings=settings,
                )
                index = None if settings.grid else group[0]
                future = encoder.submit(
                    write_animation,
                    frames,
                    animation_path(folder, index, settings),
                    format=settings.format,
                    fps=settings.fps,
                    budget_bytes=sane_bytes(sum(picture.shape[0] * picture.shape[1] for picture in first)),
                    comment=_comment(group, settings),
                )
                pending.append(_Job(index, None if index is None else extents[index], feed, future))
                for pictures in itertools.chain([first], stream):
                    feed.put(pictures)
                    _raise_failures(pending)
                while len(pending) > 1:
                    yield pending.popleft().record()
            while pending:
                yield pending.popleft().record()
        finally:
            for job in pending:
                job.feed.abandon()


class _Abandoned(Exception):
    """Drawing has stopped: what is being encoded will not be finished."""


class _Feed:
    """Pictures of one animation on their way from the thread that draws to the one that encodes."""

    def __init__(self) -> None:
        self._queue: queue.SimpleQueue[list[Picture]] = queue.SimpleQueue()
        self._abandoned = False

    def put(self, pictures: list[Picture]) -> None:
        self._queue.put(pictures)

    def abandon(self) -> None:
        """Wake the encoder up and have it drop its file."""
        self._abandoned = True
        self._queue.put([])

    def __iter__(self) -> Iterator[list[Picture]]:
        return self

    def __next__(self) -> list[Picture]:
        pictures = self._queue.get()
        if self._abandoned:
            raise _Abandoned
        return pictures


@dataclass(frozen=True)
class _Job:
    """An animation that is being written."""

    index: int | None
    extent: Extent | None
    feed: _Feed
    future: Future[Animation]

    def record(self) -> RenderedFile:
        """Wait for the file; raises what went wrong with it."""
        done = self.future.result()
        return RenderedFile(
            path=done.path, size_bytes=done.size_bytes, index=self.index, extent=self.extent, animation=done
        )


def _raise_failures(jobs: Iterable[_Job]) -> None:
    """Don't go on drawing for an encoder that has failed."""
    for job in jobs:
        if job.future.done():
            job.future.result()


def _one_each(values: Sequence[_T], count: int, left_out: _T, what: str) -> Sequence[_T]:
    """``values``, one for each of ``count`` directions, or ``left_out`` for all where there are none."""
    if len(values) not in (0, count):
        raise UsageError(f"There are {len(values)} {what}: expected {count}, one a direction.")
    return values if len(values) else [left_out] * count


def _comment(indices: Sequence[int], settings: RenderSettings) -> str:
    """What a file says of itself, for whoever finds it alone."""
    what = f"direction {indices[0]}" if len(indices) == 1 else f"directions {', '.join(map(str, indices))}"
    return f"biggan-directions: {what}, seed {settings.seed}, projection {settings.projection}"
