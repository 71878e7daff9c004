"""Animations encoded in a thread of their own while the images of the next are drawn."""

import itertools
import queue
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

from biggan_directions.rendering.animation import Animation, sane_bytes, write_animation
from biggan_directions.rendering.frame_layout import Panel
from biggan_directions.rendering.frames import frames_along
from biggan_directions.rendering.images import ImageArray
from biggan_directions.rendering.manifest import Strips
from biggan_directions.rendering.settings import RenderSettings
from biggan_directions.rendering.strips import StripMaker
from biggan_directions.traversal import Path as TraversalPath


@dataclass(frozen=True, kw_only=True)
class AnimationJob:
    """An animation to be encoded: of which directions, what its frames show, and where it goes.

    ``with_strips``: the page's strips are made of the same images.
    """

    indices: tuple[int, ...]
    panels: list[Panel]
    path: TraversalPath
    target: Path
    comment: str
    with_strips: bool


@dataclass(frozen=True)
class Encoded:
    """An animation that was written, and the strips for the page where they were wanted."""

    job: AnimationJob
    animation: Animation
    strips: Strips | None


class EncoderThread:
    """A thread that encodes one animation while the images of the next are drawn.

    Where the ``with`` block ends early, what has not been encoded is dropped and leaves no file.
    """

    def __init__(self, settings: RenderSettings) -> None:
        self._settings = settings
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="encode")
        self._pending: deque[tuple[_Feed, Future[Encoded]]] = deque()

    def __enter__(self) -> "EncoderThread":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for feed, _ in self._pending:
            feed.abandon()
        self._thread.shutdown()

    def begin(self, job: AnimationJob) -> None:
        """Begin an animation: the images that are put next are its own."""
        feed = _Feed()
        self._pending.append((feed, self._thread.submit(_encode, job, feed, self._settings)))

    def put(self, images: list[ImageArray]) -> None:
        """Hand over the images at the next position of the animation begun last.

        Raises:
            OutputError: an animation could not be written; there is no use in drawing on.
        """
        self._pending[-1][0].put(images)
        for _, future in self._pending:
            if future.done():
                future.result()

    def finished(self, *, but: int = 0) -> Iterator[Encoded]:
        """Wait for the animations that have all their images, but for the last ``but`` of them.

        Raises:
            OutputError: one could not be written.
        """
        while len(self._pending) > but:
            yield self._pending.popleft()[1].result()


class _Abandoned(Exception):
    """Drawing has stopped: the animation will not be finished."""


class _Feed:
    """Images of one animation on their way from the thread that draws to the one that encodes."""

    def __init__(self) -> None:
        self._queue: queue.SimpleQueue[list[ImageArray]] = queue.SimpleQueue()
        self._abandoned = False

    def put(self, images: list[ImageArray]) -> None:
        self._queue.put(images)

    def abandon(self) -> None:
        """Wake the encoder and have it drop its file."""
        self._abandoned = True
        self._queue.put([])

    def __iter__(self) -> Iterator[list[ImageArray]]:
        return self

    def __next__(self) -> list[ImageArray]:
        images = self._queue.get()
        if self._abandoned:
            raise _Abandoned
        return images


def _encode(job: AnimationJob, feed: _Feed, settings: RenderSettings) -> Encoded:
    """Write one animation from the images that ``feed`` brings, and make the page's strips of them."""
    first = next(feed)
    images: Iterator[list[ImageArray]] = itertools.chain([first], feed)
    maker = StripMaker(job.path.fractions)
    if job.with_strips:
        images = maker.watch(images)
    animation = write_animation(
        frames_along(images, job.path, job.panels, settings=settings),
        job.target,
        format=settings.format,
        fps=settings.fps,
        budget_bytes=sane_bytes(sum(image.shape[0] * image.shape[1] for image in first)),
        comment=job.comment,
    )
    return Encoded(job, animation, maker.strips() if job.with_strips else None)
