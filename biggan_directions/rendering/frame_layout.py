"""Layout of a frame: where its images and labels are, the same in every frame of an animation."""

from typing import NamedTuple

from PIL import Image, ImageDraw

from biggan_directions.rendering.images import ImageArray, columns_for, resized
from biggan_directions.rendering.labels import INK, RULE, SOFT, WHITE, drawable, fitted, signed, typeface

# Larger frames are of no use in an animation: images are made smaller to fit.
_MOST_PIXELS = 4_000_000


class Panel(NamedTuple):
    """The part of a frame that shows one direction: its number, its name, and its distance in units of z.

    Without a ``distance`` the marker runs from left to right as the fraction goes from 0 to 1, and no
    distance is written.
    """

    number: str
    name: str
    distance: float | None


class FrameLayout:
    """Places ``samples`` images in each of ``panels``, and under each panel a marker of the position.

    ``height`` and ``width`` are those of an image as it was generated, ``scale`` enlarges it.
    """

    def __init__(
        self, panels: list[Panel], samples: int, height: int, width: int, *, scale: int, labels: bool
    ) -> None:
        self._panels, self._labels = panels, labels
        self._columns = columns_for(samples)
        self._panel_columns = _panel_columns(len(panels), samples, height / width)
        self._rows = -(-samples // self._columns)
        self._panel_rows = -(-len(panels) // self._panel_columns)
        self._samples = samples
        images = height * width * scale**2 * samples * len(panels)
        shrink = min(1.0, (_MOST_PIXELS / images) ** 0.5)
        self._height, self._width = (max(8, round(side * scale * shrink)) for side in (height, width))
        self._measure()
        self._background = self._draw_background()

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of a frame."""
        return self._background.size

    def frame(self, images: list[ImageArray], fraction: float) -> Image.Image:
        """The frame at ``fraction`` of the path; ``images`` panel by panel, and in each sample by sample."""
        frame = self._background.copy()
        for index, image in enumerate(images):
            place, sample = divmod(index, self._samples)
            left, top = self._corner(place)
            row, column = divmod(sample, self._columns)
            x, y = left + column * (self._width + self._gutter), top + row * (self._height + self._gutter)
            frame.paste(resized(image, self._width, self._height), (x, y))
        if self._labels:
            pen = ImageDraw.Draw(frame)
            for index, panel in enumerate(self._panels):
                self._mark(frame, pen, index, panel, fraction)
        return frame

    def _measure(self) -> None:
        """Every distance in the layout, from the size of an image."""
        self._gutter = max(2, round(0.03 * self._width))
        self._panel_width = self._columns * (self._width + self._gutter) - self._gutter
        self._panel_height = self._rows * (self._height + self._gutter) - self._gutter
        self._text = min(32, max(13, round(0.02 * self._panel_width)))
        self._dot = self._text // 4
        # of the line on which the marker moves, from the top of its panel
        self._rule = self._panel_height + round(0.85 * self._text)
        self._baseline = self._rule + round(1.55 * self._text)
        self._caption = self._baseline + round(0.3 * self._text) - self._panel_height
        self._margin = 3 * self._gutter if self._labels else 0
        self._gap = max(4 * self._gutter, round(1.3 * self._text)) if self._labels else self._gutter

    def _corner(self, panel: int) -> tuple[int, int]:
        row, column = divmod(panel, self._panel_columns)
        tall = self._panel_height + (self._caption if self._labels else 0)
        return self._margin + column * (self._panel_width + self._gap), self._margin + row * (
            tall + self._gap
        )

    def _draw_background(self) -> Image.Image:
        """Everything that does not move."""
        right, _ = self._corner(self._panel_columns - 1)
        _, bottom = self._corner((self._panel_rows - 1) * self._panel_columns)
        tall = self._panel_height + (self._caption if self._labels else 0)
        size = right + self._panel_width + self._margin, bottom + tall + self._margin
        image = Image.new("RGB", size, (WHITE,) * 3)
        if self._labels:
            pen = ImageDraw.Draw(image)
            for index, panel in enumerate(self._panels):
                self._caption_of(pen, index, panel)
        return image

    def _caption_of(self, pen: ImageDraw.ImageDraw, index: int, panel: Panel) -> None:
        left, top = self._corner(index)
        pen.line((left, top + self._rule, left + self._panel_width - 1, top + self._rule), (RULE,) * 3, 1)
        number, name = typeface(self._text, "Medium"), typeface(self._text)
        pen.text((left, top + self._baseline), panel.number, (INK,) * 3, number, anchor="ls")
        used = number.getlength(panel.number) + 0.55 * self._text if panel.number else 0.0
        room = self._panel_width - used - self._room_for_distance(panel)
        pen.text(
            (left + used, top + self._baseline),
            fitted(drawable(panel.name), name, room),
            (SOFT,) * 3,
            name,
            anchor="ls",
        )

    def _room_for_distance(self, panel: Panel) -> float:
        """Width kept free at the right for the distance; 0 in a panel too narrow for both it and a name."""
        if panel.distance is None:
            return 0.0
        room = typeface(self._text).getlength(signed(-abs(panel.distance))) + self._text
        return room if room < 0.45 * self._panel_width else 0.0

    def _mark(
        self, frame: Image.Image, pen: ImageDraw.ImageDraw, index: int, panel: Panel, fraction: float
    ) -> None:
        left, top = self._corner(index)
        share = fraction if panel.distance is None else (fraction + 1) / 2
        x = left + self._dot + round(share * (self._panel_width - 1 - 2 * self._dot))
        disc = _disc(self._dot)
        frame.paste((INK,) * 3, (x - self._dot, top + self._rule - self._dot), disc)
        if panel.distance is not None and self._room_for_distance(panel):
            at = left + self._panel_width, top + self._baseline
            pen.text(at, signed(fraction * panel.distance), (SOFT,) * 3, typeface(self._text), anchor="rs")


def _panel_columns(count: int, samples: int, tallness: float) -> int:
    """How many panels stand side by side, for a frame not far from 3:2."""
    columns = columns_for(samples)
    aspect = columns / (-(-samples // columns)) / (tallness + 0.25)
    return columns_for(count, ratio=1.5 / aspect) if count > 1 else 1


def _disc(radius: int) -> Image.Image:
    """A smooth disc as a mask, 2 · radius + 1 pixels wide."""
    side = 2 * radius + 1
    large = Image.new("L", (8 * side, 8 * side), 0)
    ImageDraw.Draw(large).ellipse((0, 0, 8 * side - 1, 8 * side - 1), 255)
    return large.resize((side, side), Image.Resampling.BOX)
