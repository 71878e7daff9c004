"""What stands where in a frame: pictures untouched, labels inside, markers that move."""

import numpy as np
import pytest
from numpy.typing import NDArray

from biggan_directions.rendering.frame_layout import FrameLayout, Panel
from biggan_directions.rendering.images import ImageArray


def _noise(count: int, height: int = 40, width: int = 40) -> list[ImageArray]:
    random = np.random.default_rng(0)
    return [random.integers(0, 250, (height, width, 3), np.uint8) for _ in range(count)]


def _holds(frame: NDArray[np.uint8], image: ImageArray) -> bool:
    """Whether ``picture`` stands somewhere in ``frame``, pixel for pixel."""
    height, width = image.shape[:2]
    rows, columns = np.nonzero((frame == image[0, 0]).all(2))
    return any(
        np.array_equal(frame[y : y + height, x : x + width], image)
        for y, x in zip(rows, columns, strict=True)
    )


@pytest.mark.parametrize("labels", [True, False])
@pytest.mark.parametrize(("panels", "samples"), [(1, 1), (1, 4), (1, 7), (3, 2), (5, 1)])
def test_every_picture_is_there_pixel_for_pixel(panels: int, samples: int, labels: bool) -> None:
    images = _noise(panels * samples)
    names = [Panel(str(index), f"name {index}", 2.0) for index in range(panels)]
    stage = FrameLayout(names, samples, 40, 40, scale=1, labels=labels)
    frame = np.asarray(stage.frame(images, 0.5))
    assert (frame.shape[1], frame.shape[0]) == stage.size
    assert all(_holds(frame, image) for image in images)


def test_without_labels_there_are_pictures_and_gutters_and_nothing_else() -> None:
    images = _noise(4)
    stage = FrameLayout([Panel("3", "rotation", 2.0)], 4, 40, 40, scale=1, labels=False)
    frame = np.asarray(stage.frame(images, 0.5))
    assert frame.shape == (40, 4 * 40 + 3 * 2, 3)
    assert (frame[:, 40:42] == 255).all()


def test_wide_pictures_keep_their_shape_and_scale_enlarges_them() -> None:
    stage = FrameLayout([Panel("", "", None)], 1, 20, 60, scale=3, labels=False)
    assert stage.frame(_noise(1, 20, 60), 0).size == (180, 60)


@pytest.mark.parametrize("side", [16, 64, 400])
@pytest.mark.parametrize("samples", [1, 4])
@pytest.mark.parametrize("distance", [2.0, None])
def test_no_label_is_clipped_however_long_the_name(side: int, samples: int, distance: float | None) -> None:
    names = {"119": "W" * 300, "7": "jgy, a name that goes on and on and on"}
    panels = [Panel(index, name, distance) for index, name in names.items()]
    stage = FrameLayout(panels, samples, side, side, scale=1, labels=True)
    frame = np.asarray(stage.frame(_noise(2 * samples, side, side), 1.0))
    margin = max(2, round(0.03 * side))
    for edge in (frame[:margin], frame[-margin:], frame[:, :margin], frame[:, -margin:]):
        assert (edge == 255).all()


def test_the_marker_goes_from_end_to_end_and_the_distance_with_it() -> None:
    stage = FrameLayout([Panel("3", "rotation", 2.0)], 4, 40, 40, scale=1, labels=True)
    blank = [np.full((40, 40, 3), 255, np.uint8)] * 4
    centres = []
    for fraction in (-1.0, 0.0, 1.0):
        dark = (np.asarray(stage.frame(blank, fraction))[..., 0] < 60)[:60]  # above the words
        centres.append(float(np.nonzero(dark)[1].mean()))
    width = stage.size[0]
    assert centres[1] == pytest.approx((width - 1) / 2, abs=1)
    assert centres[1] - centres[0] == pytest.approx(centres[2] - centres[1], abs=1)
    assert centres[2] - centres[0] > 0.8 * width
    words = [np.asarray(stage.frame(blank, fraction))[62:, width // 2 :] for fraction in (0.5, 1.0)]
    assert not np.array_equal(words[0], words[1])


def test_a_hundred_and_twenty_directions_fit_one_frame() -> None:
    panels = [Panel(str(index), "", 2.0) for index in range(120)]
    width, height = FrameLayout(panels, 4, 512, 512, scale=1, labels=True).size
    assert width * height < 8_000_000
    assert 0.5 < width / height < 3
