"""Pictures drawn by all processes for the one that makes files of them."""

from __future__ import annotations

import numpy as np
import torch

from biggan_directions.distributed.process_group import ProcessGroup
from biggan_directions.rendering.images import Generate, draw


class SharedDrawing:
    """Draws in all processes of a team: what the leader calls in place of the generator.

    Every batch has the pictures that it has in one process, so that they are the same; they come as bytes,
    which is what files are made of.

    Args:
        generate: draws in this process.
        batch_size: pictures drawn at once in each process: hand ``team.size`` times as many to one call.
        group: the processes; the others are in :func:`serve`.
    """

    def __init__(self, generate: Generate, batch_size: int, group: ProcessGroup) -> None:
        self._generate, self._batch_size, self._group = generate, batch_size, group

    def __call__(self, z: torch.Tensor, class_index: torch.Tensor | None = None) -> torch.Tensor:
        """Draw ``z (N, z_dim)``, classes ``class_index (N,)``, as images ``(N, 3, H, W)`` in [-1, 1].

        Raises:
            GeneratorError: pictures that are not finite, in whichever process.
            ProcessGroupError: a process is gone.
        """
        if self._group.size == 1:
            return self._generate(z, class_index)
        asked = self._group.broadcast(
            (z.cpu(), None if class_index is None else class_index.cpu(), self._batch_size)
        )
        parts = _drawn(self._generate, asked, z.device, self._group)
        pixels = np.frombuffer(b"".join(parts), dtype=np.uint8).reshape(len(z), -1, 3)
        side = round(pixels.shape[1] ** 0.5)
        images = torch.from_numpy(pixels.reshape(len(z), side, side, 3).copy()).permute(0, 3, 1, 2)
        return images.to(z.device, torch.float32) / 127.5 - 1

    def end(self) -> None:
        """Let the others go."""
        self._group.broadcast(None)


def serve(generate: Generate, device: torch.device, group: ProcessGroup) -> None:
    """Draw what the leader's :class:`SharedDrawing` asks for, until it ends.

    Raises:
        GeneratorError: pictures that are not finite, in whichever process.
        ProcessGroupError: a process is gone.
    """
    while (asked := group.broadcast(None)) is not None:
        _drawn(generate, asked, device, group)


_Asked = tuple[torch.Tensor, torch.Tensor | None, int]


def _drawn(generate: Generate, asked: _Asked, device: torch.device, group: ProcessGroup) -> list[bytes]:
    """This process's batches of what is asked for; all of them in the leader, in order."""
    z, class_index, size = asked

    def batch(start: int) -> bytes:
        part = slice(start, start + size)
        classes = None if class_index is None else class_index[part].to(device)
        return b"".join(
            image.tobytes() for image in draw(generate, z[part].to(device), classes, batch_size=size)
        )

    return group.collect(range(0, len(z), size), batch)
