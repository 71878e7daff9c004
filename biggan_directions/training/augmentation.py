"""Differentiable augmentation for small sets of images (DiffAugment, arXiv:2006.10738)."""

import torch
import torch.nn.functional as F
from torch import Tensor

_SHIFT = 1 / 8  # of the side, at most
_CUT = 1 / 2  # of the side


def augmented(images: Tensor, generator: torch.Generator) -> Tensor:
    """Shift each image by up to an eighth of its side, and blank a square of half its side.

    Both are differentiable, and real and generated images are to be augmented alike. Pixels that come into
    the image, and the square, are 0, which is medium grey.

    Args:
        images: ``(N, channels, R, R)`` in [-1, 1].
        generator: a CPU generator for what is drawn.
    """
    count, _, side, _ = images.shape
    margin = round(side * _SHIFT)
    shifts = torch.randint(-margin, margin + 1, (2, count, 1), generator=generator).to(images.device)
    centres = torch.randint(0, side, (2, count, 1), generator=generator).to(images.device)
    line = torch.arange(side, device=images.device)
    rows, columns = line + margin + shifts[0], line + margin + shifts[1]
    padded = F.pad(images, (margin,) * 4)
    which = torch.arange(count, device=images.device)[:, None, None]
    moved = padded.permute(0, 2, 3, 1)[which, rows[:, :, None], columns[:, None, :]].permute(0, 3, 1, 2)
    near = [(line - centre).abs() < side * _CUT / 2 for centre in centres]
    cut = near[0][:, None, :, None] & near[1][:, None, None, :]
    return moved.masked_fill(cut, 0.0)
