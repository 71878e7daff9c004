"""Which orthogonal matrix makes directions the first coordinates of z."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch

from biggan_directions.errors import UsageError
from biggan_directions.generators.capabilities import LatentWeight
from biggan_directions.linalg import completed

_OUTSIDE = 1e-4  # length of what a direction may have outside its part of z; files are float32


@dataclass(frozen=True, kw_only=True, eq=False)
class Turning:
    """New coordinates of z.

    Attributes:
        rotation: Q, orthogonal, float64 ``(z_dim, z_dim)``: the new coordinates ``w`` stand for ``z = w Q``.
        coordinates: of each direction, the new coordinate that moves along it.
    """

    rotation: torch.Tensor
    coordinates: tuple[int, ...]


def turning(
    directions: torch.Tensor, *, parts: Sequence[range], weights: Sequence[LatentWeight] = ()
) -> Turning:
    """Make directions the first coordinates of z, in their order.

    The coordinates after them span the rest of z. They are ordered by how strongly the weights meet them, by
    the eigenvalues of Σ WᵀW with each W divided by its Frobenius norm, so that those on which the image does
    not depend come last.

    Args:
        directions: orthonormal rows ``(n, z_dim)``.
        parts: of z that must not be mixed: a direction becomes one of the first coordinates of its part.
        weights: the matrices that z is multiplied with.

    Raises:
        UsageError: a direction does not lie in one part.

    >>> turning(torch.tensor([[0.0, 1.0, 0.0]]), parts=[range(3)]).rotation.abs().tolist()[0]
    [0.0, 1.0, 0.0]
    """
    rows = directions.detach().cpu().double()
    size = rows.shape[1]
    met = torch.zeros(size, size, dtype=torch.float64)
    for weight in weights:
        matrix = weight.matrix.detach().cpu().double()
        met += matrix.T @ matrix / matrix.square().sum().clamp(min=torch.finfo(torch.float64).tiny)
    places = [_part_of(index, row, parts) for index, row in enumerate(rows)]
    rotation = torch.zeros(size, size, dtype=torch.float64)
    coordinates = [0] * len(rows)
    for place, part in enumerate(parts):
        inside = slice(part.start, part.stop)
        own = [index for index, other in enumerate(places) if other == place]
        for rank, index in enumerate(own):
            coordinates[index] = part.start + rank
        rotation[inside, inside] = _completed_by_weight(rows[own, inside], met[inside, inside])
    return Turning(rotation=rotation, coordinates=tuple(coordinates))


def _part_of(index: int, row: torch.Tensor, parts: Sequence[range]) -> int:
    """The place of the part of z in which a direction lies."""
    for place, part in enumerate(parts):
        outside = torch.cat([row[: part.start], row[part.stop :]])
        if float(outside.norm()) <= _OUTSIDE:
            return place
    listed = ", ".join(f"{part.start}:{part.stop}" for part in parts)
    raise UsageError(
        f"direction {index} mixes parts of z that meet different layers, so it cannot become one coordinate: "
        f"learn directions within one part ({listed}), for example with --search-space "
        f"{parts[0].start}:{parts[0].stop}"
    )


def _completed_by_weight(rows: torch.Tensor, met: torch.Tensor) -> torch.Tensor:
    """The rows, then an orthonormal basis of the rest: the eigenvectors of ``met`` there, strongest first."""
    size = len(met)
    basis = completed(rows, torch.eye(size, dtype=torch.float64)) if len(rows) else torch.eye(size).double()
    rest = basis[len(rows) :]
    vectors = torch.linalg.eigh(rest @ met @ rest.T).eigenvectors.flip(1)
    return torch.cat([basis[: len(rows)], vectors.T @ rest])
