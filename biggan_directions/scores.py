"""How good directions are: the records that the metrics write and the page reads, and their file."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple

from msgspec import Meta, Struct

from biggan_directions.errors import FileFormatError
from biggan_directions.factor_records import FactorChanges, FactorScale, Finite
from biggan_directions.files.atomic_write import write_whole
from biggan_directions.files.plain_json import read_json

SCORES_NAME = "scorecard.json"
SCORES_FORMAT = "biggan-directions/scorecard/1"
_LARGEST_FILE = 16 * 2**20  # bytes; some thousand directions and their baselines

Better = Literal["more", "less", ""]
"""Whether more or less of a measure is better; "" where neither is."""

STABLE = 0.98
"""Stability from which a direction counts as found again, where its file does not say what was asked for."""

LINEAR = "linear"
"""What stands in place of the penalty of a direction along which the image is linear."""

ARROWS: dict[Better, str] = {"more": "↑", "less": "↓", "": ""}


class MeasureInfo(NamedTuple):
    """A measure: its key in the records, whether more or less of it is better, and what it means."""

    key: str
    better: Better
    words: str

    @property
    def arrow(self) -> str:
        """Which way is better, as tables print it: ↑, ↓ or nothing."""
        return ARROWS[self.better]

    @property
    def heading(self) -> str:
        """The measure's name with its arrow.

        >>> [measure.heading for measure in MEASURES][:3]
        ['recovery ↑', 'effect', 'penalty ↓']
        """
        return f"{self.key} {self.arrow}".rstrip()


MEASURES = (
    MeasureInfo("recovery", "more", "largest |cos| with a direction that is known to be true, and which one"),
    MeasureInfo("effect", "", "how much the image changes (RMS, on the scale −1 to 1) per unit of z"),
    MeasureInfo("penalty", "less", "share of its second derivatives that are mixed with other directions"),
    MeasureInfo("overlap", "less", "largest |cos| between its change of the image and another direction’s"),
    MeasureInfo("unevenness", "less", "how unequal its steps are along the way: sd / mean of their sizes"),
    MeasureInfo("steadiness", "more", "mean |cos| between its changes of different images"),
    MeasureInfo(
        "stability",
        "more",
        "|cos| between the directions that two halves of the latents gave, when it was found",
    ),
)


@dataclass(frozen=True, kw_only=True)
class Measure:
    """A number and its standard error over latents; none where it cannot be told."""

    value: Finite | None
    error: Finite | None = None

    @property
    def words(self) -> str:
        """The value in three digits or so.

        >>> Measure(value=0.2527).words, Measure(value=6.83).words, Measure(value=None).words
        ('0.253', '6.83', '–')
        """
        return "–" if self.value is None else f"{self.value:.{self._digits}f}"

    @property
    def error_words(self) -> str:
        """The error in as many decimals as the value, "" where there is none.

        >>> Measure(value=0.2527, error=0.011).error_words, Measure(value=0.99).error_words
        ('± 0.011', '')
        """
        known = self.value is not None and self.error is not None
        return f"± {self.error:.{self._digits}f}" if known else ""

    @property
    def _digits(self) -> int:
        size = abs(self.value or 0.0)
        return 3 if size < 1 else 2 if size < 100 else 0


@dataclass(frozen=True, kw_only=True)
class DirectionScore:
    """What was measured of one direction: see docs/method.md for the equations.

    Attributes:
        effect: RMS change of the image (scale [-1, 1]) per unit of z.
        penalty: share of its Hessian's row off the diagonal, a mean over latents, in [0, 1]; 0 = separate
            from all the rest; unknown where the row is 0 or rounding errors.
        overlap: largest mean |cos| between its change of the image and another direction's, in [0, 1].
        unevenness: coefficient of variation of the step sizes along its traversal; 0 = even.
        steadiness: mean |cos| between its changes of the image at two latents, in [0, 1]; 1 = the same.
        recovery: best |cos| with a true direction, where the truth is known.
        factor: the name of that true direction.
        overlap_with: the index of the direction that it overlaps with most.
        stability: |cos| between its counterparts in the two halves of the latents at which it was learnt,
            where its solver could tell.
        linear: whether the image is linear along it, to within rounding: then it has no penalty.
        image_factors: how it changes width, brightness and so on; None where these cannot be told.
    """

    effect: Measure
    penalty: Measure
    overlap: Measure
    unevenness: Measure
    steadiness: Measure
    recovery: Finite | None = None
    factor: str | None = None
    overlap_with: int | None = None
    stability: Annotated[float, Meta(ge=0, le=1)] | None = None
    linear: bool = False
    image_factors: FactorChanges | None = None

    def measure(self, key: str) -> Measure:
        """One of :data:`MEASURES` by its key; recovery and stability have no error."""
        found: Measure | float | None = getattr(self, key)
        return found if isinstance(found, Measure) else Measure(value=found)

    def words(self, key: str) -> str:
        """One of :data:`MEASURES` in words, as tables and pages show it; stability without its mark."""
        return LINEAR if self.linear and key == "penalty" else self.measure(key).words


@dataclass(frozen=True, kw_only=True)
class SetScore:
    """What was measured of a set of directions.

    Attributes:
        solver: where the set comes from.
        directions: of each, in order.
        paper_penalty: twice Σ_{i≠j} H_ij² over pairs of the set's directions, mean over the image's numbers
            and latents, as :func:`~biggan_directions.hessian_penalty` gives it. It rewards doing nothing.
        recovery_mean: mean |cos| of the directions matched one to one with true ones, where those are known.
        recovery_min: the least of these.
    """

    solver: str
    directions: tuple[DirectionScore, ...]
    paper_penalty: Measure
    recovery_mean: Finite | None = None
    recovery_min: Finite | None = None

    def values(self, key: str) -> list[float]:
        """One measure's values, of those directions where it could be told."""
        found = (direction.measure(key).value for direction in self.directions)
        return [value for value in found if value is not None]

    def mean(self, key: str) -> float | None:
        """A measure's mean over the directions where it could be told; recovery's over the matched ones."""
        if key == "recovery" and self.recovery_mean is not None:
            return self.recovery_mean
        values = self.values(key)
        return sum(values) / len(values) if values else None

    def mean_error(self, key: str) -> float | None:
        """The mean of the directions' standard errors, which is at least the standard error of their mean.

        The directions share the latents, so that their errors may be correlated in any way. None where a
        direction's error cannot be told, and for recovery, which is not measured at latents.
        """
        known = [found for one in self.directions if (found := one.measure(key)).value is not None]
        errors = [found.error for found in known if found.error is not None]
        return sum(errors) / len(errors) if errors and len(errors) == len(known) else None


