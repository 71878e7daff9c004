"""Winograd's products against the convolution that they stand for."""

import copy

import pytest
import torch
from torch.nn import functional as F

from biggan_directions.generators.biggan_deep.kernels import winograd
from biggan_directions.generators.biggan_deep.kernels.convolution import Convolution
from biggan_directions.generators.biggan_deep.kernels.winograd import (
    winograd_convolution,
    winograd_factors,
    winograd_pays,
)


def random(*shape: int, dtype: torch.dtype = torch.float32) -> torch.Tensor:
    drawn = torch.randn(shape, generator=torch.Generator().manual_seed(sum(shape)), dtype=torch.float64)
    drawn = drawn.to(dtype)
    return drawn.contiguous(memory_format=torch.channels_last) if len(shape) == 4 else drawn


@pytest.mark.parametrize("size", [(2, 2), (4, 6), (6, 2), (16, 16)])
@pytest.mark.parametrize("pictures_at_once", [1, 2, 5])
def test_it_is_the_convolution_and_its_transpose(
    size: tuple[int, int], images_at_once: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    weight, x = random(7, 4, 3, 3, dtype=torch.float64), random(5, 4, *size, dtype=torch.float64)
    gradient = random(5, 7, *size, dtype=torch.float64)
    monkeypatch.setattr(winograd, "_CHUNK_BYTES", images_at_once * 4 * x[0].numel() * x.element_size())
    factors = winograd_factors(weight)
    out = winograd_convolution(x, factors)
    assert (out - F.conv2d(x, weight, padding=1)).abs().max() <= 1e-12
    assert out.is_contiguous(memory_format=torch.channels_last)
    back = winograd_convolution(gradient, factors, back=True)
    assert (back - F.conv_transpose2d(gradient, weight, padding=1)).abs().max() <= 1e-12


@pytest.mark.parametrize("size", [16, 14])
def test_where_it_pays_a_convolution_takes_it_and_is_as_exact(size: int) -> None:
    weight, x = random(256, 288, 3, 3) / 51, random(2, 288, size, size)
    convolution, exact = Convolution(weight), F.conv2d(x.double(), weight.double(), padding=1)
    out, factors = convolution.run(x), winograd_factors(weight)
    assert torch.equal(out, winograd_convolution(x, factors)) == (size == 16)
    assert (out - exact).abs().max() <= 1e-5
    gradient = random(2, 256, size, size)
    exact_back = F.conv_transpose2d(gradient.double(), weight.double(), padding=1)
    back = convolution.pull_back(gradient)
    assert torch.equal(back, winograd_convolution(gradient, factors, back=True)) == (size == 16)
    assert (back - exact_back).abs().max() <= 1e-5
    assert not copy.deepcopy(convolution)._packed


@pytest.mark.parametrize(
    ("weight", "x"),
    [
        ((256, 256, 1, 1), (4, 256, 16, 16)),
        ((256, 255, 3, 3), (4, 255, 16, 16)),
        ((255, 256, 3, 3), (4, 256, 16, 16)),
        ((256, 256, 3, 3), (4, 256, 16, 17)),
        ((256, 256, 3, 3), (4, 256, 17, 16)),
        ((256, 256, 3, 3), (64, 256, 8, 8)),
    ],
)
def test_few_channels_odd_sides_and_few_pixels_go_the_direct_way(
    weight: tuple[int, ...], x: tuple[int, ...]
) -> None:
    assert not winograd_pays(torch.empty(weight), torch.empty(x))


def test_it_is_for_float32_on_a_processor() -> None:
    weight, x = torch.empty(256, 256, 3, 3), torch.empty(1, 256, 16, 16)
    assert winograd_pays(weight, x)
    assert not winograd_pays(weight, x.double())
    assert not winograd_pays(weight, x.bfloat16())
    assert not winograd_pays(weight, x.to("meta"))
