"""What ``score`` prints of image factors: how directions change them, and whether in every class alike."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from biggan_directions.commands.terminal import narrow_table, out, plain

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
    named = ["name"] if any(names) else []
    table = narrow_table(
        ("#", *named, *(_BROKEN.get(key, f"{key}\n") for key in scale.factors), "strongest\n")
    )
    for index, (changes, name) in enumerate(zip(found, names, strict=True)):
        assert changes is not None
        cells = [str(index), *([plain(name)] if named else [])]
        for key, change in zip(scale.factors, changes.changes, strict=True):
            words = signed_words(change)
            cells.append(f"[bold]{words}[/bold]" if key == changes.strongest else words)
        most = "–" if changes.strongest is None else f"{changes.strongest} {changes.selectivity:.0%}"
        table.add_row(*cells, most)
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
    found = [
        (str(index), name, direction.image_factors.agreement)
        for index, (direction, name) in enumerate(zip(scored.directions, names, strict=True))
        if direction.image_factors is not None and direction.image_factors.agreement is not None
    ]
    if not found:
        return
    named = ["name"] if any(names) else []
    table = narrow_table(("#", *named, "agreement ↑"))
    for index, name, agreement in found:
        table.add_row(index, *([plain(name)] if named else []), plain(agreement.words))
    out.print()
    out.print(table)
    out.print(
        "[dim]agreement: whether a direction means the same in every class: the cosine between a class's "
        "changes of the image factors and those of the other classes; mean, and the least[/dim]",
        soft_wrap=True,
    )
