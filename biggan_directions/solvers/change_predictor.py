"""Networks that see an image before and after a move of z, and tell along which direction, and how far."""

from __future__ import annotations

from itertools import pairwise
from typing import Literal

import torch
from torch import nn
from torch.nn import functional

from biggan_directions.latents import stream, uniforms

Kind = Literal["auto", "lenet", "resnet"]
SMALL = 64  # side in pixels of the largest image that LeNet sees; its authors' largest is 64, too
_LEAST = 32
_SHIFT_WEIGHT = 0.25  # of the distance's error beside the cross-entropy of the direction


class LeNetPredictor(nn.Module):
    """LeNet with batch normalisation and a mean over pixels (anvoynov/GANLatentDiscovery, width 2).

    Args:
        directions: number of directions to tell apart.
    """

    def __init__(self, directions: int) -> None:
        super().__init__()
        self.features = nn.Sequential(
            *_convolution(2 * 3, 6),
            nn.MaxPool2d(2),
            *_convolution(6, 16),
            nn.MaxPool2d(2),
            *_convolution(16, 120),
            nn.AdaptiveAvgPool2d(1),
            nn.Flatten(),
        )
        self.direction, self.distance = (
            nn.Sequential(nn.Linear(120, 84), nn.BatchNorm1d(84), nn.ReLU(), nn.Linear(84, size))
            for size in (directions, 1)
        )

    def forward(self, before: torch.Tensor, after: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Scores of the directions ``(N, directions)`` and distances ``(N,)`` for pairs of images.

        Images below 32 pixels a side are enlarged, as LeNet needs that many.
        """
        both = torch.cat([before, after], dim=1)
        features = self.features(functional.interpolate(both, _LEAST) if both.shape[-1] < _LEAST else both)
        return self.direction(features), self.distance(features)[:, 0]


def _convolution(inputs: int, outputs: int) -> tuple[nn.Module, ...]:
    return nn.Conv2d(inputs, outputs, 5), nn.BatchNorm2d(outputs), nn.ReLU()


class _Residual(nn.Module):
    """ResNet's basic block."""

    def __init__(self, inputs: int, outputs: int, stride: int) -> None:
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(inputs, outputs, 3, stride=stride, padding=1, bias=False),
            nn.BatchNorm2d(outputs),
            nn.ReLU(),
            nn.Conv2d(outputs, outputs, 3, padding=1, bias=False),
            nn.BatchNorm2d(outputs),
        )
        self.skip: nn.Module = nn.Identity()
        if stride != 1 or inputs != outputs:
            self.skip = nn.Sequential(
                nn.Conv2d(inputs, outputs, 1, stride=stride, bias=False), nn.BatchNorm2d(outputs)
            )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return functional.relu(self.body(x) + self.skip(x))


class ResNetPredictor(nn.Module):
    """ResNet-18 on both images' channels (He et al., arXiv:1512.03385), with two linear heads.

    Arguments and result are those of :class:`LeNetPredictor`.
    """

    def __init__(self, directions: int) -> None:
        super().__init__()
        widths = (64, 64, 128, 256, 512)
        blocks = [
            block
            for inputs, outputs in pairwise(widths)
            for block in (
                _Residual(inputs, outputs, 1 if outputs == widths[0] else 2),
                _Residual(outputs, outputs, 1),
            )
        ]
        self.features = nn.Sequential(
            nn.Conv2d(2 * 3, 64, 7, stride=2, padding=3, bias=False),
            nn.BatchNorm2d(64),
            nn.ReLU(),
            nn.MaxPool2d(3, stride=2, padding=1),
            *blocks,
            nn.AdaptiveAvgPool2d(1),
            nn.Flatten(),
        )
        self.direction, self.distance = nn.Linear(512, directions), nn.Linear(512, 1)

    def forward(self, before: torch.Tensor, after: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        features = self.features(torch.cat([before, after], dim=1))
        return self.direction(features), self.distance(features)[:, 0]


def make_predictor(kind: Kind, *, directions: int, resolution: int, seed: int) -> nn.Module:
    """A predictor with random weights from a seed, in training mode.

    Args:
        kind: ``lenet``, ``resnet``, or ``auto``: LeNet for images of up to 64 pixels a side.
        directions: number of directions to tell apart.
        resolution: side of the images in pixels.
        seed: of the weights.
    """
    network = LeNetPredictor if chosen(kind, resolution) == "lenet" else ResNetPredictor
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(stream("predictor", seed).initial_seed())
        return network(directions)


def chosen(kind: Kind, resolution: int) -> Kind:
    """The network for images of this side in pixels.

    >>> chosen("auto", 64), chosen("auto", 128), chosen("resnet", 32)
    ('lenet', 'resnet', 'resnet')
    """
    if kind != "auto":
        return kind
    return "lenet" if resolution <= SMALL else "resnet"


def draw_moves(
    count: int, directions: int, *, largest: float, least: float, purpose: str, seed: int, offset: int = 0
) -> tuple[torch.Tensor, torch.Tensor]:
    """Draw moves of z: which direction, and how far along it, one random stream per sample.

    The distance is from U[−largest, largest], and moved away from 0 to ±least if it is closer.

    Args:
        count: number of samples, from ``offset`` on.
        directions: number of directions.
        largest, least: in units of z.
        purpose, seed, offset: see :func:`~biggan_directions.latents.uniforms`.

    Returns:
        int64 and float32 ``(count,)``.

    >>> which, far = draw_moves(100, 4, largest=6.0, least=0.5, purpose="example", seed=0)
    >>> int(which.max()), 0.5 <= float(far.abs().min()) < float(far.abs().max()) < 6
    (3, True)
    """
    draws = uniforms(count, 2, purpose=purpose, seed=seed, offset=offset)
    distances = (2 * draws[:, 1] - 1) * largest
    distances = torch.where(distances < 0, -1.0, 1.0) * distances.abs().clamp(min=least)
    return (draws[:, 0] * directions).long(), distances.float()


def prediction_loss(
    scores: torch.Tensor, distances: torch.Tensor, which: torch.Tensor, far: torch.Tensor
) -> torch.Tensor:
    """Cross-entropy of the direction, and a quarter of the mean absolute error of the distance."""
    return functional.cross_entropy(scores, which) + _SHIFT_WEIGHT * (distances - far).abs().mean()
