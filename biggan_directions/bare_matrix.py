"""A matrix of directions that a file holds alone: what it must be, and its place in z."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch

from biggan_directions.errors import FileFormatError
from biggan_directions.solvers.coordinate_block import PARTS, parse_search_space

_MOST_COLUMNS = 4096  # as the checkpoints' z_dim


def checked_matrix(matrix: Any, path: Path) -> torch.Tensor:
    """A copy of a matrix ``(ndirs, z_dim)`` of finite numbers, with no more rows than columns.

    Raises:
        FileFormatError: it is anything else.
    """
    if not isinstance(matrix, torch.Tensor) or matrix.ndim != 2 or not matrix.is_floating_point():
        raise FileFormatError(f"{path} does not hold a matrix of numbers")
    rows, columns = matrix.shape
    if columns > _MOST_COLUMNS:
        raise FileFormatError(f"{path} has {columns} columns, expected at most {_MOST_COLUMNS}")
    if not 1 <= rows <= columns:
        raise FileFormatError(
            f"{path} has {rows} directions in {columns} dimensions: expected 1 to {columns}"
        )
    if not torch.isfinite(matrix).all():
        raise FileFormatError(f"{path} holds NaN or infinite numbers")
    return matrix.detach().clone()


def orthonormality_error(rows: torch.Tensor) -> float:
    """The largest entry of ``|QQᵀ − I|``.

    >>> orthonormality_error(torch.eye(2) * 2)
    3.0
    """
    q = rows.double()
    return float((q @ q.T - torch.eye(len(q), dtype=torch.float64)).abs().max())


def placed_in_z(matrix: Any, path: Path, z_dim: int | None, search_space: str) -> torch.Tensor:
    """The rows of a matrix made orthonormal in their order, and placed in z.

    Args:
        matrix: ``(ndirs, columns)``.
        path: its file, for errors.
        z_dim: size of z; None: the number of columns.
        search_space: the part of z that the columns stand for.

    Returns:
        float32 ``(ndirs, z_dim)``, with zeros outside that part.

    Raises:
        FileFormatError: the matrix does not fit z, or its rows are linearly dependent.
        UsageError: there is no such part of z.
    """
    rows = checked_matrix(matrix, path).double()
    width = rows.shape[1]
    total = width if z_dim is None else z_dim
    block = parse_search_space(search_space, total)
    if block.size != width:
        parts = f"{', '.join(PARTS)}, or " if total == len(PARTS) * width else ""
        raise FileFormatError(
            f"{path} has {width} columns, but {search_space} of this model's z has {block.size} coordinates: "
            f"choose its own model, or --search-space {parts}START:STOP with {width} coordinates"
        )
    rows = rows / rows.norm(dim=1, keepdim=True).clamp_min(1e-300)
    q, r = torch.linalg.qr(rows.T)
    diagonal = r.diagonal()
    if diagonal.abs().min() < 1e-6:
        raise FileFormatError(f"{path} has linearly dependent rows: directions must be independent")
    return block.placed((q * diagonal.sign()).T, total).float()
