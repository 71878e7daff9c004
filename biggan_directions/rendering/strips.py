"""Strips for the page: all positions of one sample in one image, small enough to be embedded in HTML."""

import io
import math
from collections.abc import Iterable, Iterator, Sequence

import numpy as np
from PIL import Image

from biggan_directions.rendering.images import ImageArray, resized
from biggan_directions.rendering.manifest import Strips

# As many positions as an animation of 48 frames shows; more are not told apart by hand.
MOST_POSITIONS = 25
# An image's side in a strip: it is shown at some 180 to 350 pixels of a screen. Smaller images are
# enlarged, since WebP halves the resolution of colour, and since browsers enlarge worse.
_LEAST_SIDE, _MOST_SIDE = 128, 256
# WebP's scale. 24 strips of the toybox's 25 positions then take some 0.7 MB.
_QUALITY = 90


def positions_shown(fractions: Sequence[float]) -> tuple[int, ...]:
    """Which of ``fractions`` the page shows, from −1 to 1: all, or 25 of them with both ends and the centre.

    >>> positions_shown((0.0, 0.7, 1.0, -0.7, -1.0))
    (4, 3, 0, 1, 2)
    >>> len(positions_shown([step / 100 for step in range(-100, 101)]))
    25
    """
    ordered = sorted(range(len(fractions)), key=lambda place: fractions[place])
    if len(ordered) <= MOST_POSITIONS:
        return tuple(ordered)
    last = MOST_POSITIONS - 1
    return tuple(ordered[round(step * (len(ordered) - 1) / last)] for step in range(MOST_POSITIONS))


class StripMaker:
    """Keeps what the page needs of the images that an animation is made of."""

    def __init__(self, fractions: Sequence[float]) -> None:
        self._places = positions_shown(fractions)
        self._kept: dict[int, list[ImageArray]] = {}

    def watch(self, images: Iterable[list[ImageArray]]) -> Iterator[list[ImageArray]]:
        """Pass on ``images``, which come in the order of ``fractions``."""
        wanted = set(self._places)
        for place, current in enumerate(images):
            if place in wanted:
                self._kept[place] = [_sized(image) for image in current]
            yield current

    def strips(self) -> Strips:
        """A WebP for each image of a position: all its positions, from −1 to 1, one below the other."""
        columns = list(zip(*(self._kept[place] for place in self._places), strict=True))
        height, width = columns[0][0].shape[:2]
        return Strips([_webp(np.concatenate(column)) for column in columns], (height, width))


def size_on_page(height: int, width: int) -> tuple[int, int]:
    """Height and width of an image on the page.

    >>> size_on_page(64, 64), size_on_page(128, 128), size_on_page(512, 512)
    ((128, 128), (128, 128), (256, 256))
    """
    longer = max(height, width)
    scale = min(math.ceil(_LEAST_SIDE / longer), _MOST_SIDE / longer)
    return max(1, round(height * scale)), max(1, round(width * scale))


def _sized(image: ImageArray) -> ImageArray:
    height, width = size_on_page(*image.shape[:2])
    return np.asarray(resized(image, width, height))


def _webp(pixels: ImageArray) -> bytes:
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "WEBP", quality=_QUALITY, method=4)
    return file.getvalue()
