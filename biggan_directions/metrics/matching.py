"""Two sets of directions side by side: which is which, and how far apart the spaces they span."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from scipy.optimize import linear_sum_assignment

from biggan_directions.errors import UsageError

MATCHED = 0.5**0.5
"""|cos| from which a pair is a match: two orthonormal directions cannot both be that near to a third."""


@dataclass(frozen=True, kw_only=True)
class Pair:
    """A direction of one set, and the one of the other that is paired with it.

    Attributes:
        first: its index in the first set.
        second: its index in the second.
        cosine: |cos| of the angle between the two, in [0, 1].
    """

    first: int
    second: int
    cosine: float

    @property
    def matched(self) -> bool:
        """Whether the two are so near that neither can be nearer to another of the set: 45° or less."""
        return self.cosine >= MATCHED


def match(first: torch.Tensor, second: torch.Tensor) -> tuple[Pair, ...]:
    """Match directions one to one so that the sum of their |cos| is largest (the Hungarian method).

    Args:
        first: orthonormal rows ``(n, z_dim)``.
        second: orthonormal rows ``(m, z_dim)``.

    Returns:
        min(n, m) pairs, in the order of the first set.

    Raises:
        UsageError: the two are not of one z.

    >>> match(torch.eye(3)[:2], torch.eye(3)[[2, 1, 0]])
    (Pair(first=0, second=2, cosine=1.0), Pair(first=1, second=1, cosine=1.0))
    """
    cosines = _products(first, second).abs().clamp(max=1)
    rows, columns = linear_sum_assignment(cosines.numpy(), maximize=True)
    return tuple(
        Pair(first=int(row), second=int(column), cosine=float(cosines[row, column]))
        for row, column in zip(rows, columns, strict=True)
    )


def nearest(first: torch.Tensor, second: torch.Tensor) -> tuple[Pair, ...]:
    """For each direction of the first set the one of the second with the largest |cos|.

    One of the second set may be the nearest of several. Arguments and errors as of :func:`match`.

    >>> nearest(torch.eye(3)[:2], torch.eye(3)[[2, 1, 0]])
    (Pair(first=0, second=2, cosine=1.0), Pair(first=1, second=1, cosine=1.0))
    """
    cosines, columns = _products(first, second).abs().clamp(max=1).max(dim=1)
    return tuple(
        Pair(first=row, second=int(column), cosine=float(cosine))
        for row, (column, cosine) in enumerate(zip(columns, cosines, strict=True))
    )


def principal_angles(first: torch.Tensor, second: torch.Tensor) -> torch.Tensor:
    """Angles between the spanned spaces, smallest first: min(n, m) of them, in degrees, float64.

    Small angles come from their sines, since a cosine near 1 says little (Å. Björck and G. Golub, "Numerical
    methods for computing angles between linear subspaces", Mathematics of Computation 27, 1973).

    Args:
        first: orthonormal rows ``(n, z_dim)``.
        second: orthonormal rows ``(m, z_dim)``.

    Raises:
        UsageError: the two are not of one z.

    >>> principal_angles(torch.eye(3)[:2], torch.eye(3)[1:]).tolist()
    [0.0, 90.0]
    """
    if len(first) > len(second):
        first, second = second, first
    products = _products(first, second)
    cosines = torch.linalg.svdvals(products).clamp(max=1)
    outside = first.double() - products @ second.double()
    sines = torch.linalg.svdvals(outside).flip(0).clamp(max=1)
    return torch.rad2deg(torch.where(cosines**2 > 0.5, sines.asin(), cosines.acos()))


def _products(first: torch.Tensor, second: torch.Tensor) -> torch.Tensor:
    if first.ndim != 2 or second.ndim != 2 or first.shape[1] != second.shape[1]:
        raise UsageError(
            f"directions of shapes {tuple(first.shape)} and {tuple(second.shape)} are not of one z: "
            "only sets of the same z_dim can be compared"
        )
    return first.double().cpu() @ second.double().cpu().T
