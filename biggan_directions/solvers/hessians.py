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

from biggan_directions.solvers.derivatives import Derivatives, pair_list

_CHUNK = 1 << 16  # numbers of an image that are converted to float64 at once


@dataclass(frozen=True, kw_only=True, eq=False)
class Moments:
    """Sums over latents and pixels of products of first and of second derivatives in a basis of m vectors.

    Attributes:
        pairs: ``(P, 2)``, the entries (i, j), i ≤ j.
        smooth: Gram matrix of the second derivatives used for solving: of block averages, balanced or not;
            float64 ``(P, P)``.
        slopes: Σ JᵀJ in the basis, of the whole image, float64 ``(m, m)``.
        numbers: the number of terms in the slopes: pixels × channels × latents.
    """

    pairs: torch.Tensor
    smooth: torch.Tensor
    slopes: torch.Tensor
    numbers: int

    @property
    def size(self) -> int:
        """The number of basis vectors."""
        return len(self.slopes)

    def __add__(self, other: Moments) -> Moments:
        """Add the sums over other latents."""
        return Moments(
            pairs=self.pairs,
            smooth=self.smooth + other.smooth,
            slopes=self.slopes + other.slopes,
            numbers=self.numbers + other.numbers,
        )

    @classmethod
    def zero(cls, size: int) -> Moments:
        """Nothing measured yet, in a basis of ``size`` vectors."""
        pairs = pair_list(size)
        return cls(
            pairs=pairs,
            smooth=torch.zeros(len(pairs), len(pairs), dtype=torch.float64),
            slopes=torch.zeros(size, size, dtype=torch.float64),
            numbers=0,
        )

    @classmethod
    def of(cls, found: Derivatives, *, signs: torch.Tensor, epsilon: float) -> Moments:
        """Sum up the derivatives of the image at one latent, measured with these signs and this step."""
        scale = signs.double() / (2 * epsilon)
        return cls(
            pairs=found.pairs,
            smooth=(found.smooth @ found.smooth.T).cpu(),
            slopes=_gram(found.changes).cpu() * scale[:, None] * scale,
            numbers=found.changes.shape[1],
        )

    def state_dict(self) -> dict[str, Any]:
        """Plain tensors and numbers, for a checkpoint."""
        return {name: getattr(self, name) for name in ("pairs", "smooth", "slopes", "numbers")}

    @classmethod
    def from_state(cls, state: dict[str, Any]) -> Moments:
        """Restore the sums from :meth:`state_dict`."""
        return cls(**state)

    def flat(self) -> torch.Tensor:
        """The sums as one vector, float64."""
        numbers = torch.tensor([self.numbers], dtype=torch.float64)
        return torch.cat([numbers, self.smooth.flatten(), self.slopes.flatten()])

    def of_flat(self, flat: torch.Tensor) -> Moments:
        """Restore sums in the same basis from :meth:`flat`."""
        numbers, smooth, slopes = torch.split(flat, [1, self.smooth.numel(), self.slopes.numel()])
        return Moments(
            pairs=self.pairs,
            smooth=smooth.reshape(self.smooth.shape),
            slopes=slopes.reshape(self.slopes.shape),
            numbers=int(numbers),
        )

    def effects(self, rotation: torch.Tensor) -> torch.Tensor:
        """RMS change of the image per unit of z along the rows of ``rotation (n, m)``: √(w E[JᵀJ] wᵀ)."""
        squares = ((rotation @ self.slopes) * rotation).sum(dim=1) / max(self.numbers, 1)
        return squares.clamp(min=0).sqrt()

    def stack(self) -> torch.Tensor:
        """Symmetric matrices ``(n, m, m)``, n ≤ P, with the same Gram matrix: all the Hessians, made few."""
        values, vectors = torch.linalg.eigh(self.smooth)
        kept = values > 1e-14 * values.max().clamp(min=0)
        entries = (values[kept].sqrt() * vectors[:, kept]).T.flip(0)
        matrices = torch.zeros(len(entries), self.size, self.size, dtype=torch.float64)
        first, second = self.pairs.T
        matrices[:, first, second] = entries
        matrices[:, second, first] = entries
        return matrices


def _gram(rows: torch.Tensor) -> torch.Tensor:
    """Products of ``rows (m, numbers)`` with each other, summed in float64 chunk by chunk."""
    gram = rows.new_zeros(len(rows), len(rows), dtype=torch.float64)
    for start in range(0, rows.shape[1], _CHUNK):
        wide = rows[:, start : start + _CHUNK].double()
        gram += wide @ wide.T
    return gram
