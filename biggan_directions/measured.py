"""The measures of a file's directions, as every command and page shows them: one source for all."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from biggan_directions.errors import FileFormatError
from biggan_directions.files.atomic_write import write_whole
from biggan_directions.generators.chosen_layers import layers_text
from biggan_directions.scores import (
    SCORES_NAME,
    Measure,
    Scorecard,
    loose_words,
    read_scores,
    stability_words,
)

if TYPE_CHECKING:
    from biggan_directions.directions import Directions
    from biggan_directions.generators import Generator


@dataclass(frozen=True, kw_only=True)
class Measured:
    """What is known of a file's directions.

    Attributes:
        effect: RMS change of the image per unit of z, one a direction.
        penalty: share of the Hessian's row off the diagonal, one a direction.
        linear: whether the image is known to be linear along it, which then has no penalty; one a direction.
        stability: |cos| between what two halves of the latents gave, one a direction; None where not known.
        agreement: the stability from which a direction counts as found again.
        latents: at how many latents they were measured, None if they were not.
        source: the name of the file that the figures are from.
        scorecard: where all of them are from, if it is a scorecard.
        note: why a scorecard that is there is not shown; "" if nothing is wrong.
    """

    effect: tuple[Measure, ...]
    penalty: tuple[Measure, ...]
    linear: tuple[bool, ...]
    stability: tuple[Measure, ...] | None
    agreement: float
    latents: int | None
    source: str
    scorecard: Scorecard | None = None
    note: str = ""

    def stability_words(self, index: int) -> str:
        """A direction's stability as tables show it; "" where the file has none."""
        return "" if self.stability is None else stability_words(self.stability[index].value, self.agreement)

    def loose(self, indices: Iterable[int]) -> str:
        """A sentence on those of some directions that depend on the latents, "" where none does."""
        if self.stability is None:
            return ""
        return loose_words({index: self.stability[index].value for index in indices}, self.agreement)


def scores_path(path: Path) -> Path:
    """Where the scorecard of a file of directions is kept: every file in a folder has its own.

    >>> scores_path(Path("out/directions.pt")).as_posix(), scores_path(Path("theirs.npy")).as_posix()
    ('out/scorecard.json', 'theirs.npy.scorecard.json')
    """
    return path.with_name(SCORES_NAME if path.name == "directions.pt" else f"{path.name}.{SCORES_NAME}")


def measured(found: Directions, path: Path, generator: Generator | None = None) -> Measured:
    """The measures to show for directions: the scorecard's beside the file, or else the file's own.

    The file's own figures are those of the scorecard that learning ended with. They are shown where no
    scorecard of these very directions, with at least as many latents, lies beside the file. Figures that were
    measured on other classes, or at another truncation, than the generator's are not shown.

    Args:
        found: the directions.
        path: the file that they are from.
        generator: what the directions are shown on; left out, what the file says, which a bare matrix does
            not.
    """
    note, kept = "", None
    stability = None if found.stability is None else _figures(found.stability.tolist())
    try:
        kept = _kept(found, path)
    except FileFormatError as error:
        note = f"the scorecard is not shown: {error}"
    if generator is not None and not found.foreign and _seen(found, found) != _seen(generator, found):
        unknown = _figures([math.nan] * len(found))
        if kept is not None or not bool(found.effect.isnan().all()):
            note = (
                f"the file's effect and penalty are not shown: they were measured on "
                f"{_words(_seen(found, found))}, and this is {_words(_seen(generator, found))}"
            )
        return Measured(
            effect=unknown,
            penalty=unknown,
            linear=(False,) * len(found),
            stability=stability,
            agreement=found.agreement,
            latents=None,
            source=path.name,
            note=note,
        )
    own = found.score_latents
    if kept is not None:
        place, card = kept
        if not _belongs(card, found, generator):
            note = f"the scorecard {place.name} is not shown: it is of {card.model}, {_words(_scored(card))}"
        elif card.latents < (own or 0):
            note = (
                f"the scorecard is not shown: it has {card.latents} latents, and the file's own figures {own}"
            )
        else:
            scored = card.sets[0].directions
            return Measured(
                effect=tuple(direction.effect for direction in scored),
                penalty=tuple(direction.penalty for direction in scored),
                stability=stability,
                agreement=found.agreement,
                linear=tuple(direction.linear for direction in scored),
                latents=card.latents,
                source=place.name,
                scorecard=card,
            )
    return Measured(
        effect=_figures(found.effect.tolist()),
        penalty=_figures(found.penalty.tolist()),
        stability=stability,
        agreement=found.agreement,
        linear=found.linear or (False,) * len(found),
        latents=own,
        source=path.name,
        note=note,
    )


