"""A table of figures that fits a narrow terminal: a long name has a line of its own above its figures."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import NamedTuple

from rich.cells import cell_len
from rich.text import Text

_ELLIPSIS = "…"


class Row(NamedTuple):
    """A row of a table: what its figures are of, and the figures."""

    label: str
    cells: Sequence[str]
    bold: bool = False


def narrow_table(
    head: str, heads: Sequence[str], rows: Sequence[Row], *, width: int, left: Collection[int] = ()
) -> Text:
    """Lay out a table: labels to the left, figures whole and to the right.

    A label that the figures leave no room for stands in a line of its own, above them. One that is longer
    than the terminal is wide is shortened in its middle.

    Args:
        head: heading of the labels; one that does not fit either is left out.
        heads: heading of each column of figures, of one or two lines.
        rows: labels and figures; control characters have been made visible already.
        width: of the terminal, in columns.
        left: columns of figures that are words, and stand to the left.

    >>> rows = [Row("0 hue", ["0.25"]), Row("1 turning", ["0.50"])]
    >>> print(narrow_table("#", ["effect"], rows, width=16))
    #         effect
    0 hue       0.25
    1 turning   0.50
    >>> print(narrow_table("#", ["effect"], rows, width=14))
    #     effect
    0 hue   0.25
    1 turning
            0.50
    """
    parts = [heading.split("\n") for heading in heads]
    height = max(map(len, parts), default=1)
    above = [[""] * (height - len(lines)) + lines for lines in parts]
    widths = [
        max(cell_len(cell) for cell in (*lines, *(row.cells[place] for row in rows)))
        for place, lines in enumerate(above)
    ]
    room = max(width - sum(widths) - len(widths), 0)
    head = head if cell_len(head) <= room else ""
    fitting = [size for row in rows if (size := cell_len(row.label)) <= room]
    column = max(cell_len(head), *fitting, 0)

    def line(label: str, cells: Sequence[str]) -> str:
        words = [
            _padded(cell, size, left=place in left)
            for place, (cell, size) in enumerate(zip(cells, widths, strict=True))
        ]
        return " ".join([_padded(label, column, left=True), *words]).rstrip()

    table = Text(no_wrap=True)
    for place, cells in enumerate(zip(*above, strict=True)):
        table.append("\n" if place else "")
        table.append(line(head if place == height - 1 else "", cells), style="bold")
    for row in rows:
        label = row.label
        if cell_len(label) > room:
            table.append("\n" + shortened(label, width), style="bold" if row.bold else "")
            label = ""
        table.append("\n" + line(label, row.cells), style="bold" if row.bold else "")
    return table


def shortened(text: str, width: int) -> str:
    """Text of at most ``width`` terminal columns, with an ellipsis in its middle where it is longer.

    >>> shortened("directions_of_a_stranger.pt", 12), shortened("mine.pt", 12)
    ('direct…er.pt', 'mine.pt')
    """
    kept = min(width, len(text))
    short = text
    while cell_len(short) > width and kept:
        kept -= 1
        ahead, behind = (kept + 1) // 2, kept // 2
        short = text[:ahead] + _ELLIPSIS + text[len(text) - behind :]
    return short


def _padded(text: str, width: int, *, left: bool) -> str:
    spaces = " " * (width - cell_len(text))
    return text + spaces if left else spaces + text
