"""How good directions are: the measures of each and of the set, beside the baselines', as plain records."""

from __future__ import annotations

import hashlib
import json
import math
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch

from biggan_directions.files.atomic_write import write_whole
from biggan_directions.rendering.scores import SCORES_FORMAT, SCORES_NAME

WEAK = 0.05  # of the strongest effect: a direction below it hardly does anything
ALIKE = 0.8  # mean |cos| of two changes of the picture above which a person would call them the same


@dataclass(frozen=True, kw_only=True)
class Measure:
    """A number and its standard error over latents; none where it cannot be told."""

    value: float | None
    error: float | None = None


@dataclass(frozen=True, kw_only=True)
class DirectionScore:
    """What was measured of one direction: see docs/method.md for the equations.

    Attributes:
        effect: RMS change of the picture (scale [-1, 1]) per unit of z.
        penalty: share of its Hessian's row off the diagonal, in [0, 1]; 0 = separate from all the rest.
        overlap: largest mean |cos| between its change of the picture and another direction's, in [0, 1].
        evenness: coefficient of variation of the step sizes along its traversal; 0 = even.
        steadiness: mean |cos| between its changes of the picture at two latents, in [0, 1]; 1 = the same.
        recovery: best |cos| with a true direction, where the truth is known.
        factor: the name of that true direction.
    """

    effect: Measure
    penalty: Measure
    overlap: Measure
    evenness: Measure
    steadiness: Measure
    recovery: float | None = None
    factor: str | None = None


@dataclass(frozen=True, kw_only=True)
class SetScore:
    """What was measured of a set of directions.

    Attributes:
        solver: where the set comes from.
        directions: of each, in order.
        paper_penalty: twice Σ_{i≠j} H_ij² over pairs of the set's directions, mean over the picture's numbers
            and latents, as :func:`~biggan_directions.hessian_penalty` gives it. It rewards doing nothing.
        recovery_mean: mean |cos| of the directions matched one to one with true ones, where those are known.
        recovery_min: the least of these.
    """

    solver: str
    directions: tuple[DirectionScore, ...]
    paper_penalty: Measure
    recovery_mean: float | None = None
    recovery_min: float | None = None

    def values(self, measure: str) -> list[float]:
        """One measure's values, of those directions where it could be told."""
        found = (getattr(direction, measure).value for direction in self.directions)
        return [value for value in found if value is not None]

    def mean(self, measure: str) -> float | None:
        """A measure's mean over the directions where it could be told."""
        values = self.values(measure)
        return sum(values) / len(values) if values else None


@dataclass(frozen=True, kw_only=True)
class Scorecard:
    """The scores of a set and of its baselines.

    Attributes:
        sets: the set itself, then the baselines.
        directions_sha256: of the scored matrix: see :func:`digest`.
        model: what it was scored on, with ``classes`` and ``truncation``.
        seed, latents: where, and at how many.
        evaluations: pictures drawn for it.
        notes: what a user should know, a sentence each.
    """

    sets: tuple[SetScore, ...]
    directions_sha256: str
    model: str
    classes: tuple[str, ...]
    truncation: float
    seed: int
    latents: int
    evaluations: int
    notes: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """Plain values, for a file or a terminal."""
        return {"format": SCORES_FORMAT, **asdict(self)}

    def to_bytes(self) -> bytes:
        """The file's content: JSON."""
        return json.dumps(self.as_json(), indent=1, allow_nan=False).encode()

    def save(self, folder: Path) -> Path:
        """Write ``scorecard.json`` into a folder, whole or not at all, and say where.

        Raises:
            OutputError: the place cannot be written.
        """
        path = folder / SCORES_NAME
        write_whole(path, self.to_bytes())
        return path


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
