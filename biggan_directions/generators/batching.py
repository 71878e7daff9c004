"""Batches for images that are only looked at: as many at once as this machine draws fastest, and as fit.

Solvers do not use these: which batch an image was drawn in shows in its last bits, and results must repeat.
"""

import time
from collections.abc import Callable
from typing import Protocol

import torch

from biggan_directions.errors import GeneratorError, UsageError

_WORTH = 0.97  # a larger batch must save 3 % an image; less is noise, or memory for nothing
_BUDGET_S = 3.0  # for the whole measurement
_REPEATS = 3  # the first to warm up


class Drawable(Protocol):
    """The part of a generator that batches depend on."""

    z_dim: int

    @property
    def device(self) -> torch.device:
        """Where z must lie."""
        ...

    def __call__(self, z: torch.Tensor, class_index: torch.Tensor | None = None) -> torch.Tensor:
        """Draw ``z (N, z_dim)`` as ``(N, 3, H, W)``."""
        ...


def fastest_batch(
    generator: Drawable, *, largest: int = 64, clock: Callable[[], float] = time.perf_counter
) -> int:
    """The batch size at which this machine draws an image in the least time: 1, 2, 4, … up to ``largest``.

    Each size is drawn once to warm up and twice on the clock. The search ends at the first size that saves
    nothing, does not fit into a GPU's memory, or would take the whole beyond some seconds.

    Raises:
        GeneratorError: a GPU has no room for one image.
        UsageError: largest below 1.
    """
    if largest < 1:
        raise UsageError(f"largest must be 1 or more, got {largest}")
    begun = clock()
    best = _seconds_a_image(generator, 1, clock)
    if best is None:
        raise _no_room()
    batch = 1
    while 2 * batch <= largest and clock() - begun + _REPEATS * 2 * batch * best <= _BUDGET_S:
        seconds = _seconds_a_image(generator, 2 * batch, clock)
        if seconds is None or seconds > best * _WORTH:
            break
        batch, best = 2 * batch, seconds
    return batch


class Halving:
    """A generator that draws any number of images without gradients, in batches that fit a GPU's memory.

    A batch that runs out of memory is halved, for good, and drawing goes on. Images come in order.

    Args:
        generator: what draws.
        batch: the most images to draw at once, to begin with.

    Raises:
        GeneratorError: when called, a GPU has no room for one image.
        UsageError: batch below 1.
    """

    def __init__(self, generator: Drawable, batch: int) -> None:
        if batch < 1:
            raise UsageError(f"batch must be 1 or more, got {batch}")
        self._generator, self.batch = generator, batch

    def __call__(self, z: torch.Tensor, class_index: torch.Tensor | None = None) -> torch.Tensor:
        """Draw ``z (N, z_dim)`` as ``(N, 3, H, W)``."""
        pieces: list[torch.Tensor] = []
        start = 0
        while start < len(z):
            part = slice(start, start + self.batch)
            images = _draw(self._generator, z[part], None if class_index is None else class_index[part])
            if images is None:
                if self.batch == 1:
                    raise _no_room()
                self.batch //= 2
                continue
            pieces.append(images)
            start += len(images)
        return pieces[0] if len(pieces) == 1 else torch.cat(pieces)


def _draw(generator: Drawable, z: torch.Tensor, class_index: torch.Tensor | None) -> torch.Tensor | None:
    """The images, or None where memory does not suffice: by then the failed call's memory is free again."""
    try:
        with torch.no_grad():
            return generator(z, class_index)
    except torch.OutOfMemoryError:
        pass
    torch.cuda.empty_cache()
    return None


def _seconds_a_image(generator: Drawable, batch: int, clock: Callable[[], float]) -> float | None:
    z = torch.zeros(batch, generator.z_dim, device=generator.device)
    times = []
    for _ in range(_REPEATS):
        begun = clock()
        if _draw(generator, z, None) is None:
            return None
        if generator.device.type == "cuda":
            torch.cuda.synchronize(generator.device)
        times.append(clock() - begun)
    return min(times[1:]) / batch


def _no_room() -> GeneratorError:
    return GeneratorError("the GPU has no memory left for one image; free some, or try --device cpu")
