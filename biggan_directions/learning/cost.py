"""How many images, seconds and bytes of memory learning would take, from a few passes that are timed."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, replace

import torch

from biggan_directions.errors import UsageError
from biggan_directions.generators import Generator
from biggan_directions.generators.chosen_layers import layers_of
from biggan_directions.latents import sample_latents
from biggan_directions.learning.settings import LearnSettings
from biggan_directions.metrics.probing import EXACT
from biggan_directions.metrics.settings import images_needed
from biggan_directions.solvers.evaluator import Evaluator
from biggan_directions.solvers.live_space import most_products
from biggan_directions.solvers.problem import Outline
from biggan_directions.solvers.schedule import LEAST
from biggan_directions.solvers.subspace import images_per_latent

_REPEATS = 2  # after one pass that is not counted, which pays for set-up


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """What a run would take.

    Attributes:
        dims: dimensions of the search space that the estimate assumes. In the active space the number is
            known only after the survey: dead ones cost less, and more than twice ``ndirs`` may be searched.
        evaluations: images to draw, those that measure the result included, if no dimension is dead and a
            closed form goes to the end of its budget.
        early: images to draw if only a few dimensions are live, and the directions settle at once.
        gradients: how many of those are differentiated as well, at most.
        seconds: of drawing ``evaluations`` and differentiating, at the speed just measured.
        early_seconds: of drawing ``early`` and differentiating.
        peak_bytes: memory of the process (on a CUDA device: of the device) at its peak; none where it cannot
            be told.
    """

    dims: int
    evaluations: int
    early: int
    gradients: int
    seconds: float
    early_seconds: float
    peak_bytes: int | None


def estimate(generator: Generator, settings: LearnSettings) -> Estimate:
    """Time a few passes, and compute what :func:`~biggan_directions.learning.run.learn` would take.

    Args:
        generator: what would be searched.
        settings: how.

    Returns:
        The estimate; nothing is learnt.

    Raises:
        UsageError: the settings do not fit the generator.
        GeneratorError: the images are not finite, or do not depend on z.
    """
    outline = settings.outline(z_dim=generator.z_dim, resolution=generator.resolution)
    solver = settings.made_for(generator)
    few = min(max(EXACT, outline.ndirs), outline.block.size)
    cost = solver.cost(outline)
    at_once = solver.cost(replace(outline, dims=min(outline.dims, few), latents=outline.latents or LEAST))
    gradients = most_products(outline.block) + cost.gradients
    evaluations, early = (
        images_to_survey(settings, outline, classes=len(generator.classes), live=live)
        + images
        + images_to_measure(settings, outline, live=live)
        for images, live in ((cost.images, None), (at_once.images, few))
    )
    draw_seconds = _draw_seconds(generator, settings)
    evaluator, size = _evaluator(generator, settings), settings.micro_batch
    z = sample_latents(size, generator.z_dim, truncation=generator.truncation, seed=0, purpose="estimate")
    before = _peak_bytes(generator.device)

    def differentiated() -> None:
        evaluator.vector_jacobian_products(z, None, torch.ones)

    gradient_seconds = _timed(generator.device, differentiated) / size
    peak = _peak_bytes(generator.device)
    if peak is not None and before is not None:
        peak += (peak - before) * (cost.memory - 1)
    return Estimate(
        dims=outline.dims,
        evaluations=evaluations,
        early=early,
        gradients=gradients,
        seconds=(evaluations - gradients) * draw_seconds + gradients * gradient_seconds,
        early_seconds=(early - gradients) * draw_seconds + gradients * gradient_seconds,
        peak_bytes=peak,
    )


def images_within(generator: Generator, settings: LearnSettings, seconds: float) -> int:
    """The budget in images that a time allows, when the directions have also been measured.

    Args:
        generator: what would be searched; a few images are drawn to measure its speed.
        settings: how.
        seconds: for drawing images, in one process.

    Raises:
        UsageError: the settings do not fit the generator, or the time is too short to measure the result.
    """
    outline = settings.outline(z_dim=generator.z_dim, resolution=generator.resolution)
    measuring = images_to_measure(settings, outline)
    each = _draw_seconds(generator, settings)
    images = int(seconds / each) - measuring
    if images < 1:
        raise UsageError(
            f"{seconds:.0f} s are too short: measuring the result alone takes {measuring * each:.0f} s; "
            "allow more (--budget), or measure less (--score-latents)"
        )
    return images


def images_to_survey(
    settings: LearnSettings, outline: Outline, *, classes: int = 1, live: int | None = None
) -> int:
    """Images that it takes at least to find the search space, products included.

    ``live`` is the number of live dimensions; left out, nothing is dead.
    """
    each = images_per_latent(outline.block, outline.z_dim, live=live)
    return most_products(outline.block) + settings.survey_counts(each, classes=classes)[0] * each


def images_to_measure(settings: LearnSettings, outline: Outline, *, live: int | None = None) -> int:
    """Images that it takes to measure what was found; ``live`` as of :func:`images_to_survey`."""
    return images_needed(settings.scoring(), ndirs=outline.ndirs, live=live or outline.block.size)


def _draw_seconds(generator: Generator, settings: LearnSettings) -> float:
    """Seconds that drawing an image takes."""
    evaluator, size = _evaluator(generator, settings), settings.micro_batch
    z = sample_latents(size, generator.z_dim, truncation=generator.truncation, seed=0, purpose="estimate")
    return _timed(generator.device, lambda: list(evaluator.images(z, None, torch.zeros_like(z)))) / size


def _evaluator(generator: Generator, settings: LearnSettings) -> Evaluator:
    """What draws as learning would."""
    return Evaluator(generator, settings.micro_batch, layers=layers_of(generator, settings.layers))


def _timed(device: torch.device, work: Callable[[], object]) -> float:
    """Seconds that a call takes, once warm."""
    work()
    _settle(device)
    start = time.perf_counter()
    for _ in range(_REPEATS):
        work()
    _settle(device)
    return (time.perf_counter() - start) / _REPEATS


def _settle(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def _peak_bytes(device: torch.device) -> int | None:
    """The most memory that was in use so far, where that can be told."""
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated(device)
    if sys.platform == "win32":
        return None
    import resource  # not on Windows

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else 1024 * peak
