"""Joint diagonalisation: one rotation that makes many symmetric matrices most diagonal, after Jacobi."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import torch

from biggan_directions.errors import UsageError
from biggan_directions.latents import stream
from biggan_directions.linalg import random_rotation

_STARTS = 4  # as a check against local minima; the results were seen to agree up to rounding
_ONE_START_ABOVE = 24  # dimensions above which further starts are too expensive


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


def off_diagonal_share(stack: torch.Tensor, rotation: torch.Tensor) -> float:
    """Share of the energy of ``stack (n, m, m)``, turned by ``rotation (m, m)``, off the diagonal."""
    return _off_diagonal((rotation @ stack @ rotation.T).permute(1, 2, 0))


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
    rounds = _rounds(size)
    for _ in range(_MOST_SWEEPS):
        largest = 0.0
        for upper, lower in rounds:
            angles = _angles(turned, upper, lower)
            _turn(turned, upper, lower, angles)
            _turn(turned, upper, lower, angles, dim=1)
            _turn(rotation, upper, lower, angles)
            largest = max(largest, float(angles.abs().max()))
        converged = largest <= tolerance
        yield Sweep(rotation=rotation.clone(), off_diagonal=_off_diagonal(turned), converged=converged)
        if converged:
            return


def diagonalise(
    stack: torch.Tensor,
    *,
    start: torch.Tensor | None = None,
    seed: int = 0,
    starts: int | None = None,
    tolerance: float = 1e-7,
) -> Sweep:
    """Run the sweeps from several initial bases, and keep the result with the least share off the diagonal.

    Args:
        stack: symmetric matrices ``(n, m, m)``.
        start: the first initial basis ``(m, m)``; the identity if omitted.
        seed: seed of the further, random ones.
        starts: number of initial bases; by default four, but one for large matrices.
        tolerance: as of :func:`jacobi_sweeps`.

    Returns:
        The last sweep of the best start.
    """
    size = stack.shape[1]
    if starts is None:
        starts = _STARTS if size <= _ONE_START_ABOVE else 1
    best: Sweep | None = None
    for index in range(starts):
        if index:
            start = random_rotation(size, stream("start", seed, index))
        *_, last = jacobi_sweeps(stack, start=start, tolerance=tolerance)
        # Equal minima differ only by rounding: keep the first.
        if best is None or last.off_diagonal < best.off_diagonal * (1 - 1e-6) - 1e-15:
            best = last
    assert best is not None
    return best


def _off_diagonal(turned: torch.Tensor) -> float:
    """Share of the sum of squares of ``(m, m, n)`` off the diagonal of the first two."""
    squares = turned.square()
    total = float(squares.sum())
    squares.diagonal(dim1=0, dim2=1).zero_()
    return float(squares.sum()) / total if total > 0 else float("nan")


def _rounds(size: int) -> list[tuple[torch.Tensor, torch.Tensor]]:
    """All pairs of rows, in rounds of disjoint pairs, which are turned at once: a round-robin tournament.

    >>> [(upper.tolist(), lower.tolist()) for upper, lower in _rounds(3)]
    [([1], [2]), ([0], [2]), ([0], [1])]
    """
    places = list(range(size + size % 2))  # with an idle place if the number of rows is odd
    rounds = []
    for _ in range(len(places) - 1):
        half = len(places) // 2
        pairs = sorted(sorted(pair) for pair in zip(places[:half], reversed(places[half:]), strict=True))
        pairs = [pair for pair in pairs if pair[1] < size]
        if pairs:
            upper, lower = torch.tensor(pairs, dtype=torch.int64).T
            rounds.append((upper, lower))
        places = [places[0], places[-1], *places[1:-1]]
    return rounds


def _angles(turned: torch.Tensor, upper: torch.Tensor, lower: torch.Tensor) -> torch.Tensor:
    """The rotation angle of each pair of rows that maximises the squares on the diagonal."""
    a, b = turned[upper, upper] - turned[lower, lower], 2 * turned[upper, lower]
    g, h = a.square().sum(dim=1) - b.square().sum(dim=1), 2 * (a * b).sum(dim=1)
    return 0.25 * torch.atan2(h, g)


def _turn(
    rows: torch.Tensor, upper: torch.Tensor, lower: torch.Tensor, angles: torch.Tensor, *, dim: int = 0
) -> None:
    """Rotate each pair of rows, or of slices along ``dim``, by its angle, in place."""
    shape = [1] * rows.ndim
    shape[dim] = -1
    sine, cosine = angles.sin().reshape(shape), angles.cos().reshape(shape)
    above, below = rows.index_select(dim, upper), rows.index_select(dim, lower)
    rows.index_copy_(dim, upper, torch.addcmul(cosine * above, sine, below))
    rows.index_copy_(dim, lower, torch.addcmul(cosine * below, sine, above, value=-1))
