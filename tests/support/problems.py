"""A problem as a solver gets it: surveyed, on a generator of a test's own."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from biggan_directions.latents import sample_inputs
from biggan_directions.learning.settings import LearnSettings
from biggan_directions.solvers.evaluator import Evaluator
from biggan_directions.solvers.problem import Problem
from biggan_directions.solvers.subspace import Survey
from tests.support.separable import Separable


def problem_of(generator: Separable, **settings: Any) -> Problem:
    """What learning would hand its solver with these settings; its evaluator has counted nothing yet."""
    chosen = LearnSettings(**{"ndirs": 4, "latents": 2, **settings})
    outline = chosen.outline(z_dim=generator.z_dim, resolution=generator.resolution)
    *_, survey = Survey.empty(generator.z_dim).continued(
        Evaluator(generator, chosen.micro_batch),
        lambda start, count: sample_inputs(generator, start, count, "survey", seed=chosen.seed),
        total=chosen.cotangents(outline.block),
        seed=chosen.seed,
    )
    space = survey.space(outline.block, ndirs=chosen.ndirs, dims=chosen.search_dims)
    return Problem(
        outline=replace(outline, dims=space.dims),
        generator=generator,
        evaluator=Evaluator(generator, chosen.micro_batch),
        survey=survey,
        space=space,
        differences=chosen.differences(),
    )
