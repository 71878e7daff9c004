"""Switches for the kernels of this folder, for measurements and debugging."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Kernels:
    """Which kernels are on; with ``Kernels.none()`` each layer uses ``plain``.

    Attributes:
        by_hand: layers overwrite their own memory and have derivatives written by hand.
        bands: tensors larger than a cache are processed in bands (CPU only).
        packed: convolutions keep their weight in oneDNN's layout (CPU only).

    The others are parts of ``by_hand`` and have no effect without it.
    """

    by_hand: bool = True
    bands: bool = True
    packed: bool = True

    @classmethod
    def none(cls) -> "Kernels":
        """Ordinary operations only."""
        return cls(by_hand=False, bands=False, packed=False)


_active = Kernels()


def active() -> Kernels:
    """The kernels that are on now."""
    return _active


@contextmanager
def using(kernels: Kernels) -> Iterator[None]:
    """Use these kernels inside the block, in all threads.

    >>> with using(Kernels(bands=False)):
    ...     active().bands
    False
    >>> active().bands
    True
    """
    global _active
    before, _active = _active, kernels
    try:
        yield
    finally:
        _active = before