@dataclass(frozen=True, kw_only=True)
class Scorecard:
    """The scores of a set and of its baselines.

    Attributes:
        sets: the set itself, then the baselines.
        directions_sha256: of the scored matrix: see :func:`~biggan_directions.metrics.scorecard.digest`.
        model: what it was scored on, with ``classes`` and ``truncation``.
        seed, latents: where, and at how many.
        evaluations: images drawn for it.
        strongest: effect of the strongest direction of the search space, by the survey; None if not known.
        layers: indices of the layers at which directions acted; None for all, as a move of z does.
        notes: what a user should know, a sentence each.
        image_factors: what the changes of image factors are measured in; None where these cannot be told.
    """

    sets: tuple[SetScore, ...]
    directions_sha256: str
    model: str
    classes: tuple[str, ...]
    truncation: Finite
    seed: int
    latents: int
    evaluations: int
    strongest: Finite | None = None
    layers: tuple[Annotated[int, Meta(ge=0)], ...] | None = None
    notes: tuple[str, ...] = ()
    image_factors: FactorScale | None = None

    def as_json(self) -> dict[str, Any]:
        """Plain values, for a file or a terminal."""
        plain = {"format": SCORES_FORMAT, **asdict(self)}
        if self.layers is None:
            del plain["layers"]
        return plain

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


class _Head(Struct):
    """What says whether the rest is to be read."""

    format: Literal["biggan-directions/scorecard/1"]
    directions_sha256: str


def read_scores(path: Path, fingerprint: str, count: int) -> Scorecard | None:
    """Read the scorecard at ``path`` where it is of these directions.

    Args:
        path: of the JSON.
        fingerprint: SHA-256 of the directions' float32 bytes, in hexadecimal.
        count: how many directions there are.

    Returns:
        None where there is no such file, or it is of other directions.

    Raises:
        FileFormatError: the file is damaged, or not a scorecard.
    """
    if not os.path.lexists(path):
        return None
    head = read_json(path, _Head, largest=_LARGEST_FILE, what="a scorecard")
    if head.directions_sha256 != fingerprint:
        return None
    found = read_json(path, Scorecard, largest=_LARGEST_FILE, what="a scorecard, or is damaged")
    if not found.sets or len(found.sets[0].directions) != count:
        raise FileFormatError(f"{path} is damaged: its first set is not of {count} directions")
    if not _consistent(found):
        raise FileFormatError(f"{path} is damaged: its changes are not those of its image factors")
    return found


def _consistent(card: Scorecard) -> bool:
    """Whether every direction with image factors has one change of each."""
    known = () if card.image_factors is None else card.image_factors.factors
    changes = [one.image_factors for scored in card.sets for one in scored.directions]
    return all(one is None or len(one.changes) == len(one.errors) == len(known) for one in changes)


def stability_words(value: float | None, bound: float = STABLE) -> str:
    """A stability in two decimals, marked where it is below ``bound``.

    >>> stability_words(0.9994), stability_words(0.614), stability_words(0.9797), stability_words(None)
    ('1.00', '0.61 !', '0.980 !', '–')
    """
    if value is None:
        return "–"
    if value >= bound:
        return f"{value:.2f}"
    return f"{value:.{2 if round(value, 2) < bound else 3}f} !"


def loose_words(stability: Mapping[int, float | None], bound: float = STABLE) -> str:
    r"""A sentence on the directions whose stability is below ``bound``; "" where there are none.

    Args:
        stability: of directions, by their index; None where it is not known.
        bound: what was asked for when they were learnt.

    >>> print(loose_words({0: 0.99, 4: 0.61}).replace(": ", ":\n"))
    direction 4 depends on the latents at which it was learnt (stability 0.61):
    learn fewer directions (--ndirs), or at more latents (--latents, --budget)
    """
    loose = {index: value for index, value in stability.items() if value is not None and value < bound}
    if not loose:
        return ""
    each = [f"{stability_words(value, bound)[:-2]}" for value in loose.values()]
    if len(loose) == 1:
        which, they = f"direction {next(iter(loose))} depends", "it was"
    else:
        *first, last = map(str, loose)
        which, they = f"directions {', '.join(first)} and {last} depend", "they were"
    return (
        f"{which} on the latents at which {they} learnt (stability {', '.join(each)}): "
        "learn fewer directions (--ndirs), or at more latents (--latents, --budget)"
    )


def best(values: list[float | None], better: Better) -> float | None:
    """The best of those that are known, where there are two to compare and one can be better."""
    known = [value for value in values if value is not None]
    if len(known) < 2 or not better:
        return None
    choose: Callable[[list[float]], float] = max if better == "more" else min
    return choose(known)
