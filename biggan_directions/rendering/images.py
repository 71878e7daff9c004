"""Images: from a generator's output to bytes, and to the size at which they are looked at."""

import math
from collections.abc import Callable, Iterator
from typing import TypeAlias

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

from biggan_directions.errors import GeneratorError, UsageError

Generate: TypeAlias = Callable[[torch.Tensor, torch.Tensor | None], torch.Tensor]
"""All that rendering knows of a generator: z (N, z_dim), class_index (N,) or None to images (N, 3, H, W).

Where directions act at some layers only, z has a latent for each layer, (N, L, z_dim).
"""

ImageArray: TypeAlias = NDArray[np.uint8]
"""One image as bytes, (H, W, 3)."""


def to_bytes(images: torch.Tensor) -> NDArray[np.uint8]:
    """Images (N, 3, H, W) in [-1, 1] as bytes (N, H, W, 3): −1 is 0, 1 is 255, rounded and clamped.

    Raises:
        GeneratorError: another shape, or values that are not finite.

    >>> four = torch.tensor([-2.0, -1.0, 0.0, 1.0]).reshape(4, 1, 1, 1)
    >>> to_bytes(four.expand(4, 3, 1, 1))[:, 0, 0, 0].tolist()
    [0, 0, 128, 255]
    """
    if images.ndim != 4 or images.shape[1] != 3:
        raise GeneratorError(
            f"The generator gave shape {tuple(images.shape)}: expected (N, 3, height, width)."
        )
    if not bool(torch.isfinite(images).all()):
        raise GeneratorError("The generator gave an image with values that are not finite.")
    scaled = images.detach().float().clamp(-1, 1).add(1).mul(127.5).round().to(torch.uint8)
    return np.ascontiguousarray(scaled.permute(0, 2, 3, 1).cpu().numpy())


def draw(
    generate: Generate, z: torch.Tensor, class_index: torch.Tensor | None = None, *, batch_size: int = 8
) -> Iterator[ImageArray]:
    """Yield the image of each z (N, z_dim), in order, drawing ``batch_size`` at a time."""
    if batch_size < 1:
        raise UsageError(f"batch_size is {batch_size}: expected 1 or more.")
    for start in range(0, len(z), batch_size):
        part = slice(start, start + batch_size)
        # not inference_mode: whatever the generator keeps from this call must still serve under autograd
        with torch.no_grad():
            images = generate(z[part], None if class_index is None else class_index[part])
        yield from to_bytes(images)


def resized(pixels: ImageArray, width: int, height: int) -> Image.Image:
    """An image at another size, by Lanczos: repeated pixels would make small images look like bricks."""
    image = Image.fromarray(pixels)
    return image if image.size == (width, height) else image.resize((width, height), Image.Resampling.LANCZOS)


def columns_for(count: int, *, ratio: float = 1.6) -> int:
    """How many columns show ``count`` cells: a row up to four, then few empty cells, about ``ratio`` wide.

    >>> [columns_for(n) for n in (1, 3, 4, 6, 7, 8, 9, 12, 16, 120)]
    [1, 3, 4, 3, 4, 4, 3, 4, 4, 15]
    """
    if count <= 4:
        return max(count, 1)

    def awkwardness(columns: int) -> float:
        rows = math.ceil(count / columns)
        empty = rows * columns - count
        return (0.4 + empty / columns if empty else 0.0) + 2 * abs(math.log(columns / rows / ratio))

    return min(range(2, count + 1), key=awkwardness)
