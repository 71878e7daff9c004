"""A problem as a solver gets it: surveyed, on a generator of a test's own."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import torch

from biggan_directions.latents import sample_inputs
from biggan_directions.learning.settings import LearnSettings
from biggan_directions.solvers.block import Block
from biggan_directions.solvers.evaluator import Evaluator
from biggan_directions.solvers.live_space import LiveSpace
from biggan_directions.solvers.problem import Problem
from biggan_directions.solvers.subspace import Survey, images_per_latent
from tests.support.separable import Separable


def problem_of(generator: Separable, **settings: Any) -> Problem:
    """What learning would hand its solver with these settings; its evaluator has counted nothing yet."""
    chosen = LearnSettings(**{"ndirs": 4, "latents": 2, **settings})
    outline = chosen.outline(z_dim=generator.z_dim, resolution=generator.resolution)
    survey, drawn = surveyed(generator, chosen, outline.block)
    space = survey.space(ndirs=chosen.ndirs, dims=chosen.search_dims)
    return Problem(
        outline=replace(outline, dims=space.dims),
        generator=generator,
        evaluator=Evaluator(generator, chosen.micro_batch),
        survey=survey,
        surveyed=drawn,
        space=space,
        differences=chosen.differences(),
    )


def surveyed(generator: Separable, settings: LearnSettings, block: Block) -> tuple[Survey, int]:
    """A survey of as many latents as it takes at least, and the images drawn for it."""
    evaluator = Evaluator(generator, settings.micro_batch)

    def inputs(start: int, count: int) -> tuple[torch.Tensor, torch.Tensor | None]:
        return sample_inputs(generator, start, count, "survey", seed=settings.seed)

    *_, live = LiveSpace.empty(block, generator.z_dim).continued(evaluator, inputs, seed=settings.seed)
    begun = Survey.empty(block, live.basis())
    each = images_per_latent(block, generator.z_dim, live=len(begun.basis))
    total = settings.survey_counts(each, classes=len(generator.classes))[0]
    *_, survey = begun.continued(
        evaluator, inputs, total=total, seed=settings.seed, epsilon=settings.difference_epsilon
    )
    return survey, evaluator.evaluations
