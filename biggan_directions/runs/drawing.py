"""Images drawn by all processes for the one that makes files of them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch
from numpy.typing import NDArray

from biggan_directions.distributed.process_group import ProcessGroup
from biggan_directions.errors import BigganDirectionsError, GeneratorError, ProcessGroupError
from biggan_directions.rendering.images import Generate, draw


class SharedDrawing:
    """Draws in all processes of a group: the leader calls it in place of the generator.

    Every batch has the images that it has in one process, so that they are the same. They are exchanged as
    bytes, which is what files are made of.

    Args:
        generate: draws in this process.
        batch_size: images drawn at once in each process: ask for ``group.size`` times as many in a call.
        group: the processes; those that do not lead run :func:`serve`.
    """

    def __init__(self, generate: Generate, batch_size: int, group: ProcessGroup) -> None:
        self._generate, self._batch_size, self._group = generate, batch_size, group

    def __call__(self, z: torch.Tensor, class_index: torch.Tensor | None = None) -> torch.Tensor:
        """Draw ``z (N, z_dim)``, classes ``class_index (N,)``, as images ``(N, 3, H, W)`` in [-1, 1].

        Raises:
            GeneratorError: the images are not finite, in whichever process.
            ProcessGroupError: a process has ended or does not answer.
        """
        if self._group.size == 1:
            return self._generate(z, class_index)
        asked = z.cpu(), None if class_index is None else class_index.cpu(), self._batch_size
        self._group.broadcast(asked)
        pixels = torch.from_numpy(np.concatenate(_drawn(self._generate, asked, z.device, self._group)))
        return pixels.permute(0, 3, 1, 2).to(z.device, torch.float32) / 127.5 - 1


@contextmanager
def others_serving(group: ProcessGroup) -> Iterator[None]:
    """The leader's block in which the other processes run :func:`serve`; they end it when the block ends.

    They end it, too, if the leader alone fails, or if the iterator that the block is part of is closed. An
    error that all processes have, and an interrupt, end them without being told.
    """
    try:
        yield
    except (GeneratorError, ProcessGroupError):
        raise
    except (GeneratorExit, BigganDirectionsError):
        group.broadcast(None)
        raise
    group.broadcast(None)


def serve(generate: Generate, device: torch.device, group: ProcessGroup) -> None:
    """Draw what the leader's :class:`SharedDrawing` asks for, until its :func:`others_serving` ends.

    Raises:
        GeneratorError: the images are not finite, in whichever process.
        ProcessGroupError: a process has ended or does not answer.
    """
    asked: _Asked | None = None
    while (asked := group.broadcast(asked)) is not None:
        _drawn(generate, asked, device, group)


_Asked = tuple[torch.Tensor, torch.Tensor | None, int]


def _drawn(
    generate: Generate, asked: _Asked, device: torch.device, group: ProcessGroup
) -> list[NDArray[np.uint8]]:
    """Draw this process's batches of the images that are asked for; all of them, in order, in the leader."""
    z, class_index, size = asked

    def batch(start: int) -> NDArray[np.uint8]:
        part = slice(start, start + size)
        classes = None if class_index is None else class_index[part].to(device)
        return np.stack(list(draw(generate, z[part].to(device), classes, batch_size=size)))

    return group.collect(range(0, len(z), size), batch)
