"""A region of the image: boxes in fractions, masks from files."""

from pathlib import Path

import pytest
import torch
from PIL import Image

from biggan_directions.errors import UsageError
from biggan_directions.solvers.image_region import box_weights, check_box, mask_weights


def test_a_box_that_cuts_pixels_has_their_shares() -> None:
    weights = box_weights((0.125, 0.0, 0.75, 0.3), 4)
    expected = torch.outer(torch.tensor([1.0, 0.2, 0, 0]), torch.tensor([0.5, 1, 1, 0])).double()
    torch.testing.assert_close(weights, expected)
    assert float(weights.mean()) == pytest.approx(0.625 * 0.3)


@pytest.mark.parametrize(
    "box", [(0, 0, 1), (0.5, 0, 0.5, 1), (0, 0.6, 1, 0.4), (-0.1, 0, 1, 1), (0, 0, 1, 1.1)]
)
def test_boxes_that_are_none(box: tuple[float, ...]) -> None:
    with pytest.raises(UsageError, match="upper right quarter; got"):
        check_box(box)


def test_a_mask_is_scaled_to_the_image(tmp_path: Path) -> None:
    mask = Image.new("RGB", (8, 8), "black")
    mask.paste("white", (4, 0, 8, 2))
    mask.paste((128, 128, 128), (0, 4, 4, 8))
    mask.save(tmp_path / "mask.png")
    weights = mask_weights(str(tmp_path / "mask.png"), 4)
    assert weights[0].tolist() == [0, 0, 1, 1]
    assert weights[2:, :2].flatten().tolist() == pytest.approx([128 / 255] * 4)
    assert float(weights.sum()) == pytest.approx(2 + 4 * 128 / 255)


def test_masks_that_are_none(tmp_path: Path) -> None:
    path = tmp_path / "mask.png"
    with pytest.raises(UsageError, match=r"mask\.png cannot be read as an image: .*white in the region"):
        mask_weights(str(path), 4)
    path.write_text("no image")
    with pytest.raises(UsageError, match="cannot be read as an image"):
        mask_weights(str(path), 4)
    Image.new("L", (4, 4), 0).save(path)
    with pytest.raises(UsageError, match="black everywhere"):
        mask_weights(str(path), 4)
