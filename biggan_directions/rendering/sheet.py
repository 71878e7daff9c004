"""The contact sheet: a row for each direction, a column for each position, its axes named, to be printed."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from PIL import Image, ImageDraw, ImageFont

from biggan_directions.rendering.frames import images_along
from biggan_directions.rendering.images import Generate, ImageArray, resized
from biggan_directions.rendering.labels import (
    FAINT,
    INK,
    SOFT,
    WHITE,
    drawable,
    figure,
    fitted,
    signed,
    typeface,
)
from biggan_directions.rendering.render_request import RenderRequest
from biggan_directions.rendering.settings import RenderSettings
from biggan_directions.traversal import even_fractions

# An image is enlarged by a whole number until it is at least this wide: twice what it would be on a screen.
_LEAST_CELL = 160
_MOST_PIXELS = 40_000_000

AXIS = "distance along the direction, in units of z"


@dataclass(frozen=True)
class _Row:
    """A direction on the sheet: ``images[position][sample]``."""

    number: str
    name: str
    effect: float
    stability: str
    distance: float
    images: list[list[ImageArray]]


def contact_sheet(
    generate: Generate,
    request: RenderRequest,
    *,
    settings: RenderSettings,
    base: Sequence[ImageArray] | None = None,
) -> Image.Image:
    """Draw the samples at even steps along each direction shown: of each direction, a row for each sample.

    Where all directions go equally far the distances stand once above the columns, else under each row; the
    effect, and the stability where it is known, stand beside each. Arguments as for
    :func:`~biggan_directions.rendering.frames.render_loop`.
    """
    fractions = even_fractions(settings.sheet_positions)
    images = list(images_along(generate, request, fractions, settings=settings, base=base))
    samples = len(request.z)
    rows = [
        _Row(
            str(index),
            drawable(request.name(index)),
            request.printed_effect(index),
            request.stability_words(index),
            extent.distance,
            [at_position[place * samples : (place + 1) * samples] for at_position in images],
        )
        for place, (index, extent) in enumerate(request.extents(settings).items())
    ]
    return _Sheet(rows, fractions, labels=settings.labels, title=drawable(request.title)).drawn()


class _Sheet:
    """Measures and draws; all lengths are multiples of the cell or of the text."""

    def __init__(self, rows: list[_Row], fractions: Sequence[float], *, labels: bool, title: str) -> None:
        self._rows, self._fractions, self._labels, self._title = rows, fractions, labels, title
        self._samples = len(rows[0].images[0])
        height, width = rows[0].images[0][0].shape[:2]
        scale = float(math.ceil(_LEAST_CELL / min(height, width)))
        pixels = height * width * scale**2 * len(rows) * len(fractions) * self._samples
        scale *= min(1.0, (_MOST_PIXELS / pixels) ** 0.5)
        self._cell_width: int = max(8, round(width * scale))
        self._cell_height: int = max(8, round(height * scale))
        self._shared = len({row.distance for row in rows}) == 1
        self._decimals = 1 if all(_in_tenths(row.distance * f) for row in rows for f in fractions) else 2
        self._measure()

    def drawn(self) -> Image.Image:
        """The sheet."""
        image = Image.new("RGB", (self._total_width, self._total_height), (WHITE,) * 3)
        pen = ImageDraw.Draw(image)
        if self._labels:
            self._draw_head(pen)
        for index, row in enumerate(self._rows):
            top = self._top + index * self._row_pitch
            for position, samples in enumerate(row.images):
                for sample, array in enumerate(samples):
                    at = self._x(position), top + sample * (self._cell_height + self._gutter)
                    image.paste(resized(array, self._cell_width, self._cell_height), at)
            if self._labels:
                self._draw_labels(pen, row, top)
        return image

    def _measure(self) -> None:
        self._text = min(44, max(22, round(0.14 * self._cell_width)))
        self._plain, self._strong = typeface(self._text), typeface(self._text, "Medium")
        self._small = typeface(round(0.85 * self._text))
        self._gutter = max(3, round(0.035 * self._cell_width))
        self._margin = round(1.8 * self._text) if self._labels else 0
        block = self._samples * (self._cell_height + self._gutter) - self._gutter
        under = round(1.5 * self._text) if self._labels and not self._shared else 0
        gap = round((0.9 if under else 0.0) * self._text) + (
            3 * self._gutter if self._samples > 1 else self._gutter
        )
        self._block, self._row_pitch = block, block + under + gap
        self._left = self._margin + self._label_width()
        head = 0
        if self._labels:
            head += round(1.9 * self._text) if self._title else 0
            head += round((3.0 if self._shared else 1.6) * self._text)
        self._top = self._margin + head
        images = len(self._fractions) * (self._cell_width + self._gutter) - self._gutter
        self._total_width = self._left + images + self._margin
        self._total_height = self._top + len(self._rows) * self._row_pitch - gap + self._margin

    def _label_width(self) -> int:
        """Room for the longest name, up to two cells; longer ones are cut."""
        if not self._labels:
            return 0
        widest = max(max(font.getlength(text) for text, font, _ in self._lines(row)) for row in self._rows)
        return math.ceil(min(widest, 2.0 * self._cell_width) + 1.4 * self._text)

    def _lines(self, row: _Row) -> list[tuple[str, ImageFont.FreeTypeFont, int]]:
        lines = [(row.number, self._strong, INK), (row.name, self._plain, SOFT)]
        figures = [f"effect {figure(row.effect)}"]
        figures += [f"stability {row.stability}"] if row.stability else []
        return [line for line in lines if line[0]] + [(words, self._small, FAINT) for words in figures]

    def _x(self, position: int) -> int:
        return self._left + position * (self._cell_width + self._gutter)

    def _draw_head(self, pen: ImageDraw.ImageDraw) -> None:
        """Title, name of the axis, and the distances where all rows share them."""
        right = self._total_width - self._margin
        if self._title:
            title = fitted(self._title, self._strong, right - self._margin)
            pen.text((self._margin, self._margin), title, (INK,) * 3, self._strong, anchor="lt")
        axis = self._top - round((1.9 if self._shared else 0.55) * self._text)
        name = fitted(AXIS, self._small, right - self._left)
        pen.text(((self._left + right) / 2, axis), name, (FAINT,) * 3, self._small, anchor="ms")
        if self._shared:
            self._draw_distances(pen, self._rows[0].distance, self._top - round(0.55 * self._text))

    def _draw_labels(self, pen: ImageDraw.ImageDraw, row: _Row, top: int) -> None:
        """Number, name and figures beside a row, centred on it, and its own distances where rows differ."""
        lines, pitch = self._lines(row), round(1.35 * self._text)
        baseline = top + (self._block - pitch * (len(lines) - 1)) // 2 + round(0.35 * self._text)
        for text, font, grey in lines:
            room = self._left - self._margin - self._text
            pen.text((self._margin, baseline), fitted(text, font, room), (grey,) * 3, font, anchor="ls")
            baseline += pitch
        if not self._shared:
            self._draw_distances(pen, row.distance, top + self._block + round(1.15 * self._text))

    def _draw_distances(self, pen: ImageDraw.ImageDraw, distance: float, baseline: int) -> None:
        for position, fraction in enumerate(self._fractions):
            middle = self._x(position) + self._cell_width / 2
            words = signed(fraction * distance, self._decimals)
            pen.text((middle, baseline), words, (SOFT,) * 3, self._small, anchor="ms")


def _in_tenths(distance: float) -> bool:
    return math.isclose(distance, round(distance, 1), abs_tol=1e-9)
