"""Joint diagonalisation: one rotation that makes many symmetric matrices most diagonal, after Jacobi."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import torch

from biggan_directions.errors import UsageError


@dataclass(frozen=True, kw_only=True, eq=False)
class Sweep:
    """The state after one pass over all pairs of rows.

    Attributes:
        rotation: orthogonal, float64 ``(m, m)``; its rows are the new basis.
        off_diagonal: share of the stack's sum of squares that lies off the diagonal, in [0, 1].
        converged: whether all rotations were at most as large as the tolerance.
    """

    rotation: torch.Tensor
    off_diagonal: float
    converged: bool


def off_diagonal_share(stack: torch.Tensor, rotation: torch.Tensor | None = None) -> float:
    """Share of the energy of ``stack (n, m, m)``, turned by ``rotation (m, m)``, off the diagonal."""
    turned = stack if rotation is None else rotation @ stack @ rotation.T
    return _off_diagonal(turned.permute(1, 2, 0))


_MOST_SWEEPS = 100  # a safeguard; a few suffice


def jacobi_sweeps(
    stack: torch.Tensor, *, start: torch.Tensor | None = None, tolerance: float = 1e-7
) -> Iterator[Sweep]:
    r"""Minimise Σₙ Σ_{i≠j} (W Hₙ Wᵀ)ᵢⱼ² over orthogonal W, one pair of rows at a time.

    ‖W H Wᵀ‖ is the same for all orthogonal W, so the least energy off the diagonal is the most energy on it.
    A rotation of rows p and q by θ affects the latter only through (a, b) = (H_pp − H_qq, 2 H_pq), which it
    turns by 2θ. With g = Σ a² − Σ b² and h = 2 Σ a b over the stack, the diagonal's sum of squares is largest
    at

        θ = ¼ atan2(h, g),  |θ| ≤ π/4

    (after J.-F. Cardoso and A. Souloumiac, "Jacobi angles for simultaneous diagonalization", SIAM J. Matrix
    Anal. Appl. 17, 1996). The share off the diagonal never increases.

    Args:
        stack: symmetric matrices ``(n, m, m)``; converted to float64.
        start: the initial orthogonal matrix ``(m, m)``; the identity if omitted.
        tolerance: largest angle of a sweep, in radians, at convergence.

    Yields:
        A :class:`Sweep` after each pass; the last is the result.

    Raises:
        UsageError: the matrices are not square, or hold a number that is not finite.

    >>> stack = torch.stack([torch.tensor([[2.0, 1], [1, 2]]), torch.tensor([[0.0, 3], [3, 0]])])
    >>> *_, last = jacobi_sweeps(stack)
    >>> round(last.off_diagonal, 9), last.converged
    (0.0, True)
    """
    if stack.ndim != 3 or stack.shape[1] != stack.shape[2]:
        raise UsageError(f"expected a stack of square matrices (n, m, m), got shape {tuple(stack.shape)}")
    if not torch.isfinite(stack).all():
        raise UsageError("the matrices to be made diagonal hold a number that is not finite")
    size = stack.shape[1]
    rotation = torch.eye(size, dtype=torch.float64) if start is None else start.double().clone()
    turned = rotation @ stack.double() @ rotation.T
    turned = turned.permute(1, 2, 0).contiguous()  # (m, m, n), so that rows are contiguous
    for _ in range(_MOST_SWEEPS):
        largest = 0.0
        for p in range(size):
            for q in range(p + 1, size):
                angle = _angle(turned, p, q)
                if angle != 0.0:
                    _turn(turned, p, q, angle)
                    _turn(turned.transpose(0, 1), p, q, angle)
                    _turn(rotation, p, q, angle)
                largest = max(largest, abs(angle))
        converged = largest <= tolerance
        yield Sweep(rotation=rotation.clone(), off_diagonal=_off_diagonal(turned), converged=converged)
        if converged:
            return


def _off_diagonal(turned: torch.Tensor) -> float:
    """Share of the sum of squares of ``(m, m, n)`` off the diagonal of the first two."""
    squares = turned.square()
    total = float(squares.sum())
    squares.diagonal(dim1=0, dim2=1).zero_()
    return float(squares.sum()) / total if total > 0 else float("nan")


def _angle(turned: torch.Tensor, p: int, q: int) -> float:
    """The rotation angle of rows p and q that maximises the squares on the diagonal."""
    a, b = turned[p, p] - turned[q, q], 2 * turned[p, q]
    g, h = (torch.dot(a, a) - torch.dot(b, b)).item(), 2 * torch.dot(a, b).item()
    return 0.25 * math.atan2(h, g) if g or h else 0.0


def _turn(rows: torch.Tensor, p: int, q: int, angle: float) -> None:
    """Rotate rows p and q by the angle, in place."""
    sine, cosine = math.sin(angle), math.cos(angle)
    upper, lower = rows[p], rows[q]
    before = upper.clone()
    upper.mul_(cosine).add_(lower, alpha=sine)
    lower.mul_(cosine).sub_(before, alpha=sine)
