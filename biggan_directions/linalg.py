"""Small functions on matrices whose rows are directions."""

from __future__ import annotations

import torch


def with_signs(rows: torch.Tensor) -> torch.Tensor:
    """Choose the sign of each row ``(n, z_dim)`` so that its component of largest magnitude is positive.

    >>> with_signs(torch.tensor([[0.5, -2.0]])).tolist()
    [[-0.5, 2.0]]
    """
    largest = rows.gather(1, rows.abs().argmax(dim=1, keepdim=True))
    return torch.where(largest < 0, -rows, rows)


def orthonormal(rows: torch.Tensor) -> torch.Tensor:
    """Gram–Schmidt on the rows, in their order: Q of the QR decomposition, with the signs of R's diagonal.

    >>> orthonormal(torch.tensor([[-2.0, 0.0], [1.0, 1.0]])).tolist()
    [[-1.0, 0.0], [0.0, 1.0]]
    """
    columns, triangle = torch.linalg.qr(rows.T)
    flips = torch.where(triangle.diagonal() < 0, -1.0, 1.0).to(rows.dtype)
    return torch.mul(columns, flips).T


def completed(directions: torch.Tensor, basis: torch.Tensor) -> torch.Tensor:
    """Extend ``directions (n, z_dim)`` to an orthonormal basis of their span together with that of ``basis``.

    The result begins with the directions. If they lie in the span of ``basis``, it spans the same space;
    otherwise a larger one.

    >>> completed(torch.tensor([[0.0, 1.0, 0.0]]), torch.eye(3)[:2]).abs().tolist()
    [[0.0, 1.0, 0.0], [1.0, 0.0, 0.0]]
    """
    directions, basis = orthonormal(directions.double()), basis.double()
    rest = basis - (basis @ directions.T) @ directions
    _, sizes, vectors = torch.linalg.svd(rest, full_matrices=False)
    extra = vectors[sizes > 1e-5]
    return orthonormal(torch.cat([directions, with_signs(extra)]))


def leading_pair(matrix: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Unit u and v with ``uᵀ W v`` the largest singular value of ``W``, from the smaller Gram matrix.

    >>> u, v = leading_pair(torch.diag(torch.tensor([2.0, 5.0])))
    >>> u.abs().tolist(), round((u @ torch.diag(torch.tensor([2.0, 5.0])) @ v).item(), 4)
    ([0.0, 1.0], 5.0)
    """
    wide = matrix.shape[0] < matrix.shape[1]
    gram = (matrix @ matrix.T if wide else matrix.T @ matrix).double()
    top = torch.linalg.eigh(gram).eigenvectors[:, -1].float()
    other = torch.nn.functional.normalize((matrix.T if wide else matrix) @ top, dim=0)
    return (top, other) if wide else (other, top)


def random_rotation(size: int, generator: torch.Generator) -> torch.Tensor:
    """A random orthogonal matrix, uniform over all of them: float64 ``(size, size)``.

    >>> turn = random_rotation(3, torch.Generator().manual_seed(0))
    >>> torch.allclose(turn @ turn.T, torch.eye(3, dtype=torch.float64))
    True
    """
    return orthonormal(torch.randn(size, size, generator=generator, dtype=torch.float64))
