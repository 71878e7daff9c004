"""A region of the image: a weight in [0, 1] for each pixel, from a box or from a mask in a file."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from PIL import Image, UnidentifiedImageError

from biggan_directions.errors import UsageError


def check_box(box: Sequence[float]) -> None:
    """Check the sides of a box.

    Raises:
        UsageError: it is not x0, y0, x1, y1 with 0 <= x0 < x1 <= 1 and 0 <= y0 < y1 <= 1.
    """
    if len(box) != 4 or not (0 <= box[0] < box[2] <= 1 and 0 <= box[1] < box[3] <= 1):
        given = ",".join(f"{side:g}" for side in box)
        raise UsageError(
            "box must be x0,y0,x1,y1, the left, upper, right and lower side as fractions of the image from 0 "
            f"to 1, such as 0.5,0,1,0.5 for the upper right quarter; got {given}"
        )


def box_weights(box: Sequence[float], resolution: int) -> torch.Tensor:
    """The share of each pixel that is within a box: float64 ``(resolution, resolution)``.

    Args:
        box: x0, y0, x1, y1 as fractions of the image: the left, upper, right and lower side.
        resolution: side of the image in pixels.

    >>> box_weights((0.5, 0.0, 1.0, 0.25), 4).tolist()[0]
    [0.0, 0.0, 1.0, 1.0]
    """
    edges = torch.arange(resolution + 1, dtype=torch.float64)

    def covered(low: float, high: float) -> torch.Tensor:
        inside = edges.clamp(low * resolution, high * resolution)
        return inside[1:] - inside[:-1]

    return torch.outer(covered(box[1], box[3]), covered(box[0], box[2]))


def mask_weights(path: str, resolution: int) -> torch.Tensor:
    """The brightness of a mask in an image file: white is 1, black is 0; scaled to the image's resolution.

    Args:
        path: any file that Pillow reads, such as a PNG.
        resolution: side of the image in pixels.

    Returns:
        float64 ``(resolution, resolution)``.

    Raises:
        UsageError: the file cannot be read, is not an image, or is black everywhere.
    """
    try:
        with Image.open(path) as opened:
            grey = opened.convert("L").resize((resolution, resolution), Image.Resampling.BOX)
    except (OSError, UnidentifiedImageError, ValueError, Image.DecompressionBombError) as error:
        raise UsageError(
            f"the mask {path} cannot be read as an image: {error}; give a PNG that is white in the region "
            "and black elsewhere"
        ) from error
    weights = torch.tensor(list(grey.tobytes()), dtype=torch.float64).reshape(resolution, resolution) / 255
    area = float(weights.mean())
    if math.isclose(area, 0, abs_tol=1e-6):
        raise UsageError(f"the mask {path} is black everywhere: expected white in the region")
    return weights
