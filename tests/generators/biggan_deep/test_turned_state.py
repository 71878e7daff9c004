"""A rotation folded into a checkpoint, against the stock package at turned latents."""

import pytest
import torch
from pytorch_pretrained_biggan import BigGAN

from biggan_directions.generators import ImageClass
from biggan_directions.generators.biggan_deep.folding import normalised_weight
from biggan_directions.generators.biggan_deep.frozen_biggan import FrozenBigGAN
from biggan_directions.generators.biggan_deep.turned_state import turned
from biggan_directions.linalg import random_rotation
from tests.support.narrow_biggan import narrow_config, random_biggan
from tests.support.oracles import normal

Z_DIM = 12


@pytest.fixture(scope="module")
def stock() -> BigGAN:
    return random_biggan(narrow_config(128), dtype=torch.float64)


@pytest.fixture(scope="module")
def rotation() -> torch.Tensor:
    return random_rotation(Z_DIM, torch.Generator().manual_seed(3))


@pytest.fixture(scope="module")
def state(stock: BigGAN, rotation: torch.Tensor) -> dict[str, torch.Tensor]:
    return turned(stock.state_dict(), rotation)


@pytest.mark.parametrize("truncation", [0.4, 1.0])
def test_the_stock_class_draws_at_w_what_it_drew_at_its_turned_latent(
    stock: BigGAN, state: dict[str, torch.Tensor], rotation: torch.Tensor, truncation: float
) -> None:
    new = BigGAN(stock.config).double().eval()
    new.load_state_dict(state)
    w = normal(2, Z_DIM, seed=1)
    label = torch.eye(5, dtype=torch.float64)[[1, 3]]
    with torch.no_grad():
        expected, images = stock(w @ rotation, label, truncation), new(w, label, truncation)
        assert (stock(w, label, truncation) - images).abs().max() > 0.01  # the rotation matters
    torch.testing.assert_close(images, expected, rtol=0, atol=1e-9)


def test_the_frozen_generator_does_the_same(
    stock: BigGAN, state: dict[str, torch.Tensor], rotation: torch.Tensor
) -> None:
    old, new = (
        FrozenBigGAN.from_state(
            stock.config,
            tensors,
            classes=(ImageClass(2, "two"),),
            truncation=0.5,
            model="random",
            weights_sha256="0" * 64,
            license="MIT",
            device="cpu",
            dtype=torch.float64,
        )
        for tensors in (stock.state_dict(), state)
    )
    w = normal(2, Z_DIM, seed=2)
    torch.testing.assert_close(new(w), old(w @ rotation), rtol=0, atol=1e-9)


def test_spectral_norm_divides_by_the_same_number(
    stock: BigGAN, state: dict[str, torch.Tensor], rotation: torch.Tensor
) -> None:
    before, met = stock.state_dict(), 0
    for name, weight in before.items():
        if name.endswith("weight_orig") and weight.ndim == 2:
            met += 1
            layer = name.removesuffix(".weight_orig")
            old, new = normalised_weight(before, layer), normalised_weight(state, layer)
            torch.testing.assert_close(new[:, :Z_DIM], old[:, :Z_DIM] @ rotation.T)
            torch.testing.assert_close(new[:, Z_DIM:], old[:, Z_DIM:])  # for the class
            norm = state[f"{layer}.weight_v"].norm()
            torch.testing.assert_close(norm, before[f"{layer}.weight_v"].norm())
            torch.testing.assert_close(torch.linalg.svdvals(new), torch.linalg.svdvals(old))
        elif not name.endswith("weight_v"):
            assert torch.equal(state[name], weight)
    # the first layer, and scale and offset of four norms in each block
    assert met == 1 + 8 * len(stock.config.layers)
    assert list(state) == list(before)
