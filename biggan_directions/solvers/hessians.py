"""The second derivatives of a picture in a basis, as the sums of products that solving for directions needs.

Whatever is asked of the Hessians H_n of many numbers n (pixels at many latents), be it their squares in any
other basis or the rotation that makes them most diagonal, follows from one matrix: the Gram matrix Σ_n x_n
x_nᵀ, where x_n lists the entries H_ij, i ≤ j, of H_n. It has m(m+1)/2 rows for m basis vectors, however many
pixels and latents there are; it adds up over latents, and loses nothing.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import torch

from biggan_directions.errors import UsageError
from biggan_directions.evaluation import Evaluator
from biggan_directions.solvers.sketch import Sketch, block_average

_CHUNK = 1 << 16  # numbers of a picture that are taken to float64 at once


@dataclass(frozen=True, kw_only=True)
class Differences:
    """How second differences are taken.

    Attributes:
        epsilon: step along a basis vector, in units of z. Smaller, and rounding drowns the difference;
            larger, and it is no longer local.
        average: side in pixels of the blocks that the picture is averaged over before it is solved on.
        sketch: numbers kept of a picture by the random sketch, where it has more.
    """

    epsilon: float = 0.1
    average: int = 4
    sketch: int = 2048

    def __post_init__(self) -> None:
        if not (math.isfinite(self.epsilon) and self.epsilon > 0):
            raise UsageError(f"epsilon must be a finite number above 0, got {self.epsilon}")
        if self.average < 1:
            raise UsageError(f"the picture is averaged over blocks of at least 1 pixel, got {self.average}")
        if self.sketch < 1:
            raise UsageError(f"a sketch must keep at least 1 number, got {self.sketch}")


@dataclass(frozen=True, kw_only=True, eq=False)
class Moments:
    """Sums over latents and pixels of products of first and of second derivatives in a basis of m vectors.

    Attributes:
        pairs: ``(P, 2)``, the entries (i, j), i ≤ j, that were measured; all, or those of the first rows.
        smooth: Gram matrix of the second derivatives of the block-averaged picture, float64 ``(P, P)``.
        full: the same of the whole picture, through the sketch.
        slopes: Σ JᵀJ in the basis, of the whole picture, float64 ``(m, m)``.
        numbers: how many numbers the slopes are summed over: pixels × channels × latents.
    """

    pairs: torch.Tensor
    smooth: torch.Tensor
    full: torch.Tensor
    slopes: torch.Tensor
    numbers: int

    @property
    def size(self) -> int:
        """How many vectors the basis has."""
        return len(self.slopes)

    @property
    def rows(self) -> int:
        """How many rows of the Hessian were measured whole."""
        return int(self.pairs[:, 0].max()) + 1 if len(self.pairs) else 0

    def __add__(self, other: Moments) -> Moments:
        """Add what was measured at other latents."""
        return Moments(
            pairs=self.pairs,
            smooth=self.smooth + other.smooth,
            full=self.full + other.full,
            slopes=self.slopes + other.slopes,
            numbers=self.numbers + other.numbers,
        )

    @classmethod
    def zero(cls, size: int, rows: int) -> Moments:
        """Nothing measured yet, for the first ``rows`` rows of the Hessian in a basis of ``size`` vectors."""
        pairs = pair_list(size, rows)
        return cls(
            pairs=pairs,
            smooth=torch.zeros(len(pairs), len(pairs), dtype=torch.float64),
            full=torch.zeros(len(pairs), len(pairs), dtype=torch.float64),
            slopes=torch.zeros(size, size, dtype=torch.float64),
            numbers=0,
        )

    def state_dict(self) -> dict[str, Any]:
        """Plain tensors and numbers, for a checkpoint."""
        return {name: getattr(self, name) for name in ("pairs", "smooth", "full", "slopes", "numbers")}

    @classmethod
    def from_state(cls, state: dict[str, Any]) -> Moments:
        """Take up what :meth:`state_dict` gave."""
        return cls(**state)

    def effects(self, rotation: torch.Tensor) -> torch.Tensor:
        """RMS change of the picture per unit of z along the rows of ``rotation (n, m)``: √(w E[JᵀJ] wᵀ)."""
        squares = ((rotation @ self.slopes) * rotation).sum(dim=1) / max(self.numbers, 1)
        return squares.clamp(min=0).sqrt()

    def stack(self, *, smooth: bool = True) -> torch.Tensor:
        """Symmetric matrices ``(n, m, m)``, n ≤ P, with the same Gram matrix: all the Hessians, made few.

        Raises:
            UsageError: only some rows were measured.
        """
        if self.rows != self.size:
            raise UsageError(
                f"the Hessian's first {self.rows} of {self.size} rows were measured: all are needed"
            )
        values, vectors = torch.linalg.eigh(self.smooth if smooth else self.full)
        kept = values > 1e-14 * values.max().clamp(min=0)
        entries = (values[kept].sqrt() * vectors[:, kept]).T.flip(0)
        matrices = torch.zeros(len(entries), self.size, self.size, dtype=torch.float64)
        first, second = self.pairs.T
        matrices[:, first, second] = entries
        matrices[:, second, first] = entries
        return matrices

    def row_shares(self, rotation: torch.Tensor | None = None) -> torch.Tensor:
        r"""Share of each row's energy off the diagonal: Σ_{j≠i} H_ij² / Σ_j H_ij², over the whole picture.

        Args:
            rotation: orthogonal ``(m, m)``, the basis to turn to first; the basis as measured where left out.

        Returns:
            float64, one a row that was measured; NaN where the row is 0.
        """
        if rotation is not None:
            squares = (rotation @ self.stack(smooth=False) @ rotation.T).square().sum(dim=0)
        else:
            squares = torch.zeros(self.size, self.size, dtype=torch.float64)
            first, second = self.pairs.T
            squares[first, second] = self.full.diagonal()
            squares[second, first] = self.full.diagonal()
        squares = squares[: self.rows]
        total = squares.sum(dim=1)
        squares.diagonal().zero_()
        return torch.where(total > 0, squares.sum(dim=1) / total, float("nan"))


def pair_list(size: int, rows: int) -> torch.Tensor:
    """The entries (i, j), i ≤ j and i < rows, of a symmetric matrix of ``size`` rows: ``(P, 2)``."""
    return torch.tensor([(i, j) for i in range(rows) for j in range(i, size)], dtype=torch.int64).reshape(
        -1, 2
    )


def evaluations_per_latent(size: int, rows: int) -> int:
    """How many pictures :func:`measure` draws: the centre, two along each vector, one for each pair."""
    return 1 + 2 * size + len(pair_list(size, rows)) - rows


def measure(
    evaluator: Evaluator,
    z: torch.Tensor,
    which: torch.Tensor | None,
    basis: torch.Tensor,
    *,
    signs: torch.Tensor,
    differences: Differences,
    generator: torch.Generator,
    rows: int | None = None,
) -> Moments:
    r"""Measure first and second derivatives of the picture at one latent, from forward passes alone.

    On the diagonal, [f(z + εvᵢ) − 2 f(z) + f(z − εvᵢ)] / ε²; off it, one more picture for each pair,

        H_ij ≈ [f(z + εsᵢvᵢ + εsⱼvⱼ) − f(z + εsᵢvᵢ) − f(z + εsⱼvⱼ) + f(z)] sᵢ sⱼ / ε²,

    which is central at z + ε(sᵢvᵢ + sⱼvⱼ)/2. Signs s drawn anew for each latent turn that shift into noise.
    Exact where f is quadratic. The picture is differenced block-averaged (:attr:`Moments.smooth`) and whole
    (:attr:`Moments.full`), each through a sketch if it has more than ``differences.sketch`` numbers.

    Args:
        evaluator: what draws.
        z: the latent ``(z_dim,)``.
        which: its class, a tensor of one index, or none.
        basis: orthonormal rows ``(m, z_dim)``.
        signs: ±1, ``(m,)``.
        differences: step, blocks and sketch.
        generator: where the sketch is drawn from.
        rows: how many of the Hessian's rows to measure; all where left out.

    Returns:
        What one latent adds.
    """
    size = len(basis)
    rows = size if rows is None else rows
    pairs = pair_list(size, rows)
    crossed = pairs[pairs[:, 0] != pairs[:, 1]]
    steps = _steps(size, crossed, signs.double())
    points = (z.double() + differences.epsilon * steps @ basis.double()).to(z.dtype)
    classes = None if which is None else which.reshape(1).expand(len(points))

    features: list[torch.Tensor] = []
    shrink: tuple[Sketch, Sketch] | None = None
    for part, images in evaluator.pictures(points, classes):
        small, whole = block_average(images, differences.average), images.flatten(1)
        if shrink is None:
            shrink = (
                Sketch(small.shape[1], differences.sketch, generator),
                Sketch(whole.shape[1], differences.sketch, generator),
            )
            slopes = torch.zeros(size, whole.shape[1], dtype=whole.dtype, device=whole.device)
        features.append(torch.cat([shrink[0](small), shrink[1](whole)], dim=1))
        for row in range(max(part.start, 1), min(part.stop, 2 * size + 1)):
            slopes[(row - 1) // 2].add_(whole[row - part.start], alpha=1.0 if row % 2 else -1.0)
    assert shrink is not None
    seconds = (
        _second_differences(torch.cat(features).double(), size, pairs, crossed, signs)
        / differences.epsilon**2
    )
    smooth, full = seconds[:, : shrink[0].size], seconds[:, shrink[0].size :]
    scale = signs.double() / (2 * differences.epsilon)
    return Moments(
        pairs=pairs,
        smooth=(smooth @ smooth.T).cpu(),
        full=(full @ full.T).cpu(),
        slopes=_gram(slopes).cpu() * scale[:, None] * scale,
        numbers=slopes.shape[1],
    )


def _steps(size: int, crossed: torch.Tensor, signs: torch.Tensor) -> torch.Tensor:
    """Where to look, in units of epsilon along the basis: 0, then +s₀, −s₀, +s₁, −s₁, …, then each pair."""
    steps = torch.zeros(1 + 2 * size + len(crossed), size, dtype=torch.float64)
    index = torch.arange(size)
    steps[1 + 2 * index, index] = signs
    steps[2 + 2 * index, index] = -signs
    pair = 1 + 2 * size + torch.arange(len(crossed))
    for column in crossed.T:
        steps[pair, column] = signs[column]
    return steps


def _second_differences(
    features: torch.Tensor, size: int, pairs: torch.Tensor, crossed: torch.Tensor, signs: torch.Tensor
) -> torch.Tensor:
    """Turn what was seen at the steps into H_ij ε² for each of the pairs: ``(P, numbers)``."""
    centre, singles = features[0], features[1 : 1 + 2 * size]
    ahead, behind = singles[0::2] - centre, singles[1::2] - centre
    together = features[1 + 2 * size :] - centre
    first, second = crossed.T
    sign = (signs[first] * signs[second]).to(features)
    mixed = (together - ahead[first] - ahead[second]) * sign[:, None]
    out = features.new_empty(len(pairs), features.shape[1])
    on_diagonal = pairs[:, 0] == pairs[:, 1]
    own = pairs[on_diagonal, 0]
    out[on_diagonal.to(out.device)] = ahead[own] + behind[own]
    out[~on_diagonal.to(out.device)] = mixed
    return out


def _gram(rows: torch.Tensor) -> torch.Tensor:
    """Products of ``rows (m, numbers)`` with each other, summed in float64 a piece at a time."""
    gram = rows.new_zeros(len(rows), len(rows), dtype=torch.float64)
    for start in range(0, rows.shape[1], _CHUNK):
        wide = rows[:, start : start + _CHUNK].double()
        gram += wide @ wide.T
    return gram
