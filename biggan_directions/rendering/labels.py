"""Words and numbers drawn into images: safe characters, measured widths, one typeface."""

import functools
import math
import unicodedata
from importlib import resources
from io import BytesIO
from typing import Literal

from PIL import ImageFont

Weight = Literal["Regular", "Medium"]

# Greys only: an image's own colours are the ones to look at, and a GIF's palette keeps a few greys for the
# labels.
WHITE, RULE, FAINT, SOFT, INK = 255, 216, 144, 96, 34

_ELLIPSIS = "…"


@functools.lru_cache(maxsize=64)
def typeface(size: int, weight: Weight = "Regular") -> ImageFont.FreeTypeFont:
    """The bundled typeface at ``size`` pixels; the same glyphs, in the same places, on every machine."""
    data = (
        resources.files("biggan_directions.rendering").joinpath("fonts", f"Roboto-{weight}.ttf").read_bytes()
    )
    return ImageFont.truetype(BytesIO(data), size, layout_engine=ImageFont.Layout.BASIC)


def drawable(text: str) -> str:
    """``text`` on one line, in characters that the typeface has.

    An accent that is missing leaves its letter, any other run of missing characters an ellipsis; control
    characters, direction marks and line breaks become single spaces.

    >>> drawable("  naïve\\n Größe − ệ 旋转\\u202e ")
    'naïve Größe − e …'
    """
    kept: list[str] = []
    for character in unicodedata.normalize("NFC", text):
        if character.isspace() or unicodedata.category(character)[0] == "C":
            kept.append(" ")
        elif _has_glyph(character):
            kept.append(character)
        elif plain := "".join(
            c for c in unicodedata.normalize("NFKD", character) if c != " " and _has_glyph(c)
        ):
            kept.append(plain)
        elif unicodedata.combining(character) == 0 and kept[-1:] != [_ELLIPSIS]:
            kept.append(_ELLIPSIS)
    return " ".join("".join(kept).split())


def fitted(text: str, font: ImageFont.FreeTypeFont, width: float) -> str:
    """``text``, or as much of its beginning as fits ``width`` pixels with an ellipsis, or ""."""
    if font.getlength(text) <= width:
        return text
    for end in range(len(text) - 1, 0, -1):
        shortened = text[:end].rstrip() + _ELLIPSIS
        if font.getlength(shortened) <= width:
            return shortened
    return ""


def signed(distance: float, decimals: int = 1) -> str:
    """A distance with its sign, a true minus and no sign at 0.

    >>> signed(2.04), signed(-0.5), signed(-0.01)
    ('+2.0', '−0.5', '0')
    """
    if round(abs(distance), decimals) == 0:
        return "0"
    return f"{'−' if distance < 0 else '+'}{abs(distance):.{decimals}f}"


def figure(value: float) -> str:
    """An effect in two digits or so, or a dash where it is not known.

    >>> figure(0.2), figure(0.0123), figure(float("nan"))
    ('0.20', '0.012', '–')
    """
    if math.isnan(value):
        return "–"
    return f"{value:.2f}" if value >= 0.095 else f"{value:.2g}"


@functools.lru_cache(maxsize=4096)
def _has_glyph(character: str) -> bool:
    """Whether the typeface can draw ``character``: what it cannot looks like the one that no typeface has."""
    font = typeface(24)
    return character == " " or _looks(font, character) != _looks(font, "\uffff")


def _looks(font: ImageFont.FreeTypeFont, character: str) -> tuple[bytes, float]:
    return bytes(font.getmask(character)), font.getlength(character)
