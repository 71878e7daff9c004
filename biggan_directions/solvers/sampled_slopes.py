"""First derivatives measured at latents one by one, which can resume after any of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import torch

from biggan_directions.latents import signs, stream
from biggan_directions.solvers.evaluator import Evaluator
from biggan_directions.solvers.problem import Sample
from biggan_directions.solvers.slopes import slopes
from biggan_directions.solvers.state_checks import check_done, check_like


@dataclass(frozen=True, kw_only=True, eq=False)
class SampledSlopes:
    """Matrices JᵀJ in a basis of m vectors at the first ``done`` latents of a sample.

    Attributes:
        grams: float64 ``(capacity, 2, m, m)``: of each latent that of the whole image, per number, and the
            mean of those of all scales, each divided by its trace; zero for latents that are to come.
        done: number of latents.
    """

    grams: torch.Tensor
    done: int = 0

    @classmethod
    def empty(cls, size: int, capacity: int) -> SampledSlopes:
        """Nothing measured yet, in a basis of ``size`` vectors, with room for ``capacity`` latents."""
        return cls(grams=torch.zeros(capacity, 2, size, size, dtype=torch.float64))

    def stack(self, *, balanced: bool) -> torch.Tensor:
        """The matrices of the latents ``(done, m, m)``: of all scales and divided by their traces, or of the
        whole image as they are."""
        return self.grams[: self.done, int(balanced)]

    def effects(self, rotation: torch.Tensor) -> torch.Tensor:
        """RMS change of the image per unit of z along the rows of ``rotation (n, m)``: √(w E[JᵀJ] wᵀ)."""
        mean = self.grams[: self.done, 0].mean(dim=0)
        return ((rotation @ mean) * rotation).sum(dim=1).clamp(min=0).sqrt()

    def state_dict(self) -> dict[str, Any]:
        """Plain tensors and numbers, for a checkpoint."""
        return {"grams": self.grams, "done": self.done}

    def resumed(self, state: dict[str, Any] | None, *, name: str) -> SampledSlopes:
        """The matrices of a state, or these if there is no state.

        Raises:
            FileFormatError: the state does not fit.
        """
        if state is None:
            return self
        check_like(state, self.state_dict(), name)
        check_done(state["done"], len(self.grams), f"{name}.done")
        return SampledSlopes(grams=state["grams"], done=state["done"])

    def continued(
        self,
        evaluator: Evaluator,
        basis: torch.Tensor,
        sample: Sample,
        *,
        total: int,
        sides: tuple[int, ...],
        epsilon: float,
        seed: int,
    ) -> Iterator[SampledSlopes]:
        """Measure at one latent after another, until there are ``total``.

        Args:
            evaluator: draws the images; its process group shares the latents.
            basis: orthonormal rows ``(m, z_dim)``.
            sample: gives the latents.
            total: number of latents, at most the capacity.
            sides: sides in pixels of the blocks of each further scale.
            epsilon: step of the differences, in units of z.
            seed: seed of signs and sketches, one random stream per latent.

        Yields:
            The matrices after each latent; the same bytes if resumed.
        """
        size = len(basis)

        def at(index: int) -> torch.Tensor:
            found = slopes(
                evaluator,
                *sample(index),
                basis,
                signs=signs(1, size, purpose="learning/signs", seed=seed, offset=index)[0],
                epsilon=epsilon,
                generator=stream("learning/sketch", seed, index),
                sides=sides,
            )
            traces = found.diagonal(dim1=1, dim2=2).sum(dim=1)
            known = found[traces > 0] / traces[traces > 0, None, None]
            balanced = known.mean(dim=0) if len(known) else torch.zeros_like(found[0])
            return torch.stack([found[0], balanced]).flatten()

        sums = self
        for indices in evaluator.group.rounds(range(self.done, total)):
            for found in evaluator.shared(indices, at):
                grams = sums.grams.clone()
                grams[sums.done] = found.reshape(2, size, size)
                sums = SampledSlopes(grams=grams, done=sums.done + 1)
                yield sums
