"""Batch sizes for images that are only displayed: the fastest on this machine that fits into memory.

Solvers do not use these, because the batch size affects the last bits of an image and results must be
reproducible.
"""

import time
from collections.abc import Callable
from typing import Protocol

import torch

from biggan_directions.errors import GeneratorError, UsageError
from biggan_directions.generators.chosen_layers import draw_latents

_WORTH = 0.97  # a larger batch must save 3 % per image: smaller gains are noise and not worth the memory
_BUDGET_S = 3.0  # for the whole measurement
_REPEATS = 3  # the first is a warm-up


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
    """The batch size with the least time per image on this machine: 1, 2, 4, … up to ``largest``.

    Each size is drawn once to warm up and twice for timing. The search ends at the first size that is not
    faster, does not fit into a GPU's memory, or would make the measurement take more than some seconds.

    Raises:
        GeneratorError: the GPU's memory is too small for one image.
        UsageError: ``largest`` is below 1.
    """
    if largest < 1:
        raise UsageError(f"largest must be 1 or more, got {largest}")
    begun = clock()
    best = _seconds_per_image(generator, 1, clock)
    if best is None:
        raise _no_room()
    batch = 1
    while 2 * batch <= largest and clock() - begun + _REPEATS * 2 * batch * best <= _BUDGET_S:
        seconds = _seconds_per_image(generator, 2 * batch, clock)
        if seconds is None or seconds > best * _WORTH:
            break
        batch, best = 2 * batch, seconds
    return batch


class Halving:
    """Draws any number of images without gradients, in batches that fit a GPU's memory.

    If a batch runs out of memory, the batch size is halved permanently. Images are in the order of z.

    Args:
        generator: the generator that draws.
        batch: initial batch size.

    Raises:
        GeneratorError: when called, the GPU's memory is too small for one image.
        UsageError: ``batch`` is below 1.
    """

    def __init__(self, generator: Drawable, batch: int) -> None:
        if batch < 1:
            raise UsageError(f"batch must be 1 or more, got {batch}")
        self._generator, self.batch = generator, batch

    def __call__(self, z: torch.Tensor, class_index: torch.Tensor | None = None) -> torch.Tensor:
        """Draw ``z (N, z_dim)``, or one for each layer ``(N, L, z_dim)``, as ``(N, 3, H, W)``."""
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
    """The images, or None if memory does not suffice; the failed call's memory is then free again."""
    try:
        with torch.no_grad():
            return draw_latents(generator, z, class_index)
    except torch.OutOfMemoryError:
        pass
    torch.cuda.empty_cache()
    return None


def _seconds_per_image(generator: Drawable, batch: int, clock: Callable[[], float]) -> float | None:
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
