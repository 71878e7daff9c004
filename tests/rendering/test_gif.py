"""GIF: one palette, nothing that flickers, nothing lost or added."""

import io
from collections.abc import Sequence

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from biggan_directions.rendering.gif import LADDER, Quality, build_palette, encode_gif
from tests.support.standin import frames, read_frames


def _frames() -> list[Image.Image]:
    return list(frames(16, samples=3, side=48))


def _read(data: bytes) -> tuple[list[NDArray[np.uint8]], list[int]]:
    return read_frames(Image.open(io.BytesIO(data)))


def _error(original: Sequence[Image.Image], shown: Sequence[NDArray[np.uint8]]) -> float:
    pairs = zip(original, shown, strict=True)
    return float(np.mean([(np.asarray(frame).astype(float) - seen) ** 2 for frame, seen in pairs]) ** 0.5)


@pytest.mark.parametrize("quality", LADDER)
def test_it_reads_back_with_its_frames_rhythm_loop_and_colours(quality: Quality) -> None:
    original = _frames()
    image = Image.open(io.BytesIO(encode_gif(original, 50, quality=quality, comment="seed 7")))
    shown, durations = read_frames(image)
    assert durations == [50] * 16
    assert image.info["loop"] == 0
    assert image.info["comment"] == b"seed 7"
    assert image.size == original[0].size
    assert _error(original, shown) < 6.5


def test_less_quality_is_smaller() -> None:
    sizes = [len(encode_gif(_frames(), 50, quality=quality)) for quality in LADDER]
    assert sizes == sorted(sizes, reverse=True)
    assert sizes[0] > sizes[-1]


def test_there_is_one_palette_for_all_frames() -> None:
    data = encode_gif(_frames(), 50, quality=LADDER[0])
    assert data[10] & 0x80  # a global colour table
    position = 13 + 3 * 2 ** ((data[10] & 7) + 1)
    local_tables = 0
    while data[position : position + 1] != b";":
        if data[position : position + 1] == b"!":
            position += 2
        else:
            local_tables += data[position + 9] >> 7
            position += 11
        while data[position]:
            position += data[position] + 1
        position += 1
    assert local_tables == 0


def test_what_stands_still_in_the_pictures_stands_still_in_the_file() -> None:
    original = _frames()
    shown, _ = _read(encode_gif(original, 50, quality=LADDER[0]))
    true = np.stack([np.asarray(frame) for frame in original])
    still = (true == true[0]).all((0, 3))
    assert 0.2 < still.mean() < 0.95
    seen = np.stack(shown)
    assert (seen[:, still] == seen[0, still]).all()


def test_a_frame_looks_the_same_on_the_way_there_and_back() -> None:
    original = _frames()
    shown, _ = _read(encode_gif(original, 50, quality=LADDER[0]))
    assert original[1] is original[7]
    assert np.array_equal(shown[1], shown[7])
    assert np.array_equal(shown[9], shown[15])


@pytest.mark.parametrize("quality", [LADDER[0], LADDER[-1]])
def test_labels_keep_their_ink_and_paper(quality: Quality) -> None:
    original = _frames()
    shown, _ = _read(encode_gif(original, 50, quality=quality))
    true = np.asarray(original[3])
    for level in (255, 216, 34):
        exact = (true == level).all(2)
        assert exact.any()
        assert (shown[3][exact] == level).all()


def test_equal_neighbours_stay_frames_of_their_own() -> None:
    one = Image.new("RGB", (30, 20), (200, 30, 40))
    other = Image.new("RGB", (30, 20), (20, 130, 40))
    shown, durations = _read(encode_gif([one, one, one.copy(), other, other], 40, quality=LADDER[0]))
    assert durations == [40] * 5
    assert [tuple(frame[0, 0]) for frame in shown] == 3 * [(200, 30, 40)] + 2 * [(20, 130, 40)]


def test_a_lagging_pixel_is_never_further_off_than_told() -> None:
    ramp = [Image.new("RGB", (8, 8), (100 + k, 120, 140)) for k in range(60)]
    quality = LADDER[1]
    shown, _ = _read(encode_gif(ramp, 50, quality=quality))
    worst = max(abs(int(frame[0, 0, 0]) - (100 + k)) for k, frame in enumerate(shown))
    assert 1 <= worst <= quality.tolerance


def test_few_colours_are_kept_exactly_and_white_alone_needs_no_more() -> None:
    colours = np.array([[[10, 200, 30], [250, 10, 90]], [[0, 0, 0], [255, 255, 255]]], np.uint8).repeat(20, 0)
    assert {tuple(c) for c in colours.reshape(-1, 3)} <= {tuple(c) for c in build_palette([colours], 255)}
    assert len(build_palette([np.full((4, 4, 3), 255, np.uint8)], 255)) == 8


def test_the_same_frames_give_the_same_bytes() -> None:
    assert encode_gif(_frames(), 50, quality=LADDER[0]) == encode_gif(_frames(), 50, quality=LADDER[0])
