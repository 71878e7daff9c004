"""Reduce the numbers of an image: averages over blocks, and a random sketch that preserves products."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch.nn import functional

from biggan_directions.errors import UsageError

FINE = 16384  # numbers kept where an image's own changes are compared: all of a 64 × 64 image


def sides_of(grids: Sequence[int], resolution: int) -> tuple[int, ...]:
    """Sides in pixels of the blocks that divide an image into grids of this many blocks a side.

    >>> sides_of((8, 4), 64), sides_of((8, 4), 4)
    ((8, 16), (1, 1))
    """
    return tuple(max(1, resolution // grid) for grid in grids)


def block_average(images: torch.Tensor, block: int) -> torch.Tensor:
    """Average images ``(N, channels, H, W)`` over ``block × block`` pixels and flatten.

    Blocks at the right and lower edges may be smaller, and no block is larger than the image. Averaging is
    used because moving edges have large second derivatives at the scale of a pixel, which say little about
    the cause of the motion.

    >>> block_average(torch.arange(16.0).reshape(1, 1, 4, 4), 2).tolist()
    [[2.5, 4.5, 10.5, 12.5]]
    """
    if block < 1:
        raise UsageError(f"images are averaged over blocks of at least 1 pixel, got {block}")
    block = min(block, *images.shape[2:])
    if block > 1:
        images = functional.avg_pool2d(images, block, ceil_mode=True, count_include_pad=False)
    return images.flatten(1)


class Sketch:
    r"""A sparse random projection: random signs, a random order, and sums over runs of equal length.

    The matrix S has one ±1 in every column, so E[SᵀS] = 1 and E[(Sx)·(Sy)] = x·y, and over the draws

        Var(‖Sx‖²) ≤ 2 ‖x‖⁴ / size.

    It needs two numbers per column instead of a dense matrix, and one pass over the image. An image of at
    most ``size`` numbers is not changed, which is exact.

    Args:
        numbers: number of values in an image.
        size: number of values to keep, 1 or more.
        generator: source of the random signs and order.

    Raises:
        UsageError: ``size`` is below 1.

    >>> sketch = Sketch(1000, 100, torch.Generator().manual_seed(0))
    >>> tuple(sketch(torch.ones(2, 1000)).shape)
    (2, 100)
    """

    def __init__(self, numbers: int, size: int, generator: torch.Generator) -> None:
        if size < 1:
            raise UsageError(f"a sketch must keep at least 1 number, got {size}")
        self.size = min(size, numbers)
        self._order: torch.Tensor | None = None
        if numbers > size:
            self._order = torch.randperm(numbers, generator=generator)
            self._signs = torch.randint(0, 2, (numbers,), generator=generator, dtype=torch.int8) * 2 - 1
            self._padding = -numbers % size

    def __call__(self, rows: torch.Tensor) -> torch.Tensor:
        """Project ``rows (N, numbers)`` to ``(N, size)``."""
        if self._order is None:
            return rows
        if self._order.device != rows.device:
            self._order, self._signs = self._order.to(rows.device), self._signs.to(rows.device)
        shuffled = functional.pad((rows * self._signs)[:, self._order], (0, self._padding))
        return shuffled.reshape(len(rows), self.size, -1).sum(dim=2)
