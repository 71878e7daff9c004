"""A generator made of formulas: a coloured disc before a soft backdrop, moved, grown and turned by z."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

from biggan_directions.rendering import RenderRequest, RenderSettings
from biggan_directions.rendering.frames import render_loop

Z_DIM = 6


class Discs:
    """(z (N, 6), which) → (N, 3, side, side): z moves the disc, sizes it, turns its hue, lights the backdrop.

    ``class_index`` tints the backdrop. ``batches`` remembers how many pictures each call asked for.
    """

    def __init__(self, side: int = 32) -> None:
        self.side = side
        self.batches: list[int] = []

    @property
    def drawn(self) -> int:
        return sum(self.batches)

    def __call__(self, z: torch.Tensor, class_index: torch.Tensor | None = None) -> torch.Tensor:
        self.batches.append(len(z))
        axis = torch.linspace(-1, 1, self.side)
        x, y = axis[None, None, :], axis[None, :, None]
        at = [0.5 * torch.tanh(0.5 * z[:, i, None, None]) for i in range(6)]
        distance = ((x - at[0]) ** 2 + (y - at[1]) ** 2).sqrt()
        inside = torch.sigmoid((0.45 + 0.4 * at[2] - distance) * self.side / 2)[:, None]
        phases = torch.tensor([0.0, 2.1, 4.2])[None, :, None, None]
        disc = 0.7 * torch.cos(4 * at[3][:, None] + phases)
        tint = 0.0 if class_index is None else 0.2 * class_index.float()[:, None, None, None]
        backdrop = (0.3 * y + at[4])[:, None].expand(-1, 3, -1, self.side) + tint
        return (inside * disc + (1 - inside) * backdrop).clamp(-1, 1)


def directions() -> torch.Tensor:
    return torch.eye(Z_DIM)


def latents(count: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(count, Z_DIM, generator=torch.Generator().manual_seed(seed))


def frames(count: int = 12, samples: int = 2, side: int = 32) -> Iterator[Image.Image]:
    """Of an animation along the first direction."""
    shown = request(samples, indices=(0,), names=["x"] * 6, effects=[0.2] * 6)
    return render_loop(Discs(side), shown, settings=RenderSettings(frames=count, scale=1, samples=samples))


def read_frames(image: Image.Image) -> tuple[list[NDArray[np.uint8]], list[int]]:
    """All frames of a file and their durations in ms, as Pillow sees them."""
    shown, durations = [], []
    for index in range(image.n_frames):  # type: ignore[attr-defined]
        image.seek(index)
        shown.append(np.asarray(image.convert("RGB")))
        durations.append(image.info["duration"])
    return shown, durations


def request(samples: int, **changed: Any) -> RenderRequest:
    """All six directions, and as many samples."""
    return RenderRequest(**{"directions": directions(), "z": latents(samples), **changed})
