"""Packed weights convolve as plain ones."""

import copy

import pytest
import torch

from biggan_directions.generators.folded.kernels.convolution import Convolution


@pytest.mark.parametrize("kernel", [1, 2, 3])
def test_packed_weights_convolve_as_plain_ones_and_do_not_travel(kernel: int) -> None:
    weight = torch.randn(24, 16, kernel, kernel, generator=torch.Generator().manual_seed(4))
    convolution = Convolution(weight.contiguous(memory_format=torch.channels_last))
    for size in (4, 9):  # the second picture is not of the size that the weight was packed for
        x = torch.randn(2, 16, size, size).contiguous(memory_format=torch.channels_last).requires_grad_()
        expected = torch.nn.functional.conv2d(x, weight, padding=min(1, kernel - 1))
        gradient = torch.randn_like(expected)
        (expected_gradient,) = torch.autograd.grad(expected, x, gradient)
        with torch.no_grad():
            assert torch.allclose(convolution.run(x), expected, atol=1e-4)
            assert torch.allclose(convolution.pull_back(gradient), expected_gradient, atol=1e-4)
        assert torch.equal(convolution.plain(x), expected)
    assert torch.equal(copy.deepcopy(convolution).weight, weight)
    with torch.no_grad():
        assert convolution.bfloat16().run(x.bfloat16()).dtype == torch.bfloat16
