"""The losses and the penalty against closed forms."""

import math

import torch
from torch import nn

from biggan_directions.training.discriminator import Discriminator
from biggan_directions.training.losses import discriminator_loss, generator_loss, gradient_penalty


def test_both_losses_are_of_the_differences_of_pairs() -> None:
    real, generated = torch.tensor([2.0, -1.0]), torch.tensor([0.0, 1.0])
    expected = (math.log1p(math.exp(-2)) + math.log1p(math.exp(2))) / 2
    torch.testing.assert_close(discriminator_loss(real, generated), torch.tensor(expected))
    torch.testing.assert_close(generator_loss(real, generated), torch.tensor(expected))
    assert discriminator_loss(real + 1, generated) < expected < generator_loss(real + 1, generated)


class _Quadratic(nn.Module):
    """D(x) = |x - c|² of the class's c: its gradient is 2 (x - c)."""

    def forward(self, images: torch.Tensor, class_index: torch.Tensor) -> torch.Tensor:
        return (images - class_index[:, None, None, None]).square().sum((1, 2, 3))


def test_the_penalty_is_half_the_squared_norm_of_the_gradient_at_each_image() -> None:
    images = torch.tensor([[1.0, 2.0], [0.0, 4.0]])[:, None, :, None]
    found = gradient_penalty(_Quadratic(), images, torch.tensor([0, 1]))
    torch.testing.assert_close(found, torch.tensor((4 * (1 + 4) + 4 * (1 + 9)) / 2 / 2))


def test_its_gradient_is_that_of_central_differences() -> None:
    net = Discriminator(
        resolution=32, classes=2, width=4, channels=1, generator=torch.Generator().manual_seed(0)
    ).double()
    images = torch.randn(3, 1, 32, 32, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    class_index = torch.tensor([0, 1, 1])
    (gradient,) = torch.autograd.grad(gradient_penalty(net, images, class_index), net.score)
    values = []
    for step in (1e-4, -1e-4):
        net.score.data[2] += step
        values.append(gradient_penalty(net, images, class_index).item())
        net.score.data[2] -= step
    torch.testing.assert_close(gradient[2].item(), (values[0] - values[1]) / 2e-4, rtol=1e-3, atol=0)
