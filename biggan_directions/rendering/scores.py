"""The scorecard as the page shows it: read from the JSON beside the directions, checked, and averaged."""

import math
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from biggan_directions.errors import FileFormatError
from biggan_directions.files.plain_json import read_json

SCORES_NAME = "scorecard.json"
SCORES_FORMAT = "biggan-directions/scorecard/1"
_LARGEST_FILE = 16 * 2**20  # bytes; some thousand directions and their baselines


class Measure(NamedTuple):
    """A column: its key in the JSON, whether more or less of it is better, and what it means."""

    key: str
    better: str
    words: str


MEASURES = (
    Measure("recovery", "more", "largest |cos| with a direction that is known to be true, and which one"),
    Measure("effect", "more", "how much the picture changes (RMS, on the scale −1 to 1) per unit of z"),
    Measure("penalty", "less", "share of its second derivatives that it has in common with other directions"),
    Measure("overlap", "less", "largest |cos| between its change of the picture and another direction’s"),
    Measure("evenness", "less", "how uneven its steps are along the way: their coefficient of variation"),
    Measure("steadiness", "more", "mean |cos| between its changes of different samples"),
)


class Figure(NamedTuple):
    """A measured value with its standard error, either None where it is not known."""

    value: float | None
    error: float | None = None

    @property
    def words(self) -> str:
        """The value in three digits or so.

        >>> Figure(0.2527).words, Figure(6.83).words, Figure(None).words
        ('0.253', '6.83', '–')
        """
        return "–" if self.value is None else f"{self.value:.{self._digits}f}"

    @property
    def error_words(self) -> str:
        """The error in as many decimals as the value, "" where there is none.

        >>> Figure(0.2527, 0.011).error_words, Figure(0.99).error_words
        ('± 0.011', '')
        """
        known = self.value is not None and self.error is not None
        return f"± {self.error:.{self._digits}f}" if known else ""

    @property
    def _digits(self) -> int:
        size = abs(self.value or 0.0)
        return 3 if size < 1 else 2 if size < 100 else 0


@dataclass(frozen=True)
class ScoredDirection:
    """A direction's figures by the keys of ``MEASURES``, and the true factor it is nearest to, if any."""

    figures: dict[str, Figure]
    factor: str | None


@dataclass(frozen=True)
class ScoredSet:
    """A set of directions: the file's own, or a baseline; ``matched`` is the recovery of all, one to one."""

    solver: str
    paper_penalty: Figure
    directions: tuple[ScoredDirection, ...]
    matched: Figure

    def mean(self, key: str) -> Figure:
        """The mean over directions of what is known, without an error: directions differ, they don't err."""
        if key == "recovery" and self.matched.value is not None:
            return self.matched
        known = [value for one in self.directions if (value := one.figures[key].value) is not None]
        return Figure(sum(known) / len(known) if known else None)


@dataclass(frozen=True)
class Scores:
    """What was measured, on what, for the file's own set (the first) and the baselines."""

    model: str
    classes: tuple[str, ...]
    seed: int
    latents: int
    sets: tuple[ScoredSet, ...]


def read_scores(path: Path, fingerprint: str, count: int) -> Scores | None:
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
    content = read_json(path, largest=_LARGEST_FILE)
    if not isinstance(content, dict) or content.get("format") != SCORES_FORMAT:
        raise FileFormatError(f"{path} is not a scorecard: expected format '{SCORES_FORMAT}'")
    if content.get("directions_sha256") != fingerprint:
        return None
    try:
        found = Scores(
            model=_text(content["model"]),
            classes=tuple(map(_text, content["classes"])),
            seed=_whole(content["seed"]),
            latents=_whole(content["latents"]),
            sets=tuple(map(_set, content["sets"])),
        )
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
        raise FileFormatError(f"{path} is damaged: {type(error).__name__} {error}") from error
    if not found.sets or len(found.sets[0].directions) != count:
        raise FileFormatError(f"{path} is damaged: its first set is not of {count} directions")
    return found


def _set(content: dict[str, Any]) -> ScoredSet:
    return ScoredSet(
        solver=_text(content["solver"]),
        paper_penalty=_figure(content["paper_penalty"]),
        directions=tuple(_direction(one) for one in content["directions"]),
        matched=_figure(content.get("recovery_mean")),
    )


def _direction(content: dict[str, Any]) -> ScoredDirection:
    factor = content.get("factor")
    return ScoredDirection(
        {measure.key: _figure(content.get(measure.key)) for measure in MEASURES},
        None if factor is None else _text(factor),
    )


def _figure(content: Any) -> Figure:
    """A value with its error, or a bare number, which has none."""
    if isinstance(content, dict):
        return Figure(_number(content["value"]), _number(content["error"]))
    return Figure(_number(content))


def _text(content: Any) -> str:
    if not isinstance(content, str):
        raise TypeError(f"expected text, got {content!r:.40}")
    return content


def _whole(content: Any) -> int:
    if type(content) is not int:
        raise TypeError(f"expected a whole number, got {content!r:.40}")
    return content


def _number(content: Any) -> float | None:
    if content is None:
        return None
    if isinstance(content, bool) or not isinstance(content, (int, float)):
        raise TypeError(f"expected a number, got {content!r:.40}")
    return float(content) if math.isfinite(content) else None


def best(values: list[float | None], better: str) -> float | None:
    """The best of those that are known, where there are two to compare."""
    known = [value for value in values if value is not None]
    choose: Callable[[list[float]], float] = max if better == "more" else min
    return choose(known) if len(known) > 1 else None
