"""What a scorecard is made with: means with their errors, the matrix's digest, and remarks on the result."""

from __future__ import annotations

import hashlib
import math
from dataclasses import replace

import torch

from biggan_directions.scores import STABLE, Measure, Scorecard, SetScore, loose_words

# The bounds of the words that a set is described with; docs/numbers.md states them.
WEAK = 0.05  # of the strongest effect in the search space: a direction below it hardly does anything
SAME = 0.8  # overlap from which two directions are called nearly the same
PARTLY_SAME = 0.5  # and from which partly the same


def remarks(
    scored: SetScore, strongest: float | None = None, *, agreement: float = STABLE
) -> tuple[str, ...]:
    """What a person should look at first: directions that do next to nothing, or much the same.

    Where nothing is wrong, a sentence says so; it is not said beside :func:`loose_remark`.

    Args:
        scored: the set.
        strongest: effect of the strongest direction of the search space, as the scorecard has it; left out,
            of the set.
        agreement: the stability from which a direction counts as found again.
    """
    effects = [direction.effect.value or 0.0 for direction in scored.directions]
    strongest = max(*effects, strongest or 0.0, 0.0)
    found = [
        f"direction {index} hardly does anything: effect {effect:.2g}, {effect / strongest:.0%} of the "
        "strongest"
        for index, effect in enumerate(effects)
        if effect < WEAK * strongest
    ]
    alike = _overlapping(scored)
    found += [
        f"directions {first} and {second} are {'nearly' if overlap >= SAME else 'partly'} the same (overlap "
        f"{overlap:.2f}): look at them beside each other"
        for (first, second), overlap in alike.items()
        if overlap >= PARTLY_SAME
    ]
    found += linear_remarks(scored)
    if found or len(effects) < 2 or not alike or loose_remark(scored, agreement):
        return tuple(found)
    largest = max(alike.values())
    return (f"all directions do something, and they are different (largest overlap {largest:.2f})",)


def loose_remark(scored: SetScore, agreement: float = STABLE) -> str:
    """A sentence on the directions whose stability is below ``agreement``; "" where there are none."""
    return loose_words(
        {index: direction.stability for index, direction in enumerate(scored.directions)}, agreement
    )


def linear_remarks(scored: SetScore) -> tuple[str, ...]:
    """A sentence on the linear directions, where there are two or more: their rotation is arbitrary."""
    linear = [index for index, direction in enumerate(scored.directions) if direction.linear]
    if len(linear) < 2:
        return ()
    if len(linear) == len(scored.directions):
        which = "all directions are linear"
    else:
        *first, last = map(str, linear)
        which = f"directions {', '.join(first)} and {last} are linear"
    return (
        f"{which}: the image changes along them in the same way everywhere, so that second derivatives "
        "cannot tell them from any rotation of them; only the space that they span is determined",
    )


def _overlapping(scored: SetScore) -> dict[tuple[int, int], float]:
    """The overlap of every pair of which one overlaps most with the other."""
    return {
        (min(index, direction.overlap_with), max(index, direction.overlap_with)): direction.overlap.value
        for index, direction in enumerate(scored.directions)
        if direction.overlap.value is not None and direction.overlap_with is not None
    }


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


def root_mean_measure(squares: torch.Tensor) -> Measure:
    """Root of the mean of one square a latent ``(L,)``, with its standard error to first order."""
    mean = mean_measure(squares)
    if mean.value is None:
        return mean
    root = math.sqrt(max(mean.value, 0.0))
    return Measure(value=root, error=mean.error / (2 * root) if mean.error is not None and root > 0 else None)


def with_stability(card: Scorecard, *stability: torch.Tensor | None) -> Scorecard:
    """The scorecard with the stability ``(n,)`` of its first sets' n directions, set by set.

    NaN, or None in place of a set's, where it is not known.
    """
    rest = card.sets[len(stability) :]
    return replace(card, sets=(*map(_stable, card.sets, stability), *rest))


def _stable(scored: SetScore, stability: torch.Tensor | None) -> SetScore:
    if stability is None:
        return scored
    directions = tuple(
        replace(direction, stability=None if math.isnan(value) else value)
        for direction, value in zip(scored.directions, stability.double().clamp(max=1).tolist(), strict=True)
    )
    return replace(scored, directions=directions)
