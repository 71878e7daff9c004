"""First derivatives of the image inside a region, outside it, and along the change that others make."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import torch

from biggan_directions.latents import signs, stream
from biggan_directions.solvers.evaluator import Evaluator
from biggan_directions.solvers.problem import Sample
from biggan_directions.solvers.sketch import FINE, Sketch
from biggan_directions.solvers.state_checks import check_done, check_like


@dataclass(frozen=True, kw_only=True, eq=False)
class RegionGrams:
    r"""Sums over latents of three matrices in a basis of m vectors, J the Jacobian of the image.

    With w the weight of each pixel in the region, and gᵢ the change that a held direction makes, of unit
    length,

        inside = Jᵀ diag(w) J,   outside = Jᵀ diag(1 − w) J,   held = Σᵢ (Jᵀgᵢ)(Jᵀgᵢ)ᵀ,

    each per number of the image.

    Attributes:
        halves: of latents with even and with odd index, float64 ``(2, 3, m, m)``.
        done: number of latents.
    """

    halves: torch.Tensor
    done: int = 0

    @classmethod
    def empty(cls, size: int) -> RegionGrams:
        """Nothing measured yet, in a basis of ``size`` vectors."""
        return cls(halves=torch.zeros(2, 3, size, size, dtype=torch.float64))

    def state_dict(self) -> dict[str, Any]:
        """Plain tensors and numbers, for a checkpoint."""
        return {"halves": self.halves, "done": self.done}

    def resumed(self, state: dict[str, Any] | None, *, most: int) -> RegionGrams:
        """The sums of a state, or these if there is no state.

        Raises:
            FileFormatError: the state does not fit.
        """
        if state is None:
            return self
        check_like(state, self.state_dict(), "region")
        check_done(state["done"], most, "region.done")
        return RegionGrams(**state)

    def continued(
        self,
        evaluator: Evaluator,
        basis: torch.Tensor,
        held: torch.Tensor,
        weights: torch.Tensor,
        sample: Sample,
        *,
        total: int,
        epsilon: float,
        seed: int,
    ) -> Iterator[RegionGrams]:
        """Measure at one latent after another, until there are ``total``.

        The differences are those of :func:`~biggan_directions.solvers.slopes.slopes`.

        Args:
            evaluator: draws the images; its process group shares the latents.
            basis: orthonormal rows ``(m, z_dim)``.
            held: rows ``(h, z_dim)`` of length 1 whose change is to be left alone; h may be 0.
            weights: of the pixels, ``(H, W)`` in [0, 1].
            sample: gives the latents.
            total: number of latents.
            epsilon: step of the differences, in units of z.
            seed: seed of signs and sketches, one random stream per latent.

        Yields:
            The sums after each latent; the same bytes if resumed.
        """
        size, rows = len(basis), torch.cat([basis, held])

        def at(index: int) -> torch.Tensor:
            z, class_index = sample(index)
            ahead = signs(1, len(rows), purpose="learning/signs", seed=seed, offset=index)[0]
            points = torch.cat([z.double()[None], z.double() + epsilon * ahead[:, None] * rows]).to(z.dtype)
            classes = None if class_index is None else class_index.reshape(1).expand(len(points))
            parts: list[tuple[torch.Tensor, torch.Tensor]] = []
            sketch: Sketch | None = None
            numbers = 0
            for _, images in evaluator.images(points, classes, z):
                numbers = images[0].numel()
                if sketch is None:
                    sketch = Sketch(numbers, FINE, stream("learning/sketch", seed, index))
                share = weights.to(images)
                inside, outside = (sketch((images * part.sqrt()).flatten(1)) for part in (share, 1 - share))
                parts.append((inside, outside))
            scale = (ahead / epsilon)[:, None]
            inside, outside = (
                ((found[1:] - found[:1]) * scale.to(found)).cpu()
                for found in (torch.cat([part[place] for part in parts]).double() for place in (0, 1))
            )
            along = inside @ inside[size:].T + outside @ outside[size:].T
            lengths = (inside[size:].square() + outside[size:].square()).sum(dim=1).sqrt()
            along = (along / lengths.clamp(min=1e-300))[:size]
            grams = (inside[:size] @ inside[:size].T, outside[:size] @ outside[:size].T, along @ along.T)
            return (torch.stack(grams) / numbers).flatten()

        sums = self
        for indices in evaluator.group.rounds(range(self.done, total)):
            for found in evaluator.shared(indices, at):
                halves = sums.halves.clone()
                halves[sums.done % 2] += found.reshape(3, size, size)
                sums = RegionGrams(halves=halves, done=sums.done + 1)
                yield sums
