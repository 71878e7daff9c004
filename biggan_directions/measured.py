"""The measures of a file's directions, as every command and page shows them: one source for all."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from biggan_directions.errors import FileFormatError
from biggan_directions.files.atomic_write import write_whole
from biggan_directions.scores import SCORES_NAME, Measure, Scorecard, read_scores

if TYPE_CHECKING:
    from biggan_directions.directions import Directions


@dataclass(frozen=True, kw_only=True)
class Measured:
    """What is known of a file's directions.

    Attributes:
        effect: RMS change of the image per unit of z, one a direction.
        penalty: share of the Hessian's row off the diagonal, one a direction.
        latents: at how many latents they were measured, None if they were not.
        source: the name of the file that the figures are from.
        scorecard: where all of them are from, if it is a scorecard.
        note: why a scorecard that is there is not shown; "" if nothing is wrong.
    """

    effect: tuple[Measure, ...]
    penalty: tuple[Measure, ...]
    latents: int | None
    source: str
    scorecard: Scorecard | None = None
    note: str = ""


def scores_path(path: Path) -> Path:
    """Where the scorecard of a file of directions is kept: every file in a folder has its own.

    >>> scores_path(Path("out/directions.pt")).as_posix(), scores_path(Path("theirs.npy")).as_posix()
    ('out/scorecard.json', 'theirs.npy.scorecard.json')
    """
    return path.with_name(SCORES_NAME if path.name == "directions.pt" else f"{path.name}.{SCORES_NAME}")


def read_scorecard(found: Directions, path: Path) -> Scorecard | None:
    """The scorecard of these directions beside their file, also of a file that was renamed; None without one.

    Raises:
        FileFormatError: the scorecard is damaged.
    """
    from biggan_directions.metrics.scorecard import digest

    fingerprint = digest(found.directions)
    for place in dict.fromkeys((scores_path(path), path.with_name(SCORES_NAME))):
        if (card := read_scores(place, fingerprint, len(found))) is not None:
            return card
    return None


def measured(found: Directions, path: Path) -> Measured:
    """The measures to show for directions: the scorecard's beside the file, or else the file's own.

    The file's own figures are those of the scorecard that learning ended with. They are shown where no
    scorecard of these very directions, with at least as many latents, lies beside the file.

    Args:
        found: the directions.
        path: the file that they are from.
    """
    note, card = "", None
    try:
        card = read_scorecard(found, path)
    except FileFormatError as error:
        note = f"the scorecard is not shown: {error}"
    own = found.score_latents
    if card is not None and card.latents >= (own or 0):
        scored = card.sets[0].directions
        return Measured(
            effect=tuple(direction.effect for direction in scored),
            penalty=tuple(direction.penalty for direction in scored),
            latents=card.latents,
            source=scores_path(path).name,
            scorecard=card,
        )
    if card is not None:
        note = f"the scorecard is not shown: it has {card.latents} latents, and the file's own figures {own}"
    return Measured(
        effect=_figures(found.effect.tolist()),
        penalty=_figures(found.penalty.tolist()),
        latents=own,
        source=path.name,
        note=note,
    )


def _figures(values: list[float]) -> tuple[Measure, ...]:
    return tuple(Measure(value=None if math.isnan(value) else value) for value in values)


def keep_scorecard(
    card: Scorecard, found: Directions, path: Path, *, force: bool = False
) -> Scorecard | None:
    """Write a scorecard beside the file of its directions, unless a better one is there.

    Better is one of the same directions with more latents, or with baselines where the new one has none.

    Args:
        card: the new one.
        found: the directions that it is of.
        path: their file.
        force: replace a better one, too.

    Returns:
        None where the new one was written, or else the one that was kept.

    Raises:
        OutputError: the place cannot be written.
    """
    try:
        old = None if force else read_scorecard(found, path)
    except FileFormatError:
        old = None  # damaged: there is nothing to keep
    if old is not None and (old.latents > card.latents or (len(card.sets) == 1 < len(old.sets))):
        return old
    write_whole(scores_path(path), card.to_bytes())
    return None
