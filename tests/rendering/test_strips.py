"""Strips: which positions the page shows, and how large."""

import io

import numpy as np
import pytest
from PIL import Image

from biggan_directions.rendering.strips import StripMaker, positions_shown, size_on_page
from biggan_directions.traversal import loop_path


def test_many_positions_are_thinned_out_with_both_ends_and_the_centre() -> None:
    fractions = loop_path(400).fractions
    shown = [fractions[place] for place in positions_shown(fractions)]
    assert len(shown) == 25
    assert (shown[0], shown[12], shown[-1]) == (-1.0, 0.0, 1.0)
    assert shown == sorted(shown)


def test_a_strip_has_the_positions_of_one_sample_in_order_whatever_order_they_come_in() -> None:
    fractions = (0.0, 1.0, -1.0)
    levels = {0.0: (120, 20), 1.0: (200, 60), -1.0: (40, 100)}  # of the two samples
    images = [[np.full((64, 32, 3), level, np.uint8) for level in levels[at]] for at in fractions]
    maker = StripMaker(fractions)
    assert list(maker.watch(iter(images))) == images
    made = maker.strips()
    assert made.size == (128, 64)
    assert len(made.strips) == 2
    for sample, strip in enumerate(made.strips):
        pixels = np.asarray(Image.open(io.BytesIO(strip)).convert("RGB")).reshape(3, 128, 64, 3).astype(int)
        for shown, at in zip(pixels, (-1.0, 0.0, 1.0), strict=True):
            assert np.abs(shown - levels[at][sample]).max() <= 3


@pytest.mark.parametrize("side", [8, 16, 64, 100, 128, 200, 256, 512, 1000])
def test_images_on_the_page_are_neither_tiny_nor_huge_and_keep_their_shape(side: int) -> None:
    height, width = size_on_page(side, side)
    assert height == width
    assert 128 <= height <= 256
    tall, narrow = size_on_page(side, side // 2)
    assert tall == pytest.approx(2 * narrow, abs=1)
