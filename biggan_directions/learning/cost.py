"""What learning would take, from a few measured passes: for those who ask before they wait."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from dataclasses import dataclass

import torch

from biggan_directions.generators import Generator
from biggan_directions.latents import sample_latents
from biggan_directions.learning.settings import LearnSettings
from biggan_directions.metrics.scoring import images_needed
from biggan_directions.solvers.base import Cost
from biggan_directions.solvers.evaluator import Evaluator
from biggan_directions.solvers.live_space import LiveSpace
from biggan_directions.solvers.problem import Outline
from biggan_directions.solvers.subspace import images_per_latent

_REPEATS = 2  # after one pass that is not counted, which pays for set-up


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """What a run would take.

    Attributes:
        dims: dimensions of the search space that were reckoned with. In the active space, how many matter is
            known only once it is measured: dead ones cost less, and more than twice ``ndirs`` may matter.
        evaluations: images to draw, those that measure the result included.
        gradients: how many of those are differentiated as well.
        seconds: of drawing and differentiating, at the speed just measured.
        peak_bytes: memory of the process (on a CUDA device: of the device) at its peak; none where it cannot
            be told.
    """

    dims: int
    evaluations: int
    gradients: int
    seconds: float
    peak_bytes: int | None


def estimate(generator: Generator, settings: LearnSettings) -> Estimate:
    """Measure a few passes, and reckon what :func:`~biggan_directions.learning.run.learn` would take.

    Args:
        generator: what would be searched.
        settings: how.

    Returns:
        The estimate; nothing is learnt.

    Raises:
        UsageError: the settings do not fit the generator.
        GeneratorError: the pictures are not finite, or do not depend on z.
    """
    outline = settings.outline(z_dim=generator.z_dim, resolution=generator.resolution)
    cost = settings.made_for(generator).cost(outline)
    gradients = products_to_survey(outline) + cost.gradients
    survey = images_to_survey(settings, outline, classes=len(generator.classes))
    drawn = survey + cost.images + images_to_measure(settings, outline, cost) - gradients

    evaluator = Evaluator(generator, settings.micro_batch)
    size = settings.micro_batch
    z = sample_latents(size, generator.z_dim, truncation=generator.truncation, seed=0, purpose="estimate")
    draw_seconds = _timed(generator.device, lambda: list(evaluator.images(z, None))) / size
    before = _peak_bytes(generator.device)

    def differentiated() -> None:
        point = z.to(generator.device).requires_grad_()
        torch.autograd.grad(evaluator.draw(point, None).square().mean(), point)

    gradient_seconds = _timed(generator.device, differentiated) / size
    peak = _peak_bytes(generator.device)
    if peak is not None and before is not None:
        peak += (peak - before) * (cost.memory - 1)
    return Estimate(
        dims=outline.dims,
        evaluations=drawn + gradients,
        gradients=gradients,
        seconds=drawn * draw_seconds + gradients * gradient_seconds,
        peak_bytes=peak,
    )


def images_to_survey(settings: LearnSettings, outline: Outline, *, classes: int = 1) -> int:
    """Images that it takes at least to find the search space where nothing is dead, products included."""
    each = images_per_latent(outline.block, outline.z_dim)
    return products_to_survey(outline) + settings.survey_counts(each, classes=classes)[0] * each


def products_to_survey(outline: Outline) -> int:
    """Vector-Jacobian products that it takes to find that nothing is dead."""
    return LiveSpace.empty(outline.block, outline.z_dim).limit


def images_to_measure(settings: LearnSettings, outline: Outline, cost: Cost) -> int:
    """Images that it takes to measure what a solver of this cost has found."""
    ndirs, dims = outline.ndirs, outline.dims
    dims = min(outline.block.size, dims + ndirs) if cost.outside else dims
    return images_needed(settings.scoring(), ndirs=ndirs, dims=dims)


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