def _kept(found: Directions, path: Path) -> tuple[Path, Scorecard] | None:
    """The scorecard of these directions beside their file, also of a file that was renamed, and its path.

    Raises:
        FileFormatError: the file's own scorecard is damaged.
    """
    from biggan_directions.metrics.scorecard import digest

    fingerprint, own = digest(found.directions), scores_path(path)
    if (card := read_scores(own, fingerprint, len(found))) is not None:
        return own, card
    renamed = path.with_name(SCORES_NAME)
    with contextlib.suppress(FileFormatError):  # it is another file's unless it says that it is this one's
        card = read_scores(renamed, fingerprint, len(found))
        if card is not None and _belongs(card, found, None):
            return renamed, card
    return None


_Seen: TypeAlias = tuple[tuple[str, ...], float | None, tuple[int, ...] | None]
"""Names of classes, a truncation, and layers: what figures were measured on."""


def _seen(what: Directions | Generator, found: Directions) -> _Seen:
    return tuple(item.name for item in what.classes), what.truncation, found.layers


def _scored(card: Scorecard) -> _Seen:
    return card.classes, card.truncation, card.layers


def _belongs(card: Scorecard, found: Directions, generator: Generator | None) -> bool:
    """Whether a scorecard was measured on what the file says or, for a bare matrix, on the generator."""
    if not found.foreign:
        return _scored(card) == _seen(found, found)
    return generator is None or (card.model, *_scored(card)) == (generator.model, *_seen(generator, found))


def _words(seen: _Seen) -> str:
    classes, truncation, layers = seen
    more = f" and {len(classes) - 4} more classes" if len(classes) > 4 else ""
    where = "" if layers is None else f" and layers {layers_text(layers)}"
    return f"{', '.join(classes[:4])}{more} at truncation {truncation:g}{where}"


def _figures(values: list[float]) -> tuple[Measure, ...]:
    return tuple(Measure(value=None if math.isnan(value) else value) for value in values)


@dataclass(frozen=True, kw_only=True)
class Kept:
    """What became of a new scorecard.

    Attributes:
        path: the scorecard that is there now.
        written: whether it is the new one.
        earlier: the one that was replaced or, where the new one was not written, the one that was kept; None
            if there was none.
    """

    path: Path
    written: bool
    earlier: Scorecard | None


def keep_scorecard(
    card: Scorecard, found: Directions, path: Path, generator: Generator | None = None, *, force: bool = False
) -> Kept:
    """Write a scorecard beside the file of its directions, unless a better one is there.

    Better is one of the same directions on the same classes, with more latents, or with baselines where the
    new one has none.

    Args:
        card: the new one.
        found: the directions that it is of.
        path: their file.
        generator: what they were measured on; a bare matrix does not say it.
        force: replace a better one, too.

    Raises:
        OutputError: the place cannot be written.
    """
    try:
        kept = _kept(found, path)
    except FileFormatError:
        kept = None  # damaged: there is nothing to keep
    own = scores_path(path)
    if kept is not None and not force and _belongs(kept[1], found, generator):
        place, old = kept
        if old.latents > card.latents or (len(card.sets) == 1 < len(old.sets)):
            return Kept(path=place, written=False, earlier=old)
    write_whole(own, card.to_bytes())
    return Kept(path=own, written=True, earlier=kept[1] if kept is not None and kept[0] == own else None)
