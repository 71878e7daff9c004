"""Activeness: how much the image changes with each coordinate of z."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from biggan_directions.latents import stream

_PLACES = (-2.0, 0.0, 2.0)
ACTIVE = 0.1  # of the strongest coordinate's activeness; a convention of this package


@torch.no_grad()
def activeness(draw: Callable[[Tensor], Tensor], z_dim: int, *, samples: int = 300, seed: int = 0) -> Tensor:
    """The variance of the image over ``z_i ∈ {−2, 0, 2}``, a mean over pixels and samples of the rest of z.

    The definition of the Hessian Penalty's authors (arXiv:2008.10599), with their 300 samples. The variance
    has a divisor of 2.

    Args:
        draw: latents ``(N, z_dim)`` to images, each independent of the others of its batch.
        z_dim: numbers of a latent.
        samples: latents, standard normal.
        seed: of the latents.

    Returns:
        float64 ``(z_dim,)``.

    An image that is its second coordinate has a variance of 4 along it, and none along the first:

    >>> activeness(lambda z: z[:, 1:], 2, samples=5).tolist()
    [0.0, 4.0]
    """
    z = torch.randn(samples, z_dim, generator=stream("training/activeness", seed))
    found = []
    for place in range(z_dim):
        images = []
        for value in _PLACES:
            moved = z.clone()
            moved[:, place] = value
            images.append(draw(moved).double())
        found.append(torch.stack(images).var(dim=0).mean())
    return torch.stack(found).cpu()
