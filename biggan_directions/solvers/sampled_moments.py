"""Second derivatives summed over latents one by one, which can resume after any of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import torch

from biggan_directions.latents import signs, stream
from biggan_directions.solvers.derivatives import Differences, derivatives
from biggan_directions.solvers.evaluator import Evaluator
from biggan_directions.solvers.hessians import Moments
from biggan_directions.solvers.problem import Sample
from biggan_directions.solvers.state_checks import check_done, check_like


@dataclass(frozen=True, kw_only=True, eq=False)
class SampledMoments:
    """Sums over the first ``done`` latents of a sample, those of even and those of odd index apart.

    Attributes:
        halves: the sums over the latents of even and of odd index.
        done: number of latents.
    """

    halves: tuple[Moments, Moments]
    done: int = 0

    @classmethod
    def empty(cls, size: int) -> SampledMoments:
        """Nothing measured yet, in a basis of ``size`` vectors."""
        return cls(halves=(Moments.zero(size), Moments.zero(size)))

    @property
    def moments(self) -> Moments:
        """The sums over all latents."""
        return self.halves[0] + self.halves[1]

    def effects(self, rotation: torch.Tensor) -> torch.Tensor:
        """RMS change of the image per unit of z along the rows of ``rotation (n, m)``."""
        return self.moments.effects(rotation)

    def state_dict(self) -> dict[str, Any]:
        """Plain tensors and numbers, for a checkpoint."""
        return {"done": self.done, "halves": [half.state_dict() for half in self.halves]}

    def resumed(self, state: dict[str, Any] | None, *, total: int, name: str) -> SampledMoments:
        """The sums of a state, or these sums if there is no state.

        Args:
            state: from :meth:`state_dict` of sums of the same sizes.
            total: total number of latents.
            name: name of the state, for errors.

        Raises:
            FileFormatError: the state does not fit.
        """
        if state is None:
            return self
        check_like(state, self.state_dict(), name)
        check_done(state["done"], total, f"{name}.done")
        pairs = self.halves[0].pairs
        first, second = (Moments.from_state({**half, "pairs": pairs}) for half in state["halves"])
        return SampledMoments(halves=(first, second), done=state["done"])

    def continued(
        self,
        evaluator: Evaluator,
        basis: torch.Tensor,
        sample: Sample,
        *,
        total: int,
        differences: Differences,
        seed: int,
    ) -> Iterator[SampledMoments]:
        """Measure at one latent after another, until there are ``total``.

        Args:
            evaluator: draws the images; its process group shares the latents.
            basis: orthonormal rows ``(m, z_dim)``.
            sample: gives the latents.
            total: total number of latents.
            differences: settings of the second differences.
            seed: seed of signs and sketches, one random stream per latent.

        Yields:
            The sums after each latent; the same bytes if resumed.
        """
        sums = self

        def at(index: int) -> torch.Tensor:
            ahead = signs(1, len(basis), purpose="learning/signs", seed=seed, offset=index)[0]
            generator = stream("learning/sketch", seed, index)
            found = derivatives(
                evaluator, *sample(index), basis, signs=ahead, differences=differences, generator=generator
            )
            return Moments.of(found, signs=ahead, epsilon=differences.epsilon).flat()

        for indices in evaluator.group.rounds(range(self.done, total)):
            for found in evaluator.shared(indices, at):
                halves = list(sums.halves)
                half = sums.done % 2
                halves[half] = halves[half] + halves[half].of_flat(found)
                sums = SampledMoments(halves=(halves[0], halves[1]), done=sums.done + 1)
                yield sums
