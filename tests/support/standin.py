"""A generator made of formulas: a coloured disc before a soft backdrop, moved, grown and turned by z."""

from typing import Any

import torch

from biggan_directions.rendering import RenderRequest

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


def request(samples: int, **changed: Any) -> RenderRequest:
    """All six directions, and as many samples."""
    return RenderRequest(**{"directions": directions(), "z": latents(samples), **changed})
