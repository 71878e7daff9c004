"""Animations encoded in a thread of their own while the pictures of the next are drawn."""

import queue
from collections.abc import Iterable, Iterator
from concurrent.futures import Future
from dataclasses import dataclass

from biggan_directions.rendering.animation import Animation
from biggan_directions.rendering.images import ImageArray


class Abandoned(Exception):
    """Drawing has stopped: what is being encoded will not be finished."""


class Feed:
    """Pictures of one animation on their way from the thread that draws to the one that encodes."""

    def __init__(self) -> None:
        self._queue: queue.SimpleQueue[list[ImageArray]] = queue.SimpleQueue()
        self._abandoned = False

    def put(self, images: list[ImageArray]) -> None:
        self._queue.put(images)

    def abandon(self) -> None:
        """Wake the encoder up and have it drop its file."""
        self._abandoned = True
        self._queue.put([])

    def __iter__(self) -> Iterator[list[ImageArray]]:
        return self

    def __next__(self) -> list[ImageArray]:
        images = self._queue.get()
        if self._abandoned:
            raise Abandoned
        return images


@dataclass(frozen=True)
class Encoded:
    """An animation that was written, and strips of its pictures for the page, if there is to be one."""

    animation: Animation
    strips: list[bytes]


@dataclass(frozen=True)
class Job:
    """An animation of the directions in ``group`` that is being written; height and width of its pictures."""

    group: tuple[int, ...]
    feed: Feed
    future: Future[Encoded]
    resolution: tuple[int, int]


def raise_failures(jobs: Iterable[Job]) -> None:
    """Don't go on drawing for an encoder that has failed."""
    for job in jobs:
        if job.future.done():
            job.future.result()
