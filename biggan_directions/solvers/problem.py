"""The input of a solver: an outline that is known in advance, and the problem after the survey."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import torch

from biggan_directions.distributed.process_group import ProcessGroup
from biggan_directions.latents import Sampled, sample_inputs
from biggan_directions.solvers.coordinate_block import Block
from biggan_directions.solvers.derivatives import Differences
from biggan_directions.solvers.evaluator import Drawable, Evaluator
from biggan_directions.solvers.live_space import most_products
from biggan_directions.solvers.schedule import counts_within
from biggan_directions.solvers.subspace import CHECKED, SearchSpace, Survey, images_per_latent

Sample = Callable[[int], tuple[torch.Tensor, torch.Tensor | None]]
"""Gives the latent ``(z_dim,)`` of an index, and its class: a tensor of one index, or none."""


class Searchable(Drawable, Sampled, Protocol):
    """The part of a generator that solvers use: images of z, its device, its truncation and its classes."""


@dataclass(frozen=True, kw_only=True)
class Outline:
    """What is known before anything is measured, including the settings that all solvers share.

    Attributes:
        ndirs: number of directions to find.
        z_dim: numbers in a latent.
        resolution: side of an image in pixels.
        block: the coordinates of z to search.
        dims: dimensions of the search space; before the survey of an active space, the minimum.
        latents: number of latents at which a closed form measures derivatives; None to stop when the
            directions have settled, or the budget ends.
        agreement: stability of all directions from which they count as settled.
        budget: images to draw for finding directions, the survey included; not a limit if ``latents`` is set.
        seed: seed of all random numbers.
        micro_batch: images drawn at once.
    """

    ndirs: int
    z_dim: int
    resolution: int
    block: Block
    dims: int
    latents: int | None
    agreement: float
    budget: int
    seed: int
    micro_batch: int

    def least_survey(self) -> int:
        """The images that the shortest survey draws."""
        return most_products(self.block) + CHECKED[0] * images_per_latent(self.block, self.z_dim)

    def most_latents(self, each: int) -> int:
        """The latents to measure at, with ``each`` images at one: those asked for, or what the budget allows.

        The budget is that after the shortest survey. See
        :func:`~biggan_directions.solvers.schedule.counts_within`.
        """
        return counts_within(self.latents, budget=self.budget - self.least_survey(), each=each)[-1]


@dataclass(frozen=True, kw_only=True, eq=False)
class Problem:
    """A generator, and the results of the survey of its first derivatives.

    Attributes:
        outline: the sizes; ``dims`` is the result of the survey.
        generator: the generator to search. Test for capabilities by ``isinstance``; draw by ``evaluator``.
        evaluator: draws in micro-batches, counts images and gradients, and shares work among processes.
        survey: Σ JᵀJ over latents, from which ``space`` was chosen.
        surveyed: images drawn to find the search space.
        space: the search space: a basis with the strongest dimension first.
        differences: step and sketch of second differences; without blocks.
    """

    outline: Outline
    generator: Searchable
    evaluator: Evaluator
    survey: Survey
    surveyed: int
    space: SearchSpace
    differences: Differences

    @property
    def group(self) -> ProcessGroup:
        """The processes that share the work; all of them solve the same problem in the same order."""
        return self.evaluator.group

    def inputs(
        self, start: int, count: int, purpose: str = "learning"
    ) -> tuple[torch.Tensor, torch.Tensor | None]:
        """Draw latents ``(count, z_dim)`` from index ``start`` on, and their classes ``(count,)`` or None.

        Latent number s does not depend on how many are drawn; another ``purpose`` gives other latents.
        """
        return sample_inputs(self.generator, start, count, purpose, seed=self.outline.seed)

    def sample(self, index: int) -> tuple[torch.Tensor, torch.Tensor | None]:
        """The latent ``(z_dim,)`` of an index, and its class, a tensor of one index, or None."""
        z, class_index = self.inputs(index, 1)
        return z[0], class_index

    def strongest(self, rows: torch.Tensor) -> torch.Tensor:
        """The ``ndirs`` of the ``rows (n, z_dim)`` that change the image most according to the survey."""
        change = ((rows @ self.survey.total) * rows).sum(dim=1)
        return rows[change.argsort(descending=True, stable=True)[: self.outline.ndirs]]
