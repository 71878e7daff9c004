"""Latents z, their classes, and every other random number: one random stream per sample.

Sample ``s`` depends only on the seed, the purpose and ``s``, not on how many samples are drawn or in what
batches. The numbers are derived from SHAKE-256, so they are the same on every machine and with every version
of torch.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sized
from typing import Protocol

import torch

from biggan_directions.errors import UsageError

_BOUND = 2.0  # BigGAN's truncated normal keeps [-2, 2] (arXiv:1809.11096, section 3.1)
_BITS = 52  # of a uniform number: (k + 1/2) / 2^52 is exact in float64, and never 0 or 1


def _key(purpose: str, seed: int, index: int) -> bytes:
    return f"{purpose}\0{seed}\0{index}".encode()


def uniforms(count: int, width: int, *, purpose: str, seed: int, offset: int = 0) -> torch.Tensor:
    """Draw uniform numbers in (0, 1), one random stream per row.

    Args:
        count: rows, from sample ``offset`` on.
        width: numbers per row.
        purpose: what the numbers are for; different purposes never share a stream.
        seed: any integer.
        offset: index of the first sample.

    Returns:
        float64 ``(count, width)``.

    Raises:
        UsageError: ``count``, ``width`` or ``offset`` is below 0.

    >>> whole = uniforms(4, 3, purpose="example", seed=0)
    >>> torch.equal(whole[2:], uniforms(2, 3, purpose="example", seed=0, offset=2))
    True
    """
    if count < 0 or width < 0 or offset < 0:
        raise UsageError(f"count, width and offset must be 0 or more, got {count}, {width} and {offset}")
    if count * width == 0:
        return torch.empty(count, width, dtype=torch.float64)
    data = b"".join(
        hashlib.shake_256(_key(purpose, seed, index)).digest(8 * width)
        for index in range(offset, offset + count)
    )
    integers = torch.frombuffer(bytearray(data), dtype=torch.int64).reshape(count, width)
    kept = (integers >> (64 - _BITS)) & ((1 << _BITS) - 1)
    return (kept.to(torch.float64) + 0.5) / float(1 << _BITS)


def signs(count: int, width: int, *, purpose: str, seed: int, offset: int = 0) -> torch.Tensor:
    """Draw fair signs ±1, one random stream per row: float64 ``(count, width)``; see :func:`uniforms`."""
    return torch.where(
        uniforms(count, width, purpose=purpose, seed=seed, offset=offset) < 0.5, -1.0, 1.0
    ).double()


def stream(purpose: str, seed: int, index: int = 0) -> torch.Generator:
    """Make a CPU generator for one large draw, seeded by purpose, seed and sample index."""
    digest = hashlib.shake_256(_key(purpose, seed, index)).digest(4)
    return torch.Generator().manual_seed(int.from_bytes(digest, "little"))


def sample_latents(
    count: int, z_dim: int, *, truncation: float, seed: int, purpose: str = "learning", offset: int = 0
) -> torch.Tensor:
    """Draw latents as BigGAN does: ``truncation`` times a standard normal truncated to [-2, 2].

    Args:
        count: number of latents, from sample ``offset`` on.
        z_dim: numbers per latent.
        truncation: scale, in (0, 1].
        seed: any integer.
        purpose: ``learning``, ``scoring``, ``rendering`` …; each has latents of its own, so that directions
            are not scored at the latents on which they were learnt.
        offset: index of the first sample.

    Returns:
        float32 ``(count, z_dim)``.

    Raises:
        UsageError: ``truncation`` is outside (0, 1], or a size is below 0.

    >>> z = sample_latents(3, 8, truncation=0.5, seed=0)
    >>> tuple(z.shape), bool((z.abs() <= 1).all())
    ((3, 8), True)
    """
    if not 0 < truncation <= 1:
        raise UsageError(f"truncation must be above 0 and at most 1, got {truncation}")
    uniform = uniforms(count, z_dim, purpose=f"{purpose}/latents", seed=seed, offset=offset)
    tail = 0.5 * math.erfc(_BOUND / math.sqrt(2))
    normal: torch.Tensor = torch.special.ndtri(tail + (1 - 2 * tail) * uniform)
    return (truncation * normal.clamp(-_BOUND, _BOUND)).to(torch.float32)


class Sampled(Protocol):
    """The parts of a generator on which sampling depends: its size of z, truncation and classes."""

    z_dim: int
    truncation: float

    @property
    def classes(self) -> Sized:
        """The classes that a class index selects from."""
        ...


def sample_inputs(
    generator: Sampled, start: int, count: int, purpose: str, *, seed: int
) -> tuple[torch.Tensor, torch.Tensor | None]:
    """Draw the inputs of a generator: latents and, if it has several classes, the class index of each.

    Args:
        generator: the generator to be called.
        start: index of the first sample.
        count: number of samples.
        purpose, seed: as in :func:`sample_latents`.

    Returns:
        float32 ``(count, z_dim)``; int64 ``(count,)``, or None for a single class.

    Raises:
        UsageError: as in :func:`sample_latents` and :func:`sample_classes`.
    """
    z = sample_latents(
        count, generator.z_dim, truncation=generator.truncation, seed=seed, purpose=purpose, offset=start
    )
    if len(generator.classes) == 1:
        return z, None
    return z, sample_classes(count, len(generator.classes), seed=seed, purpose=purpose, offset=start)


def sample_classes(
    count: int, classes: int, *, seed: int, purpose: str = "learning", offset: int = 0
) -> torch.Tensor:
    """Draw class indices: each class once in every run of ``classes`` samples, in random order.

    Args:
        count: number of samples, from sample ``offset`` on.
        classes: number of classes.
        seed: any integer.
        purpose: as in :func:`sample_latents`.
        offset: index of the first sample.

    Returns:
        int64 ``(count,)``, each in ``[0, classes)``.

    Raises:
        UsageError: ``classes`` is below 1.

    >>> sorted(sample_classes(3, 3, seed=0).tolist())
    [0, 1, 2]
    """
    if classes < 1:
        raise UsageError(f"there must be at least one class, got {classes}")
    if classes == 1 or count == 0:
        return torch.zeros(count, dtype=torch.int64)
    first, last = offset // classes, (offset + count - 1) // classes
    order: torch.Tensor = uniforms(
        last - first + 1, classes, purpose=f"{purpose}/classes", seed=seed, offset=first
    ).argsort(dim=1)
    start = offset - first * classes
    return order.flatten()[start : start + count].clone()
