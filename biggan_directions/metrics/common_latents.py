"""The fresh latents at which all sets of directions are measured, one after another."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import torch

from biggan_directions.generators import Generator
from biggan_directions.latents import sample_inputs, stream
from biggan_directions.linalg import orthonormal
from biggan_directions.metrics.measures import Measurements
from biggan_directions.metrics.probing import ProbedLatent
from biggan_directions.metrics.settings import ScoreSettings
from biggan_directions.solvers.evaluator import Evaluator
from biggan_directions.solvers.sketch import FINE, Sketch
from biggan_directions.solvers.subspace import SearchSpace
from biggan_directions.traversal import default_distance, even_fractions, latents_along

_BEYOND = 1e-5  # length of a part of directions outside of the searched block that is more than rounding


class CommonLatents:
    """Measures sets of directions at the same latents and in one space, so that they can be compared.

    Args:
        generator: draws the images.
        evaluator: counts them, and shares the latents among its processes.
        settings: how many latents, and how they are measured.
        space: over whose live dimensions the penalty is measured.
        second_moment: E[JᵀJ] per number of the image, ``(z_dim, z_dim)``, by which traversals have the length
            of animations.
    """

    def __init__(
        self,
        generator: Generator,
        evaluator: Evaluator,
        settings: ScoreSettings,
        space: SearchSpace,
        *,
        second_moment: torch.Tensor,
    ) -> None:
        self._generator, self._evaluator, self._settings = generator, evaluator, settings
        self._space, self._second_moment = space, second_moment
        self._sketch: Sketch | None = None

    def measured(self, sets: Sequence[torch.Tensor]) -> Iterator[list[Measurements]]:
        """Add one latent after another to the measurements of each of ``sets``, rows ``(n, z_dim)``."""
        live = self._live(sets)
        sums = [Measurements(len(directions)) for directions in sets]
        distances = [self._distances(directions) for directions in sets]

        def at(index: int) -> torch.Tensor:
            z, class_index = sample_inputs(self._generator, index, 1, "scoring", seed=self._settings.seed)
            probed = ProbedLatent(
                self._evaluator,
                z[0],
                class_index,
                live,
                probes=self._settings.probes,
                epsilon=self._settings.epsilon,
                seed=self._settings.seed,
                index=index,
            )
            traversed = index < self._settings.traversals
            rounding = probed.rounding() if traversed else float("nan")
            parts = []
            for of_set, directions, far in zip(sums, sets, distances, strict=True):
                found = probed.rows(directions)
                uneven = self._unevenness(probed, directions, far) if traversed else None
                kept = self._compact(found.changes)
                parts.append(of_set.at_latent(found, kept, uneven=uneven, rounding=rounding))
            return torch.cat(parts)

        for indices in self._evaluator.group.rounds(range(self._settings.latents)):
            for flat in self._evaluator.shared(indices, at):
                kept = (len(flat) - sum(of_set.width(0) for of_set in sums)) // sum(map(len, sets))
                parts = torch.split(flat, [of_set.width(kept) for of_set in sums])
                for of_set, part in zip(sums, parts, strict=True):
                    of_set.add(part)
                yield sums

    def _live(self, sets: Sequence[torch.Tensor]) -> torch.Tensor:
        """The live space, together with what directions have outside of the searched block of z."""
        rows, block = torch.cat([*sets]).double(), self._space.block
        rows[:, block.start : block.stop] = 0
        _, lengths, beyond = torch.linalg.svd(rows, full_matrices=False)
        return orthonormal(torch.cat([self._space.live_basis, beyond[lengths > _BEYOND]]))

    def _compact(self, changes: torch.Tensor) -> torch.Tensor:
        """Changes of the image ``(n, numbers)``, few enough numbers of each to keep for every latent."""
        if self._sketch is None:
            generator = stream("scoring/steadiness", self._settings.seed)
            self._sketch = Sketch(changes.shape[1], FINE, generator)
        return self._sketch(changes).cpu()

    def _distances(self, directions: torch.Tensor) -> list[float]:
        """How far each direction's traversal goes: as far as its animation."""
        effects = ((directions @ self._second_moment) * directions).sum(dim=1).clamp(min=0).sqrt()
        return [default_distance(effect).distance for effect in effects.tolist()]

    def _unevenness(
        self, probed: ProbedLatent, directions: torch.Tensor, distances: Sequence[float]
    ) -> torch.Tensor:
        """Coefficient of variation of the step sizes along each direction, ``(n,)``."""
        fractions = torch.tensor(even_fractions(self._settings.positions))
        centre = len(fractions) // 2
        outer = torch.cat([fractions[:centre], fractions[centre + 1 :]])
        uneven = []
        for direction, distance in zip(directions, distances, strict=True):
            points = latents_along(probed.z[None], direction, outer * distance)[:, 0]
            classes = None if probed.class_index is None else probed.class_index.expand(len(points))
            drawn = self._evaluator.images(points, classes, probed.z)
            images = torch.cat([images.flatten(1) for _, images in drawn])
            images = torch.cat([images[:centre], probed.image[None], images[centre:]])
            sizes = (images[1:] - images[:-1]).square().mean(dim=1).sqrt().double()
            uneven.append(sizes.std(correction=0) / sizes.mean())
        return torch.stack(uneven).cpu()
