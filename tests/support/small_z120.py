"""A generator with a z of 120 numbers, as BigGAN-128 has, and random weights, for ``--model``."""

from __future__ import annotations

import torch

from biggan_directions import CallableGenerator

REFERENCE = "tests.support.small_z120:make"


def make(class_name: str | None, truncation: float | None, device: str) -> CallableGenerator:
    """Two layers that draw a dog and a church at 8 pixels, and change them as fast as a GAN does."""
    random = torch.Generator().manual_seed(5)
    first = torch.randn(120, 256, generator=random) / 120**0.5
    second = torch.randn(2, 256, 192, generator=random) / 256**0.5

    def draw(z: torch.Tensor, class_index: torch.Tensor) -> torch.Tensor:
        hidden = torch.relu(2 * z @ first.to(z))
        images = torch.einsum("nh,nho->no", hidden, second.to(z)[class_index])
        return torch.tanh(2 * images).reshape(-1, 3, 8, 8)

    return CallableGenerator(
        draw,
        z_dim=120,
        resolution=8,
        name="small",
        classes=("golden_retriever", "church"),
        truncation=1.0 if truncation is None else truncation,
        device=device,
    )
