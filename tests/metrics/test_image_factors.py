"""Image factors of rectangles, whose factors are known."""

import pytest
import torch

from biggan_directions.factor_records import IMAGE_FACTORS
from biggan_directions.metrics.image_factors import all_uniform, image_factors, spreads_within

KEYS = [factor.key for factor in IMAGE_FACTORS]


def rectangle(
    left: float, top: float, right: float, bottom: float, *, level: float = 0.4, background: float = -0.8
) -> torch.Tensor:
    """An image (1, 3, 16, 20) of a rectangle, its edges between pixels drawn in proportion."""
    rows, columns = torch.arange(16), torch.arange(20)
    across = (right - columns).clamp(0, 1) * (columns + 1 - left).clamp(0, 1)
    down = (bottom - rows).clamp(0, 1) * (rows + 1 - top).clamp(0, 1)
    return (background + (level - background) * down[:, None] * across).expand(1, 3, -1, -1)


def factors(image: torch.Tensor) -> dict[str, float]:
    return dict(zip(KEYS, image_factors(image).factors[0].tolist(), strict=True))


def changed(one: dict[str, float], other: dict[str, float]) -> dict[str, float]:
    """What differs between two images, by how much."""
    differences = {key: other[key] - one[key] for key in KEYS}
    return {key: round(value, 6) for key, value in differences.items() if abs(value) > 1e-6}


def test_a_rectangle_is_as_wide_and_as_bright_as_it_was_drawn() -> None:
    found = factors(rectangle(4, 3, 10, 13))
    expected = {"width": 6 / 20, "height": 10 / 16, "area": 60 / 320, "brightness": 0.4}
    assert found == pytest.approx({**expected, "across": 7 / 20, "down": 8 / 16, "symmetry": 1})


def test_what_changes_one_factor_alone_changes_that_one() -> None:
    first = factors(rectangle(4, 3, 10, 13))
    assert changed(first, factors(rectangle(6, 3, 12, 13))) == {"across": 0.1}
    assert changed(first, factors(rectangle(4, 1, 10, 11))) == {"down": -0.125}
    assert changed(first, factors(rectangle(4, 3, 10, 13, level=0.9))) == {"brightness": 0.5}
    assert changed(first, factors(rectangle(4, 3, 10, 13, background=-0.2))) == {}
    assert changed(first, factors(rectangle(3, 3, 11, 13))) == {"width": 0.1, "area": 0.0625}


def test_an_edge_between_pixels_counts_in_part() -> None:
    """A quarter of a pixel at either side: the weight rises from 5 % to 15 % of the way to white."""
    slight = factors(rectangle(3.9, 3, 10.1, 13, level=0.8))  # differs by 0.16 there: a weight of 0.3
    assert slight["width"] == pytest.approx((6 + 2 * 0.3) / 20)
    assert slight["symmetry"] == pytest.approx(1)


def test_symmetry_is_the_share_that_has_a_counterpart() -> None:
    """Three pixels of an L: the centre is between the columns 4 and 5, and the foot meets nothing."""
    image = torch.full((1, 3, 9, 9), -1.0)
    image[:, :, 2:6, 4] = 1.0
    assert factors(image)["symmetry"] == pytest.approx(1)
    image[:, :, 5, 5:8] = 1.0  # pixels 4 4 4 4 5 6 7: the centre is 34/7, and mirrors column 5 at 4 5/7
    centre = 34 / 7
    column, foot = 2 * centre - 4, {5: 2 * centre - 5, 6: 2 * centre - 6, 7: 2 * centre - 7}
    mirrored = torch.zeros(9, 9)
    for row in range(2, 6):
        mirrored[row, int(column)] += 1 - column % 1
        mirrored[row, int(column) + 1] += column % 1
    for place in foot.values():
        mirrored[5, int(place)] += 1 - place % 1
        mirrored[5, int(place) + 1] += place % 1
    weights = (image[0, 0] + 1) / 2
    expected = 1 - float((weights - mirrored).abs().sum()) / 14
    assert factors(image)["symmetry"] == pytest.approx(expected)
    assert 0.2 < expected < 0.6


def test_an_image_without_an_object_has_no_place_or_brightness() -> None:
    found = image_factors(torch.full((1, 3, 8, 8), 0.3))
    assert found.uniform.all()
    assert found.factors[0, :3].tolist() == [0, 0, 0]
    assert found.factors[0, 3:].isnan().all()


def test_an_object_may_touch_the_border_but_a_gradient_is_no_uniform_background() -> None:
    gradient = torch.linspace(-1, 1, 16)[:, None].expand(1, 3, 16, 20)
    images = torch.cat([rectangle(4, 8, 12, 16), gradient, rectangle(0, 0, 20, 4)])
    assert image_factors(images).uniform.tolist() == [True, False, False]
    noise = 0.05 * torch.randn(1, 3, 16, 20, generator=torch.Generator().manual_seed(0))
    assert image_factors(rectangle(4, 3, 10, 13) + noise).uniform.all()
    assert all_uniform(torch.tensor([True] * 9 + [False]))
    assert not all_uniform(torch.tensor([True] * 8 + [False] * 2))


def test_spreads_are_those_within_classes() -> None:
    values = torch.randn(3000, 2, generator=torch.Generator().manual_seed(0)) * torch.tensor([1.0, 3.0])
    class_index = torch.arange(3000) % 3
    shifted = values + 100 * class_index[:, None]
    shifted[5, 0] = float("nan")
    assert spreads_within(shifted, class_index).tolist() == pytest.approx([1, 3], rel=0.05)
