"""A small convolutional classifier: its features measure how far generated images are from real ones."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Protocol

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from biggan_directions.latents import stream
from biggan_directions.training.image_set import ImageSet

FEATURES = 128
_WIDTHS = (32, 64, FEATURES)
_RATE = 3e-3  # the highest; it rises over the first fifth of the steps and falls to zero
_WEIGHT_DECAY = 0.05
_BATCH = 128
_SHIFT = 2  # pixels, at most
_SMOOTHING = 0.1  # of the labels


class FeatureNetwork(Protocol):
    """What figures of images are measured with: :class:`Classifier`, or a network of a user's own.

    Attributes:
        classes: number of classes.
        channels: of the images that it is for, 1 for grey ones, 3 for colour.
    """

    classes: int
    channels: int

    def features(self, images: Tensor) -> Tensor:
        """The features of images ``(N, C, R, R)`` in [-1, 1]: float32 ``(N, features)``."""
        ...

    @property
    def last(self) -> Callable[[Tensor], Tensor]:
        """Features to a score for each class, ``(N, classes)``."""
        ...


class Classifier(nn.Module):
    """Images ``(N, channels, R, R)`` in [-1, 1] to a score for each class, ``(N, classes)``.

    Three stages of two convolutions, each stage at half the size of the one before, and the mean over
    positions, which are the 128 features.

    Args:
        channels: 1 for grey images, 3 for colour.
        classes: number of classes.
        generator: of the initial values.
    """

    def __init__(self, *, channels: int, classes: int, generator: torch.Generator) -> None:
        super().__init__()
        self.channels, self.classes = channels, classes
        layers: list[nn.Module] = []
        inside = channels
        for stage, width in enumerate(_WIDTHS):
            layers += [nn.MaxPool2d(2)] if stage else []
            for _ in range(2):
                convolution = nn.Conv2d(inside, width, 3, padding=1, bias=False)
                nn.init.kaiming_normal_(convolution.weight, generator=generator)
                layers += [convolution, nn.BatchNorm2d(width), nn.ReLU()]
                inside = width
        self.stages = nn.Sequential(*layers)
        self.last = nn.Linear(FEATURES, classes)
        nn.init.normal_(self.last.weight, std=0.01, generator=generator)
        nn.init.zeros_(self.last.bias)

    def features(self, images: Tensor) -> Tensor:
        """The 128 numbers of each image from which the classes are told, ``(N, 128)``."""
        found: Tensor = self.stages(images[:, : self.channels]).float().mean((2, 3))
        return found

    def forward(self, images: Tensor) -> Tensor:
        scores: Tensor = self.last(self.features(images))
        return scores


@dataclass(frozen=True, kw_only=True)
class ClassifierStep:
    """A step of training: the loss, and how many of how many are done."""

    loss: float
    done: int
    total: int


def train_classifier(
    network: Classifier, images: ImageSet, *, epochs: int, seed: int
) -> Iterator[ClassifierStep]:
    """Train with AdamW and one cycle of the rate, on images that are shifted by up to two pixels.

    Args:
        network: is changed in place, and is in evaluation mode at the end.
        images: with the classes of the network.
        epochs: how often each image is used.
        seed: of the order and the shifts.
    """
    device = next(network.parameters()).device
    total = max(1, epochs * len(images) // _BATCH)
    optimizer = torch.optim.AdamW(network.parameters(), lr=_RATE, weight_decay=_WEIGHT_DECAY)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, _RATE, total_steps=total, pct_start=0.2)
    network.to(memory_format=torch.channels_last).train()  # type: ignore[call-overload]
    for step in range(total):
        pictures, class_index = images.batch(images.rows(step * _BATCH, _BATCH, seed=seed))
        pictures = _shifted(pictures, stream("classifier/shifts", seed, step)).to(device)
        with torch.autocast(device.type, torch.bfloat16):
            scores = network(pictures.contiguous(memory_format=torch.channels_last))
        loss = F.cross_entropy(scores.float(), class_index.to(device), label_smoothing=_SMOOTHING)
        optimizer.zero_grad()
        torch.autograd.backward(loss)
        optimizer.step()
        schedule.step()
        yield ClassifierStep(loss=loss.item(), done=step + 1, total=total)
    network.eval().requires_grad_(False)


def accuracy(network: Classifier, images: ImageSet) -> float:
    """The share of images that are assigned to their class."""
    rows = torch.split(torch.arange(len(images)), _BATCH)
    with torch.no_grad():
        found = torch.cat([network(images.batch(part)[0]).argmax(1) for part in rows])
    return float((found == images.class_index).float().mean())


def _shifted(images: Tensor, random: torch.Generator) -> Tensor:
    """Shift each image by up to two pixels; what comes in is black."""
    side = images.shape[-1]
    padded = F.pad(images, (_SHIFT,) * 4, value=-1.0)
    across, down = torch.randint(0, 2 * _SHIFT + 1, (2, len(images)), generator=random).tolist()
    pairs = zip(padded, across, down, strict=True)
    return torch.stack([image[:, y : y + side, x : x + side] for image, x, y in pairs])
