"""The hinge loss of a generative adversarial network (arXiv:1705.02894), as BigGAN uses it."""

import torch
from torch import Tensor


def discriminator_loss(real: Tensor, generated: Tensor) -> Tensor:
    """Mean of ``max(0, 1 - D(x))`` over real images plus mean of ``max(0, 1 + D(G(z)))``.

    Args:
        real: scores of real images, ``(N,)``.
        generated: scores of generated images, ``(M,)``.

    >>> discriminator_loss(torch.tensor([2.0, 0.5]), torch.tensor([-3.0, 0.0])).item()
    0.75
    """
    return torch.relu(1 - real).mean() + torch.relu(1 + generated).mean()


def generator_loss(generated: Tensor) -> Tensor:
    """Mean of ``-D(G(z))``.

    Args:
        generated: scores of generated images, ``(M,)``.

    >>> generator_loss(torch.tensor([1.0, 3.0])).item()
    -2.0
    """
    return -generated.mean()
