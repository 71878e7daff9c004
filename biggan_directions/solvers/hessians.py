"""The second derivatives of images in a basis, reduced to the sums of products that solvers need.

Let H_n be the Hessians of many numbers n (pixels at many latents). Their squares in any other basis, and the
rotation that makes them most diagonal, follow from one matrix: the Gram matrix Σ_n x_n x_nᵀ, where x_n lists
the entries H_ij, i ≤ j, of H_n. It has m(m+1)/2 rows for m basis vectors, whatever the number of pixels and
latents, and it is additive over latents. No information is lost.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch

from biggan_directions.errors import UsageError
from biggan_directions.solvers.derivatives import Differences, derivatives, pair_list
from biggan_directions.solvers.evaluator import Evaluator

_CHUNK = 1 << 16  # numbers of an image that are converted to float64 at once


@dataclass(frozen=True, kw_only=True, eq=False)
class Moments:
    """Sums over latents and pixels of products of first and of second derivatives in a basis of m vectors.

    Attributes:
        pairs: ``(P, 2)``, the entries (i, j), i ≤ j, that were measured; all, or those of the first rows.
        smooth: Gram matrix of the second derivatives used for solving: of block averages, balanced or not;
            float64 ``(P, P)``, or its diagonal ``(P,)`` alone where no other basis will be asked about.
        full: the same of the whole picture, through the sketch.
        slopes: Σ JᵀJ in the basis, of the whole image, float64 ``(m, m)``.
        numbers: the number of terms in the slopes: pixels × channels × latents.
    """

    pairs: torch.Tensor
    smooth: torch.Tensor
    full: torch.Tensor
    slopes: torch.Tensor
    numbers: int

    @property
    def size(self) -> int:
        """The number of basis vectors."""
        return len(self.slopes)

    @property
    def products(self) -> bool:
        """Whether there are products of different entries, and not squares alone."""
        return self.full.ndim == 2

    @property
    def rows(self) -> int:
        """How many rows of the Hessian were measured whole."""
        return int(self.pairs[:, 0].max()) + 1 if len(self.pairs) else 0

    def __add__(self, other: Moments) -> Moments:
        """Add the sums over other latents."""
        return Moments(
            pairs=self.pairs,
            smooth=self.smooth + other.smooth,
            full=self.full + other.full,
            slopes=self.slopes + other.slopes,
            numbers=self.numbers + other.numbers,
        )

    @classmethod
    def zero(cls, size: int, rows: int, *, products: bool = True) -> Moments:
        """Nothing measured yet, for the first ``rows`` rows of the Hessian in a basis of ``size`` vectors.

        Without ``products``, squares alone are to be kept: thousands of times less for a hundred vectors.
        """
        pairs = pair_list(size, rows)
        shape = (len(pairs), len(pairs)) if products else (len(pairs),)
        return cls(
            pairs=pairs,
            smooth=torch.zeros(shape, dtype=torch.float64),
            full=torch.zeros(shape, dtype=torch.float64),
            slopes=torch.zeros(size, size, dtype=torch.float64),
            numbers=0,
        )

    def state_dict(self) -> dict[str, Any]:
        """Plain tensors and numbers, for a checkpoint."""
        return {name: getattr(self, name) for name in ("pairs", "smooth", "full", "slopes", "numbers")}

    @classmethod
    def from_state(cls, state: dict[str, Any]) -> Moments:
        """Restore the sums from :meth:`state_dict`."""
        return cls(**state)

    def flat(self) -> torch.Tensor:
        """The sums as one vector, float64."""
        numbers = torch.tensor([self.numbers], dtype=torch.float64)
        return torch.cat([numbers, self.smooth.flatten(), self.full.flatten(), self.slopes.flatten()])

    def of_flat(self, flat: torch.Tensor) -> Moments:
        """Restore sums in the same basis from :meth:`flat`."""
        sums = self.smooth.numel()
        numbers, smooth, full, slopes = torch.split(flat, [1, sums, sums, self.slopes.numel()])
        return Moments(
            pairs=self.pairs,
            smooth=smooth.reshape(self.smooth.shape),
            full=full.reshape(self.full.shape),
            slopes=slopes.reshape(self.slopes.shape),
            numbers=int(numbers),
        )

    def effects(self, rotation: torch.Tensor) -> torch.Tensor:
        """RMS change of the image per unit of z along the rows of ``rotation (n, m)``: √(w E[JᵀJ] wᵀ)."""
        squares = ((rotation @ self.slopes) * rotation).sum(dim=1) / max(self.numbers, 1)
        return squares.clamp(min=0).sqrt()

    def stack(self, *, smooth: bool = True) -> torch.Tensor:
        """Symmetric matrices ``(n, m, m)``, n ≤ P, with the same Gram matrix: all the Hessians, made few.

        Raises:
            UsageError: only some rows were measured, or squares alone.
        """
        if not self.products:
            raise UsageError(
                "squares of the Hessian's entries were kept, without their products: all are needed"
            )
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
            measured = self.full.diagonal() if self.products else self.full
            squares[first, second] = measured
            squares[second, first] = measured
        squares = squares[: self.rows]
        total = squares.sum(dim=1)
        squares.diagonal().zero_()
        return torch.where(total > 0, squares.sum(dim=1) / total, float("nan"))


def measure(
    evaluator: Evaluator,
    z: torch.Tensor,
    class_index: torch.Tensor | None,
    basis: torch.Tensor,
    *,
    signs: torch.Tensor,
    differences: Differences,
    generator: torch.Generator,
    rows: int | None = None,
    products: bool = True,
) -> Moments:
    """Sum up the first and second derivatives of the image at one latent.

    Arguments as of :func:`~biggan_directions.solvers.derivatives.derivatives`; ``products`` as of
    :meth:`Moments.zero`.

    Returns:
        The sums over this latent.
    """
    found = derivatives(
        evaluator,
        z,
        class_index,
        basis,
        signs=signs,
        differences=differences,
        generator=generator,
        rows=rows,
    )
    scale = signs.double() / (2 * differences.epsilon)
    return Moments(
        pairs=found.pairs,
        smooth=_products(found.smooth, products),
        full=_products(found.full, products),
        slopes=_gram(found.changes).cpu() * scale[:, None] * scale,
        numbers=found.changes.shape[1],
    )


def _products(entries: torch.Tensor, products: bool) -> torch.Tensor:
    """Products of all ``entries (P, numbers)`` with each other, or their squares alone."""
    return (entries @ entries.T if products else entries.square().sum(dim=1)).cpu()


def _gram(rows: torch.Tensor) -> torch.Tensor:
    """Products of ``rows (m, numbers)`` with each other, summed in float64 chunk by chunk."""
    gram = rows.new_zeros(len(rows), len(rows), dtype=torch.float64)
    for start in range(0, rows.shape[1], _CHUNK):
        wide = rows[:, start : start + _CHUNK].double()
        gram += wide @ wide.T
    return gram
