"""What a scorecard is made with: means with their errors, the matrix's digest, and remarks on the result."""

from __future__ import annotations

import hashlib
import math

import torch

from biggan_directions.scores import Measure, SetScore

WEAK = 0.05  # of the strongest effect: a direction below it hardly does anything
ALIKE = 0.8  # mean |cos| of two changes of the picture above which a person would call them the same


def remarks(scored: SetScore) -> tuple[str, ...]:
    """What a person should look at first: directions that do next to nothing, or nearly the same."""
    effects = [direction.effect.value or 0.0 for direction in scored.directions]
    found = [
        f"direction {index} hardly does anything: effect {effect:.2g}, {effect / max(effects):.0%} of the "
        "strongest"
        for index, effect in enumerate(effects)
        if effect < WEAK * max(effects)
    ]
    alike = [
        str(index)
        for index, direction in enumerate(scored.directions)
        if direction.overlap.value is not None and direction.overlap.value > ALIKE
    ]
    if alike:
        found.append(f"directions {', '.join(alike)} change the picture much as another does")
    return tuple(found) or ("every direction does something, and no two do nearly the same",)


def digest(directions: torch.Tensor) -> str:
    """SHA-256 of a matrix as little-endian float32, row after row: which directions a scorecard is of."""
    return hashlib.sha256(directions.detach().cpu().contiguous().numpy().astype("<f4").tobytes()).hexdigest()


def mean_measure(values: torch.Tensor) -> Measure:
    """Mean and standard error of one value a latent ``(L,)``; what is not finite is left out."""
    values = values[torch.isfinite(values)].double()
    if not len(values):
        return Measure(value=None)
    error = float(values.std()) / math.sqrt(len(values)) if len(values) > 1 else None
    return Measure(value=float(values.mean()), error=error)


def share_measure(part: torch.Tensor, whole: torch.Tensor) -> Measure:
    """Σ part / Σ whole over latents ``(L,)``, with the standard error of a ratio."""
    total = float(whole.sum())
    if not total > 0:
        return Measure(value=None)
    share, count = float(part.sum()) / total, len(part)
    if count < 2:
        return Measure(value=share)
    spread = float((part - share * whole).square().sum())
    return Measure(value=share, error=math.sqrt(spread * count / (count - 1)) / total)


def root_mean_measure(squares: torch.Tensor) -> Measure:
    """Root of the mean of one square a latent ``(L,)``, with its standard error to first order."""
    mean = mean_measure(squares)
    if mean.value is None:
        return mean
    root = math.sqrt(max(mean.value, 0.0))
    return Measure(value=root, error=mean.error / (2 * root) if mean.error is not None and root > 0 else None)
