"""One switch for all fast ways of this folder, to measure them and to look for errors."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Kernels:
    """The fast ways by name; ``Kernels.none()`` leaves each layer's ``plain``.

    Attributes:
        by_hand: layers overwrite their own memory and have derivatives written by hand.
        bands: tensors that outgrow a cache are worked on a band at a time (CPU only).
        packed: convolutions keep their weight as oneDNN lays it out (CPU only).

    All but the first are parts of ``by_hand``, and do nothing without it.
    """

    by_hand: bool = True
    bands: bool = True
    packed: bool = True

    @classmethod
    def none(cls) -> "Kernels":
        """Ordinary operations alone."""
        return cls(by_hand=False, bands=False, packed=False)


_active = Kernels()


def active() -> Kernels:
    """The fast ways that are taken now."""
    return _active


@contextmanager
def using(kernels: Kernels) -> Iterator[None]:
    """Take these fast ways for as long as the block lasts, in all threads.

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
