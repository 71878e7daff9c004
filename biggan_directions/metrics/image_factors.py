"""Factors of an image that need no knowledge of what it shows: width, brightness, centre, and so on.

They are those of an object on a uniform background. The background of an image is the median colour of its
border, the outermost pixels. How much of the object is in a pixel is

    w = clip((|x − background| − 0.1) / 0.2, 0, 1),

with the largest difference of the three channels, on the scale [-1, 1]: differences up to 0.1, which is 5 %
of the way from black to white, are background, and from 0.3 on they are object. In between, edges count in
part, so that a factor changes smoothly.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from biggan_directions.factor_records import IMAGE_FACTORS

TOLERANCE = 0.1  # difference from the background that still belongs to it, on the scale [-1, 1]
_OBJECT = 0.3  # difference from which a pixel is of the object alone
_BORDER = 0.75  # share of the border that must be background: an object may touch it
_IMAGES = 0.9  # share of the images whose border must be so


class Measured(NamedTuple):
    """Image factors ``(N, 7)``, in the order of IMAGE_FACTORS, and whether each background is uniform."""

    factors: Tensor
    uniform: Tensor


def image_factors(images: Tensor) -> Measured:
    r"""Measure the factors of images ``(N, 3, H, W)`` in [-1, 1].

    With w(y, x) as above, S = Σ w, and coordinates from 0 to 1 at the centres of pixels:

    - width: mean over the columns of max_y w; height: mean over the rows of max_x w
    - area: S / HW
    - brightness: Σ w b / S, with b the mean of the three channels
    - across: Σ w x / S; down: Σ w y / S
    - symmetry: 1 − Σ |w − w̃| / 2S, with w̃ the mirror image of w about the vertical line through ``across``,
      interpolated linearly between columns

    An image without an object has no brightness, centre or symmetry: they are NaN. A background is uniform if
    three quarters of the border differ from it by at most 0.1.

    Args:
        images: of any one size from 3×3.

    Returns:
        float64 ``(N, 7)`` and bool ``(N,)``, on the CPU.

    >>> images = torch.full((1, 3, 8, 8), -1.0)
    >>> images[:, :, 2:4, 1:7] = 0.5  # 6 wide, 2 high, in the middle of the columns
    >>> factors, uniform = image_factors(images)
    >>> dict(zip([factor.key for factor in IMAGE_FACTORS], factors[0].tolist()))
    {'width': 0.75, 'height': 0.25, 'area': 0.1875, 'brightness': 0.5, 'across': 0.5, 'down': 0.375, 'symmetry': 1.0}
    """  # noqa: E501
    images = images.detach().cpu().double()
    height, width = images.shape[2:]
    border = torch.cat(
        [images[:, :, 0], images[:, :, -1], images[:, :, 1:-1, 0], images[:, :, 1:-1, -1]], dim=2
    )
    background = border.median(dim=2).values
    beside = (border - background[:, :, None]).abs().amax(dim=1)
    uniform = (beside <= TOLERANCE).double().mean(dim=1) >= _BORDER

    differences = (images - background[:, :, None, None]).abs().amax(dim=1)
    weights = ((differences - TOLERANCE) / (_OBJECT - TOLERANCE)).clamp(0, 1)
    total = weights.sum(dim=(1, 2))
    total = torch.where(total > 0, total, float("nan"))
    across = (weights.sum(dim=1) * _centres(width)).sum(dim=1) / total
    down = (weights.sum(dim=2) * _centres(height)).sum(dim=1) / total
    mirrored = _mirrored(weights, across.nan_to_num(0.5))
    found = {
        "width": weights.amax(dim=1).mean(dim=1),
        "height": weights.amax(dim=2).mean(dim=1),
        "area": weights.mean(dim=(1, 2)),
        "brightness": (weights * images.mean(dim=1)).sum(dim=(1, 2)) / total,
        "across": across,
        "down": down,
        "symmetry": 1 - (weights - mirrored).abs().sum(dim=(1, 2)) / (2 * total),
    }
    return Measured(torch.stack([found[factor.key] for factor in IMAGE_FACTORS], dim=1), uniform)


def all_uniform(uniform: Tensor) -> bool:
    """Whether a set of images has uniform backgrounds: at least nine tenths of them ``(N,)`` have one."""
    return float(uniform.double().mean()) >= _IMAGES


def spreads_within(factors: Tensor, class_index: Tensor) -> Tensor:
    """Standard deviation of each factor within a class, pooled over classes: float64 ``(7,)``.

    √(Σ_c Σ_{i in c} (F_i − F̄_c)² / (N − C)), with N images of C classes. Images without a factor are left
    out of it.

    Args:
        factors: ``(N, 7)``, as :func:`image_factors` gives them.
        class_index: the class of each image, ``(N,)``.

    >>> spreads_within(torch.tensor([[1.0], [3.0], [10.0], [12.0]]), torch.tensor([0, 0, 1, 1])).tolist()
    [1.4142135623730951]
    """
    squares = torch.zeros(factors.shape[1], dtype=torch.float64)
    freedom = torch.zeros(factors.shape[1], dtype=torch.float64)
    for index in sorted(set(class_index.tolist())):
        own = factors[class_index == index].double()
        known = torch.isfinite(own).sum(dim=0)
        squares += (own - own.nanmean(dim=0)).square().nansum(dim=0)
        freedom += (known - 1).clamp(min=0)
    return (squares / freedom).sqrt()


def _centres(count: int) -> Tensor:
    """The centres of pixels, from 0 to 1."""
    return (torch.arange(count, dtype=torch.float64) + 0.5) / count


def _mirrored(weights: Tensor, across: Tensor) -> Tensor:
    """``weights (N, H, W)``, mirrored about the column ``across (N,)``; nothing lies outside the image."""
    count, height, width = weights.shape
    places = 2 * across[:, None] * width - 1 - torch.arange(width)  # of each column's mirror image
    left = places.floor()
    share = places - left
    padded = torch.nn.functional.pad(weights, (1, 1))

    def at(columns: Tensor) -> Tensor:
        inside = (columns.long() + 1).clamp(0, width + 1)
        return padded.gather(2, inside[:, None].expand(count, height, width))

    share = share[:, None]
    return (1 - share) * at(left) + share * at(left + 1)
