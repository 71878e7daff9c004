"""Sketch and block averages."""

import pytest
import torch

from biggan_directions.errors import UsageError
from biggan_directions.solvers.sketch import Sketch, block_average
from tests.support.oracles import normal


def _sketch(numbers: int, size: int, seed: int) -> Sketch:
    return Sketch(numbers, size, torch.Generator().manual_seed(seed))


def test_a_small_picture_is_left_as_it_is() -> None:
    rows = torch.randn(2, 10)
    assert _sketch(10, 10, 0)(rows) is rows


@pytest.mark.parametrize("numbers", [1000, 1024])
def test_sums_of_products_are_kept(numbers: int) -> None:
    """Mean of (Sx)·(Sy) over draws within five standard errors of x·y, relative variance of ‖Sx‖² ≤ 2 /
    size."""
    x = normal(1, numbers, seed=1)
    y = x + normal(1, numbers, seed=2)
    squares, products = [], []
    for seed in range(200):
        sx, sy = _sketch(numbers, 64, seed)(torch.cat([x, y]))
        squares.append(float(sx @ sx / (x @ x.T)))
        products.append(float(sx @ sy / (x @ y.T)))
    for values in (squares, products):
        sample = torch.tensor(values)
        assert abs(sample.mean() - 1) < 5 * sample.std() / 200**0.5
    assert torch.tensor(squares).var() < 1.5 * 2 / 64


def test_signs_keep_a_constant_picture_from_piling_up() -> None:
    ones = torch.ones(1, 1000, dtype=torch.float64)
    squares = torch.stack([_sketch(1000, 64, seed)(ones).square().sum() / 1000 for seed in range(200)])
    assert abs(squares.mean() - 1) < 5 * squares.std() / 200**0.5
    assert squares.mean() < 1.2


def test_it_is_linear() -> None:
    sketch = _sketch(100, 16, 0)
    a, b = normal(1, 100, seed=0), normal(1, 100, seed=1)
    torch.testing.assert_close(sketch(2 * a - b), 2 * sketch(a) - sketch(b))


def test_every_number_is_used_once() -> None:
    """Each column of S holds one ±1: the images of the unit vectors have norm 1."""
    image = _sketch(37, 8, 0)(torch.eye(37))
    assert image.abs().sum(dim=1).tolist() == [1.0] * 37
    assert set(image.flatten().tolist()) <= {-1.0, 0.0, 1.0}


def test_blocks() -> None:
    images = torch.arange(2 * 3 * 5 * 5.0).reshape(2, 3, 5, 5)
    averaged = block_average(images, 4)
    assert tuple(averaged.shape) == (2, 3 * 2 * 2)
    assert averaged[0, 0] == images[0, 0, :4, :4].mean()
    assert averaged[0, 3] == images[0, 0, 4, 4]
    assert torch.equal(block_average(images, 1), images.flatten(1))


def test_bad_sizes() -> None:
    with pytest.raises(UsageError, match="at least 1 number"):
        _sketch(10, 0, 0)
    with pytest.raises(UsageError, match="at least 1 pixel"):
        block_average(torch.zeros(1, 1, 2, 2), 0)
