"""A 3×3 convolution to three colours, as a product and a sum over neighbours.

So few outputs are slow as a convolution. The product gives the contribution of each pixel to each colour of
each neighbour; nothing else of the image is needed, so it can be computed in bands.
"""

import torch
from torch.nn import functional as F


def rgb_weight(weight: torch.Tensor) -> torch.Tensor:
    """The product's weight ``(3·9, channels)`` from the convolution's ``(3, channels, 3, 3)``.

    >>> x, weight = torch.randn(1, 5, 4, 4).double(), torch.randn(3, 5, 3, 3).double()
    >>> shares = rgb_weight(weight) @ x.flatten(2)
    >>> image = rgb_image(shares, (4, 4), torch.zeros(3, 1, 1).double())
    >>> torch.allclose(image, F.conv2d(x, weight, padding=1).tanh())
    True
    """
    return weight.flip(2, 3).permute(0, 2, 3, 1).flatten(0, 2)


def rgb_image(shares: torch.Tensor, size: tuple[int, int], bias: torch.Tensor) -> torch.Tensor:
    """The image in [-1, 1], ``(N, 3, H, W)``, from the product ``(N, 3·9, H·W)`` and ``bias (3, 1, 1)``."""
    return F.fold(shares, size, kernel_size=3, padding=1).add_(bias).tanh_()


def rgb_shares_gradient(image: torch.Tensor, gradient: torch.Tensor) -> torch.Tensor:
    """The gradient of the product ``(N, 3·9, H·W)`` from that of :func:`rgb_image`'s ``image``."""
    return F.unfold((1 - image * image).mul_(gradient), 3, padding=1)
