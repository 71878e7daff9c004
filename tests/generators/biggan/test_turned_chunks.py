"""A rotation of each chunk folded into the weights, against the unfolded network."""

from dataclasses import replace

import pytest
import torch

from biggan_directions.generators import ImageClass
from biggan_directions.generators.biggan.hierarchical_biggan import HierarchicalBigGAN
from biggan_directions.generators.biggan.sizes import Sizes
from biggan_directions.generators.biggan.turned_chunks import turned
from biggan_directions.linalg import random_rotation
from tests.support.oracles import normal
from tests.support.plain_biggan import random_plain, small_sizes


def rotation_of(sizes: Sizes) -> torch.Tensor:
    rotation = torch.zeros(sizes.z_dim, sizes.z_dim, dtype=torch.float64)
    for place in range(len(sizes.layer_names)):
        chunk = sizes.chunk_of(place)
        rotation[chunk, chunk] = random_rotation(sizes.chunk, torch.Generator().manual_seed(place))
    return rotation


def drawing(sizes: Sizes, state: dict[str, torch.Tensor]) -> HierarchicalBigGAN:
    return HierarchicalBigGAN(
        sizes,
        state,
        classes=(ImageClass(1, "one"), ImageClass(3, "three")),
        truncation=1.0,
        model="random",
        weights_sha256="0" * 64,
        license="MIT",
        device="cpu",
        dtype=torch.float64,
    )


def test_the_unfolded_network_draws_at_w_what_it_drew_at_its_turned_latent() -> None:
    sizes = small_sizes()
    plain, rotation = random_plain(sizes).double(), rotation_of(sizes)
    w = normal(2, sizes.z_dim, seed=1)
    index = torch.tensor([1, 3])
    with torch.no_grad():
        expected, before = plain(w @ rotation, index), plain(w, index)
        state = turned(sizes, plain.state_dict(), rotation)
        plain.load_state_dict(state)
        images = plain(w, index)
    torch.testing.assert_close(images, expected, rtol=0, atol=1e-9)
    assert (images - before).abs().max() > 0.01  # the rotation matters


@pytest.mark.parametrize("torch_style", [False, True])
def test_the_frozen_generator_does_the_same_in_both_styles(torch_style: bool) -> None:
    sizes = replace(small_sizes(), torch_style=torch_style)
    random = torch.Generator().manual_seed(5)
    state = {
        name: torch.rand(shape, generator=random, dtype=torch.float64) - 0.4
        for name, shape in sizes.expected_shapes().items()
    }
    state |= {name: tensor.abs() + 0.5 for name, tensor in state.items() if name.endswith("stored_var")}
    rotation = rotation_of(sizes)
    w = normal(2, sizes.z_dim, seed=2)
    index = torch.tensor([0, 1])
    images = drawing(sizes, turned(sizes, state, rotation))(w, index)
    torch.testing.assert_close(images, drawing(sizes, state)(w @ rotation, index), rtol=0, atol=1e-9)
    met = 1 + 4 * sizes.blocks
    changed = [
        name
        for name, tensor in turned(sizes, state, rotation).items()
        if not torch.equal(tensor, state[name])
    ]
    assert len(changed) == met * (2 if torch_style else 1)
