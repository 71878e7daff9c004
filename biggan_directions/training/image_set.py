"""Images with classes, as training needs them."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field, replace

import torch
from torch import Tensor

from biggan_directions.errors import UsageError
from biggan_directions.latents import stream

_ROUNDING = 1e-9  # 0.1 of 30 images are 3


@dataclass(frozen=True, kw_only=True, eq=False)
class ImageSet:
    """Images of one size with the class of each.

    Attributes:
        images: uint8 ``(N, channels, R, R)``, one channel for grey images.
        class_index: int64 ``(N,)``.
        names: the classes' names.
        skipped: names of files that could not be read.
        held_out: share of each class that was left out of the set, to judge by.
    """

    images: Tensor
    class_index: Tensor
    names: tuple[str, ...]
    skipped: tuple[str, ...] = ()
    held_out: float = 0.0
    _orders: dict[int, Tensor] = field(default_factory=dict, repr=False)

    def __len__(self) -> int:
        return len(self.class_index)

    @property
    def channels(self) -> int:
        """1 for grey images, 3 for colour."""
        return self.images.shape[1]

    def rows(self, first: int, count: int, *, seed: int) -> Tensor:
        """Which images a batch has: every image once per epoch, each epoch in an order of its own.

        Args:
            first: number of images that earlier batches had.
            count: images of this batch.
            seed: of the orders.
        """
        wanted = torch.arange(first, first + count)
        epochs = wanted // len(self)
        found = torch.empty(count, dtype=torch.int64)
        for epoch in sorted(set(epochs.tolist())):
            if epoch not in self._orders:
                self._orders.clear()
                order = torch.randperm(len(self), generator=stream("training/order", seed, epoch))
                self._orders[epoch] = order
            inside = epochs == epoch
            found[inside] = self._orders[epoch][wanted[inside] % len(self)]
        return found

    def parts(self, share: float) -> tuple[ImageSet, ImageSet]:
        """The set without a share of each class, rounded down, and that share.

        Which images are held out depends on their pixels alone: those of a class with the smallest checksums.
        So it depends neither on a seed nor on the names and the order of files, and copies of an image stay
        together as far as the share allows.

        Raises:
            UsageError: the share is not from 0 to 0.5.
        """
        if not 0 <= share <= 0.5:
            raise UsageError(f"the share that is held out must be from 0 to 0.5, got {share:g}")
        held = torch.zeros(len(self), dtype=torch.bool)
        sums = [hashlib.sha256(image.contiguous().numpy().tobytes()).digest() for image in self.images]
        for index in range(len(self.names)):
            own = (self.class_index == index).nonzero().flatten().tolist()
            own.sort(key=sums.__getitem__)
            held[own[: int(share * len(own) + _ROUNDING)]] = True
        kept = replace(self.subset((~held).nonzero().flatten()), skipped=self.skipped, held_out=share)
        return kept, self.subset(held.nonzero().flatten())

    def subset(self, rows: Tensor) -> ImageSet:
        """The set of some of the images."""
        return ImageSet(images=self.images[rows], class_index=self.class_index[rows], names=self.names)

    def batch(self, rows: Tensor) -> tuple[Tensor, Tensor]:
        """Images in [-1, 1], float32, and their class indices."""
        return self.images[rows].float() / 127.5 - 1, self.class_index[rows]

    def sha256(self) -> str:
        """A checksum of images and classes: a run is resumed only on the images with which it began."""
        found = hashlib.sha256("\0".join(self.names).encode())
        found.update(self.images.contiguous().numpy().tobytes())
        found.update(self.class_index.numpy().tobytes())
        return found.hexdigest()
