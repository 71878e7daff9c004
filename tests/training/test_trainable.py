"""The generator in training: the stock layout's tensors; images depend on the latent and the class."""

import pytest
import torch
from pytorch_pretrained_biggan import BigGANConfig

from biggan_directions.generators.biggan_deep.layout import expected_shapes
from biggan_directions.training.trainable import TrainableBigGAN


def network(resolution: int = 32, *, channels: int = 1, attention: int = 0) -> TrainableBigGAN:
    return TrainableBigGAN(
        resolution=resolution,
        z_dim=4,
        classes=3,
        width=4,
        channels=channels,
        attention=attention,
        generator=torch.Generator().manual_seed(0),
    )


@pytest.mark.parametrize(("resolution", "attention"), [(32, 0), (64, 16), (128, 32)])
def test_its_tensors_are_those_of_the_stock_layout(resolution: int, attention: int) -> None:
    net = network(resolution, attention=attention)
    ours = {name if name == "embeddings" else f"generator.{name}" for name in net.state_dict()}
    left_out = ("running_means", "running_vars", "embeddings.weight")
    stock = {name for name in expected_shapes(BigGANConfig(**net.config())) if not name.endswith(left_out)}
    assert ours - {"embeddings"} == stock


def test_images_depend_on_the_latent_and_the_class() -> None:
    net, z = network(channels=3), torch.randn(4, 4, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        images = net(z, torch.tensor([0, 0, 1, 1]))
        moved = net(z + 0.5, torch.tensor([0, 0, 1, 1]))
        other = net(z, torch.tensor([0, 2, 1, 1]))
    assert images.shape == (4, 3, 32, 32)
    assert images.abs().max() <= 1
    assert (images - moved).abs().max() > 1e-3
    assert (images - other).abs().max() > 1e-3
