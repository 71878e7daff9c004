"""The discriminator: a residual network without normalisation, with a projection of the class."""

import math
from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor, nn

_SLOPE = 0.2
_LAST = 4  # pixels on each side
_HALF = math.sqrt(0.5)  # keeps the variance where two parts of variance 1 are added


def _convolution(inside: int, outside: int, size: int, generator: torch.Generator) -> nn.Conv2d:
    layer = nn.Conv2d(inside, outside, size, padding=size // 2)
    nn.init.kaiming_normal_(layer.weight, a=_SLOPE if size > 1 else 1.0, generator=generator)
    nn.init.zeros_(layer.bias)  # type: ignore[arg-type]  # there is one
    return layer


def _active(x: Tensor) -> Tensor:
    return F.leaky_relu(x, _SLOPE)


class _Block(nn.Module):
    """Two convolutions beside a convolution of size 1; halves the size, except in the last block."""

    def __init__(
        self, inside: int, outside: int, *, first: bool, halves: bool, generator: torch.Generator
    ) -> None:
        super().__init__()
        self.first, self.halves = first, halves
        self.conv_0 = _convolution(inside, outside, 3, generator)
        self.conv_1 = _convolution(outside, outside, 3, generator)
        self.skip = _convolution(inside, outside, 1, generator)

    def forward(self, x: Tensor) -> Tensor:
        y = self.conv_1(_active(self.conv_0(x if self.first else _active(x))))
        if self.halves:  # a convolution of size 1 commutes with the mean
            y, x = F.avg_pool2d(y, 2), F.avg_pool2d(x, 2)
        result: Tensor = (y + self.skip(x)) * _HALF
        return result


class Discriminator(nn.Module):
    """Images ``(N, channels, R, R)`` and class indices ``(N,)`` to scores ``(N,)``, higher for real images.

    ``score = (w + e_class) · features / √2d`` with d features (arXiv:1802.05637).

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
        halvings = (resolution // _LAST).bit_length() - 1
        widths = [channels, *(width * min(2**step, 4) for step in range(halvings)), 4 * width]
        self.blocks = nn.ModuleList(
            _Block(inside, outside, first=step == 0, halves=step < halvings, generator=generator)
            for step, (inside, outside) in enumerate(pairwise(widths))
        )
        features = 4 * width
        self.last = nn.Linear(_LAST * _LAST * features, features)
        nn.init.kaiming_normal_(self.last.weight, a=_SLOPE, generator=generator)
        nn.init.zeros_(self.last.bias)
        self.score = nn.Parameter(torch.randn(features, generator=generator))
        self.projection = nn.Parameter(torch.randn(classes, features, generator=generator))

    def forward(self, images: Tensor, class_index: Tensor) -> Tensor:
        x = images
        for block in self.blocks:
            x = block(x)
        features = _active(
            self.last(_active(x).flatten(1))
        ).float()  # the sum in float32, also under autocast
        weights = (self.score + self.projection[class_index]) * _HALF / math.sqrt(features.shape[1])
        score: Tensor = (weights * features).sum(1)
        return score
