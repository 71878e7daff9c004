"""Small sets of images to train on: bright shapes of three classes, different in size and place."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from biggan_directions.training.image_set import ImageSet
from biggan_directions.training.settings import TrainSettings

NAMES = ("bar", "post", "square")
TINY = TrainSettings(
    width=4, discriminator_width=4, z_dim=4, batch=8, micro_batch=4, steps=6, statistics=8, seed=3
)
TINY_FLAGS = [
    *("--steps", "6", "--batch", "8", "--seed", "3"),
    *(
        word
        for pair in ("width=4", "discriminator_width=4", "z_dim=4", "micro_batch=4", "statistics=8")
        for word in ("--set", pair)
    ),
]


def shapes(count: int, side: int = 28) -> tuple[Tensor, Tensor]:
    """Images ``(N, side, side)``, uint8, and labels: every third is of the same class."""
    random = np.random.default_rng(0)
    images = np.zeros((count, side, side), np.uint8)
    labels = np.arange(count) % len(NAMES)
    for image, label in zip(images, labels, strict=True):
        size, top, left = random.integers(6, 12), *random.integers(0, side // 2, 2)
        height, width = ((size // 2, 2 * size), (2 * size, size // 2), (size, size))[label]
        image[top : top + height, left : left + width] = random.integers(120, 255)
    return torch.from_numpy(images), torch.from_numpy(labels)


def image_set(count: int = 48, *, colour: bool = False) -> ImageSet:
    """A set in memory, 32 pixels."""
    images, labels = shapes(count, 32)
    grey = images[:, None]
    return ImageSet(
        images=torch.cat([grey, grey // 2, 255 - grey], 1) if colour else grey,
        class_index=labels,
        names=NAMES,
    )


def write_npz(path: Path, count: int = 48) -> Path:
    """An ``.npz`` of 28 pixels."""
    images, labels = shapes(count)
    np.savez(path, images=images.numpy(), labels=labels.numpy())
    return path


def write_idx(folder: Path, part: str = "train", count: int = 48, *, packed: bool = True) -> Path:
    """Two idx files."""
    folder.mkdir(exist_ok=True)
    images, labels = shapes(count)
    for array, kind in ((images, "images-idx3"), (labels, "labels-idx1")):
        numbers = array.numpy().astype(np.uint8)
        head = bytes((0, 0, 8, numbers.ndim)) + np.array(numbers.shape, ">u4").tobytes()
        content = head + numbers.tobytes()
        name = f"{part}-{kind}-ubyte" + (".gz" if packed else "")
        (folder / name).write_bytes(gzip.compress(content) if packed else content)
    return folder


def write_folder(folder: Path, count: int = 48) -> Path:
    """A subfolder of PNG files for each class, in colour."""
    images, labels = shapes(count, 40)
    for number, (image, label) in enumerate(zip(images, labels.tolist(), strict=True)):
        (folder / NAMES[label]).mkdir(parents=True, exist_ok=True)
        colours = np.stack([image.numpy(), image.numpy() // 2, 255 - image.numpy()], -1)
        Image.fromarray(colours).save(folder / NAMES[label] / f"{number:03d}.png")
    return folder
