"""The discriminator: a residual network with a projection of the class (arXiv:1802.05637)."""

from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from biggan_directions.training.spectral import SpectralConvolution, SpectralLinear


class _Block(nn.Module):
    """Two convolutions beside a convolution of size 1; halves the size, except in the last block."""

    def __init__(
        self, inside: int, outside: int, *, first: bool, halves: bool, generator: torch.Generator
    ) -> None:
        super().__init__()
        self.first, self.halves = first, halves
        self.conv_0 = SpectralConvolution(inside, outside, 3, generator)
        self.conv_1 = SpectralConvolution(outside, outside, 3, generator)
        self.skip = SpectralConvolution(inside, outside, 1, generator)

    def forward(self, x: Tensor) -> Tensor:
        y = self.conv_1(torch.relu(self.conv_0(x if self.first else torch.relu(x))))
        if self.halves:  # a convolution of size 1 commutes with the mean
            y, x = F.avg_pool2d(y, 2), F.avg_pool2d(x, 2)
        result: Tensor = y + self.skip(x)
        return result


class Discriminator(nn.Module):
    """Images ``(N, channels, R, R)`` and class indices ``(N,)`` to scores ``(N,)``, higher for real images.

    ``score = (w + e_class) · Σ relu(features) + b``, summed over positions.

    Args:
        resolution: of the images, halved down to 4 pixels.
        classes: number of classes.
        width: channels of the first block; they double with each block up to four times as many.
        channels: 1 for grey images, 3 for colour.
        generator: of the initial values.
    """

    def __init__(
        self, *, resolution: int, classes: int, width: int, channels: int, generator: torch.Generator
    ) -> None:
        super().__init__()
        halvings = resolution.bit_length() - 3
        widths = [channels, *(width * min(2**step, 4) for step in range(halvings)), 4 * width]
        self.blocks = nn.ModuleList(
            _Block(inside, outside, first=step == 0, halves=step < halvings, generator=generator)
            for step, (inside, outside) in enumerate(pairwise(widths))
        )
        self.score = SpectralLinear(4 * width, 1, generator, bias=True)
        self.projection = SpectralLinear(4 * width, classes, generator)

    def forward(self, images: Tensor, class_index: Tensor) -> Tensor:
        x = images
        for block in self.blocks:
            x = block(x)
        features = torch.relu(x).sum((2, 3)).float()
        assert self.score.bias is not None
        weights = self.score.weight() + self.projection.weight()[class_index]
        score: Tensor = (weights * features).sum(1) + self.score.bias  # in float32, also under autocast
        return score
