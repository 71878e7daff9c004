"""A generator of three layers, each of which draws two factors of its own z into one colour."""

from __future__ import annotations

import torch

from biggan_directions.generators.capabilities import LatentWeight
from tests.support.separable import Separable


class Layers(Separable):
    """Rows ``2·l`` and ``2·l + 1`` of ``truth`` are what layer l sees of its z, in colour l.

    Its weights say so. ``bases`` has, of each call with latents of layers, those of the last layer.
    """

    model = "layers"
    layer_names: tuple[str, ...] = ("first", "second", "third")

    def __init__(self, z_dim: int = 8) -> None:
        super().__init__(z_dim=z_dim, factors=6)
        own = torch.arange(3).repeat_interleave(2)[:, None] == torch.arange(3).repeat_interleave(256)
        self.weights = 5 * self.weights * own
        self.bases: list[torch.Tensor] = []

    def from_layers(self, z: torch.Tensor, class_index: torch.Tensor | None = None) -> torch.Tensor:
        self.bases.append(z[:, 2].detach())
        images = [self(latent, class_index) for latent in z.unbind(1)]
        return torch.stack([of_layer[:, layer] for layer, of_layer in enumerate(images)], 1)

    def latent_weights(self) -> list[LatentWeight]:
        return [
            LatentWeight(
                name=f"{name}.weight", layer=name, matrix=torch.diag(torch.tensor([2.0, 1.0])) @ rows
            )
            for name, rows in zip(Layers.layer_names, self.truth.float().split(2), strict=True)
        ]
