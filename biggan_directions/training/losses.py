"""The losses: relativistic and paired, with gradient penalties (R3GAN, arXiv:2501.05441)."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn


def discriminator_loss(real: Tensor, generated: Tensor) -> Tensor:
    """Mean of ``log(1 + exp(D(G(z)) - D(x)))`` over pairs of a real and a generated image of one class.

    Args:
        real: scores of real images, ``(N,)``.
        generated: scores of generated images, ``(N,)``.

    >>> round(discriminator_loss(torch.tensor([1.0, 1.0]), torch.tensor([1.0, 1.0])).item(), 4)
    0.6931
    """
    return F.softplus(generated - real).mean()


def generator_loss(real: Tensor, generated: Tensor) -> Tensor:
    """Mean of ``log(1 + exp(D(x) - D(G(z))))``: the same with the roles exchanged.

    Args:
        real: scores of real images, ``(N,)``.
        generated: scores of generated images, ``(N,)``.

    >>> round(generator_loss(torch.tensor([3.0]), torch.tensor([0.0])).item(), 4)
    3.0486
    """
    return discriminator_loss(generated, real)


def gradient_penalty(discriminator: nn.Module, images: Tensor, class_index: Tensor) -> Tensor:
    """Mean over images of half the squared norm of ``∂D/∂x``: R1 at real images, R2 at generated ones.

    Args:
        discriminator: gives a score for each image.
        images: ``(N, channels, R, R)``.
        class_index: ``(N,)``.
    """
    at = images.detach().requires_grad_()
    scores = discriminator(at, class_index)
    (gradient,) = torch.autograd.grad(scores.sum(), at, create_graph=True)
    return gradient.square().sum((1, 2, 3)).mean() / 2
