"""Principal components of samples that arrive in batches, in the memory of a few components."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import torch

_TINY = 1e-12  # of the largest variance: below it there is nothing but rounding


@dataclass(frozen=True, kw_only=True, eq=False)
class RunningComponents:
    r"""The leading principal components of all batches so far, as IncrementalPCA keeps them.

    Each batch X is centred by its own mean, so that batches may be of different classes. The components V and
    singular values s of n batches, and the batch n + 1, give those of the stack

        [diag(s) V; X − mean(X)] = U diag(s') V',

    of which the largest are kept (Ross et al., IJCV 77, 2008). As long as no more than are kept matter, this
    is exact.

    Attributes:
        scaled: diag(s) V, float64 ``(kept, width)``, the largest first; zero rows where there are fewer.
        count: number of samples so far.
    """

    scaled: torch.Tensor
    count: int = 0

    @classmethod
    def empty(cls, kept: int, width: int) -> RunningComponents:
        """No samples yet of ``width`` numbers; up to ``kept`` components will be kept."""
        return cls(scaled=torch.zeros(kept, width, dtype=torch.float64))

    def with_batch(self, samples: torch.Tensor) -> RunningComponents:
        """Add a batch ``(N, width)``.

        >>> samples = torch.tensor([[3.0, 0.0], [-3.0, 0.0], [0.0, 1.0], [0.0, -1.0]])
        >>> found = RunningComponents.empty(2, 2).with_batch(samples)
        >>> found.axes().abs().tolist(), [round(value, 6) for value in found.deviations().tolist()]
        ([[1.0, 0.0], [0.0, 1.0]], [2.12132, 0.707107])
        """
        samples = samples.double()
        stack = torch.cat([self.scaled, samples - samples.mean(dim=0)])
        vectors = torch.linalg.eigh(stack @ stack.T).eigenvectors.flip(1)[:, : len(self.scaled)]
        return RunningComponents(scaled=vectors.T @ stack, count=self.count + len(samples))

    def deviations(self) -> torch.Tensor:
        """The standard deviation along each component, the largest first: ``(kept,)``."""
        return torch.div(torch.linalg.vector_norm(self.scaled, dim=1), math.sqrt(max(self.count, 1)))

    def axes(self) -> torch.Tensor:
        """Orthonormal rows ``(n, width)``: the components along which anything varies."""
        lengths = torch.linalg.vector_norm(self.scaled, dim=1)
        alive = lengths.square() > _TINY * lengths.square().max()
        return torch.div(self.scaled[alive], lengths[alive, None])

    def state_dict(self) -> dict[str, Any]:
        """Plain tensors and numbers, for a checkpoint."""
        return {"scaled": self.scaled, "count": self.count}
