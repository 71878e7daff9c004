"""``pytorch_pretrained_biggan``'s generator for comparison, with random weights in the published layout."""

import torch
from pytorch_pretrained_biggan import BigGAN

from biggan_directions.generators import ImageClass
from biggan_directions.generators.biggan_deep.frozen_biggan import FrozenBigGAN
from tests.support.narrow_biggan import published_config, random_biggan

CLASS = ImageClass(207, "golden_retriever")
TRUNCATION = 0.4  # stored, and read correctly by the package


class StockGenerator:
    """The package's unmodified generator, always called with one class."""

    weights_sha256 = "random"
    license = "none: random weights"
    classes = (CLASS,)
    truncation = TRUNCATION

    def __init__(self, biggan: BigGAN, model: str, device: torch.device) -> None:
        self.biggan, self.model, self.device = biggan.to(device), model, device
        self.resolution: int = biggan.config.output_dim
        self.z_dim: int = biggan.config.z_dim

    def __call__(self, z: torch.Tensor, class_index: torch.Tensor | None = None) -> torch.Tensor:
        """Draw ``z (N, z_dim)`` with the package's one-hot labels."""
        label = torch.zeros(len(z), self.biggan.config.num_classes, dtype=z.dtype, device=z.device)
        label[:, CLASS.index] = 1
        images: torch.Tensor = self.biggan(z, label, self.truncation)
        return images


def stock_and_frozen(
    resolution: int, device: torch.device | str = "cpu", **changes: int
) -> tuple[StockGenerator, FrozenBigGAN]:
    """Both generators with the same random weights; ``changes`` modify the published configuration."""
    device = torch.device(device)
    model = f"biggan-deep-{resolution} with random weights"
    biggan = random_biggan(published_config(resolution, **changes))
    return StockGenerator(biggan, model, device), frozen(biggan, model, device)


def frozen(
    biggan: BigGAN, model: str, device: torch.device, dtype: torch.dtype = torch.float32
) -> FrozenBigGAN:
    """A stock network folded."""
    return FrozenBigGAN.from_state(
        biggan.config,
        biggan.state_dict(),
        classes=[CLASS],
        truncation=TRUNCATION,
        model=model,
        weights_sha256="random",
        license="none: random weights",
        device=device,
        dtype=dtype,
    )


def latents(count: int, z_dim: int, *, seed: int = 0, device: torch.device | str = "cpu") -> torch.Tensor:
    """Truncated-normal z."""
    from biggan_directions.latents import sample_latents

    return sample_latents(count, z_dim, truncation=TRUNCATION, seed=seed, purpose="benchmark").to(device)
