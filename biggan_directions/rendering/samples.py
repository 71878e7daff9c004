"""Which images are shown: the same for every command at the same seed, whatever their number."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch

    from biggan_directions.generators import Generator
    from biggan_directions.rendering.settings import Latents

_SMALL = 64  # pixels up to which a CPU draws eight images at once without a visible delay of a slider


def samples_of(
    generator: Generator, count: int, seed: int, latents: Latents = "truncated"
) -> tuple[torch.Tensor, torch.Tensor]:
    """Latents ``(count, z_dim)``, and of each the class ``(count,)``: spread over the generator's classes.

    ``latents`` is which numbers the seed stands for: see
    :data:`~biggan_directions.rendering.settings.Latents`.
    """
    from biggan_directions.cuda_normals import cuda_normals
    from biggan_directions.latents import sample_classes, sample_latents

    if latents == "cuda":
        z = generator.truncation * cuda_normals(count * generator.z_dim, seed).reshape(count, -1)
    else:
        z = sample_latents(
            count, generator.z_dim, truncation=generator.truncation, seed=seed, purpose="rendering"
        )
    class_index = sample_classes(count, len(generator.classes), seed=seed, purpose="rendering")
    return z.to(generator.device), class_index.to(generator.device)


def still_batch(generator: Generator) -> int:
    """How many still images are drawn at once, in ``edit`` and on the live page.

    An image's last bits depend on the batch that it was drawn in: one rule gives both the same pixels.
    """
    return 8 if generator.resolution <= _SMALL or generator.device.type != "cpu" else 1


def listed(names: list[str]) -> str:
    """Names in words, the first four of many.

    >>> listed(["car", "duck"]), listed(["a", "b", "c", "d", "e", "f"])
    ('car, duck', 'a, b, c, d and 2 more')
    """
    return ", ".join(names[:4]) + (f" and {len(names) - 4} more" if len(names) > 4 else "")
