"""How far two sets of features are apart: Fréchet distance, precision and recall."""

from __future__ import annotations

import torch
from torch import Tensor

from biggan_directions.errors import UsageError

_NEIGHBOUR = 3  # k of arXiv:1904.06991, section 3
_BLOCK = 1024  # rows of a matrix of distances that are held at once


def frechet_distance(features: Tensor, reference: Tensor) -> float:
    """Fréchet distance of two normal distributions, as a share of the reference's variance.

    ``(|μ - μ_r|² + Tr(C + C_r - 2 (C_r^½ C C_r^½)^½)) / Tr C_r`` (arXiv:1706.08500, before the division,
    which makes it independent of the scale of the features).

    Args:
        features: ``(N, d)``.
        reference: ``(M, d)``.

    Raises:
        UsageError: there are fewer than two rows in one of them.

    >>> points = torch.tensor([[0.0, 1.0], [2.0, 0.0], [1.0, 3.0]])
    >>> round(frechet_distance(points, points), 6), round(frechet_distance(points + 1, points), 4)
    (0.0, 0.6)
    """
    if min(len(features), len(reference)) < 2:
        raise UsageError("a Fréchet distance needs at least two images on each side")
    first, second = features.double(), reference.double()
    shift = (first.mean(0) - second.mean(0)).square().sum()
    one, other = first.T.cov(), second.T.cov()
    root = _root(other)
    cross = torch.linalg.eigvalsh(root @ one @ root).clamp(min=0).sqrt().sum()
    return max(0.0, float((shift + one.trace() + other.trace() - 2 * cross) / other.trace()))


def coverage(features: Tensor, reference: Tensor) -> float:
    """The share of features that lie within the reference's manifold (arXiv:1904.06991, equation 1).

    The manifold is the union of balls around the reference's points, each reaching to its third neighbour.
    Of generated images in that of real ones this is precision, the other way around recall.

    Args:
        features: ``(N, d)``.
        reference: ``(M, d)``.

    Raises:
        UsageError: the reference has fewer than four points.

    >>> line = torch.arange(8.0)[:, None]
    >>> coverage(torch.tensor([[3.5], [20.0]]), line)
    0.5
    """
    if len(reference) <= _NEIGHBOUR:
        raise UsageError(
            f"precision and recall need at least {_NEIGHBOUR + 1} images per class, got {len(reference)}"
        )
    reach = torch.cat(
        [
            torch.cdist(block, reference).kthvalue(_NEIGHBOUR + 1).values  # the nearest is the point itself
            for block in torch.split(reference, _BLOCK)
        ]
    )
    inside = [(torch.cdist(block, reference) <= reach).any(1) for block in torch.split(features, _BLOCK)]
    return float(torch.cat(inside).float().mean())


def _root(matrix: Tensor) -> Tensor:
    """The symmetric square root of a positive semi-definite matrix."""
    values, vectors = torch.linalg.eigh(matrix)
    root: Tensor = (vectors * values.clamp(min=0).sqrt()) @ vectors.T
    return root
