"""A generator whose true directions are known: its picture is a sum of functions of one factor each."""

from __future__ import annotations

import torch

from biggan_directions.generators import ImageClass
from biggan_directions.latents import stream


class Separable:
    """``factors`` waves, each moved by one row of a hidden rotation; the other coordinates of z do nothing.

    Every pixel's Hessian is diagonal in the hidden basis. Effects differ little, so that first derivatives
    alone do not tell the factors apart. ``seen`` has the latents of each call.
    """

    model = "separable"
    resolution = 16
    truncation = 1.0
    device = torch.device("cpu")
    weights_sha256 = "0" * 64
    license = "MIT"

    def __init__(self, z_dim: int = 12, factors: int = 5, classes: int = 1, seed: int = 0) -> None:
        self.z_dim = z_dim
        self.classes = tuple(ImageClass(index, f"class {index}") for index in range(classes))
        generator = stream("separable", seed)
        square = torch.randn(z_dim, z_dim, generator=generator, dtype=torch.float64)
        self.truth = torch.linalg.qr(square)[0][:factors]
        size = (classes, factors, 3 * self.resolution**2)
        self.phases = 6.3 * torch.rand(size, generator=generator)
        self.weights = 0.15 * torch.randn(size, generator=generator)
        self.speeds = torch.linspace(0.9, 1.1, factors)
        self.seen: list[torch.Tensor] = []

    @property
    def drawn(self) -> int:
        return sum(map(len, self.seen))

    def __call__(self, z: torch.Tensor, class_index: torch.Tensor | None = None) -> torch.Tensor:
        self.seen.append(z.detach())
        class_index = torch.zeros(len(z), dtype=torch.int64) if class_index is None else class_index
        factors = (z @ self.truth.to(z).T) * self.speeds.to(z)
        angles = factors[:, :, None] + self.phases.to(z)[class_index]
        waves = torch.sin(angles) * self.weights.to(z)[class_index]
        return waves.sum(dim=1).reshape(-1, 3, self.resolution, self.resolution)


def recovery(directions: torch.Tensor, truth: torch.Tensor) -> torch.Tensor:
    """Best \\|cos\\| of each true direction with one that was found: ``(factors,)``."""
    return (truth.double() @ directions.double().T).abs().amax(dim=1)
