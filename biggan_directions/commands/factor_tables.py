"""What ``score`` prints of image factors: how directions change them, and whether in every class alike."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from biggan_directions.commands.narrow_table import Row, narrow_table
from biggan_directions.commands.terminal import label, out

if TYPE_CHECKING:
    from biggan_directions.scores import Scorecard, SetScore

_BROKEN = {"brightness": "bright-\nness", "symmetry": "sym-\nmetry"}  # so that 80 columns have room


def print_image_factors(card: Scorecard, scored: SetScore, names: Sequence[str]) -> None:
    """A row a direction of one of the card's sets; nothing where the background is not uniform."""
    from biggan_directions.factor_records import signed_words

    scale = card.image_factors
    found = [direction.image_factors for direction in scored.directions]
    if scale is None or any(one is None for one in found):
        return
    rows = []
    for index, changes in enumerate(found):
        assert changes is not None
        words = map(signed_words, changes.changes)
        most = "–" if changes.strongest is None else f"{changes.strongest} {changes.selectivity:.0%}"
        rows.append(Row(label(index, names), [*words, most]))
    heads = (*(_BROKEN.get(key, f"{key}\n") for key in scale.factors), "strongest\n")
    table = narrow_table("#", heads, rows, width=out.width, left=(len(heads) - 1,))
    out.print()
    out.print(table)
    of = "within each class" if len(card.classes) > 1 else "of the class"
    out.print(
        f"[dim]image factors: mean change per unit of z over {scale.latents} latents, in standard deviations "
        f"of {scale.source} {of}; {scale.images:,} images. strongest: if above twice its standard "
        "error; with its share of the squares of all[/dim]",
        soft_wrap=True,
    )
    _print_agreement(scored, names)


def _print_agreement(scored: SetScore, names: Sequence[str]) -> None:
    """A row a direction of a set over several classes."""
    rows = [
        Row(label(index, names), [direction.image_factors.agreement.words])
        for index, direction in enumerate(scored.directions)
        if direction.image_factors is not None and direction.image_factors.agreement is not None
    ]
    if not rows:
        return
    table = narrow_table("#", ["agreement ↑"], rows, width=out.width, left=(0,))
    out.print()
    out.print(table)
    out.print(
        "[dim]agreement: whether a direction means the same in every class: the cosine between a class's "
        "changes of the image factors and those of the other classes; mean, and the least[/dim]",
        soft_wrap=True,
    )
