"""Which pictures are shown: the same for every command at the same seed, whatever their number."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch

    from biggan_directions.generators import Generator


def samples_of(generator: Generator, count: int, seed: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Latents ``(count, z_dim)``, and of each the class ``(count,)``: spread over the generator's classes."""
    from biggan_directions.latents import sample_classes, sample_latents

    z = sample_latents(
        count, generator.z_dim, truncation=generator.truncation, seed=seed, purpose="rendering"
    )
    class_index = sample_classes(count, len(generator.classes), seed=seed, purpose="rendering")
    return z.to(generator.device), class_index.to(generator.device)


def listed(names: list[str]) -> str:
    """Names in words, the first four of many.

    >>> listed(["car", "duck"]), listed(["a", "b", "c", "d", "e", "f"])
    ('car, duck', 'a, b, c, d and 2 more')
    """
    return ", ".join(names[:4]) + (f" and {len(names) - 4} more" if len(names) > 4 else "")
