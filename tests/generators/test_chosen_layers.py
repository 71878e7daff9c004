"""Which layers a text names, and a move that acts at these alone."""

import pytest
import torch

from biggan_directions import CallableGenerator, load_generator
from biggan_directions.errors import UsageError
from biggan_directions.generators import Generator
from biggan_directions.generators.capabilities import Layered
from biggan_directions.generators.chosen_layers import PARTS, ChosenLayers, draw_latents, layers_of, part_of
from tests.support.oracles import normal


@pytest.fixture(scope="module")
def toys() -> Generator:
    return load_generator("toybox", ["car", "duck"])  # of eight layers


@pytest.mark.parametrize(
    ("text", "indices"),
    [
        ("0-3", (0, 1, 2, 3)),
        ("0,2,5", (0, 2, 5)),
        (" 5, 0-1 ,1,7 ", (0, 1, 5, 7)),
        ("coarse", (0, 1)),
        ("mid", (2, 3, 4)),
        ("fine,0", (0, 5, 6, 7)),
    ],
)
def test_layers_by_number_range_and_part(toys: Generator, text: str, indices: tuple[int, ...]) -> None:
    assert layers_of(toys, text) == ChosenLayers(indices=indices, count=8)


def test_all_layers_are_the_ordinary_move_however_they_are_named(toys: Generator) -> None:
    assert layers_of(toys, "all") is layers_of(toys, "0-7") is layers_of(toys, "coarse,mid,fine") is None


@pytest.mark.parametrize("count", range(3, 20))
def test_the_parts_are_all_layers_in_order_and_of_about_one_size(count: int) -> None:
    parts = [part_of(name, count) for name in PARTS]
    assert [layer for part in parts for layer in part] == list(range(count))
    assert max(map(len, parts)) - min(map(len, parts)) <= 1


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("8", r"there is no layer 8: toybox has 8 layers \(0 generator.gen_z, 1 generator.layers.0, .*7 "),
        ("3-12", "there is no layer 8: toybox has 8 layers"),
        ("9-12", "there is no layer 9: "),
        ("3-1", "the first number must not be above the last"),
        ("", "numbers and ranges, such as 0-3 or 0,2,5, or coarse, mid, fine or all, got ''"),
        ("0,,1", "got '0,,1'"),
        ("-1", "got '-1'"),
        ("0,all", "got '0,all'"),
        ("٣", "got '٣'"),
        ("generator.gen_z", "numbers and ranges"),
    ],
)
def test_what_names_no_layer_is_said(toys: Generator, text: str, says: str) -> None:
    with pytest.raises(UsageError, match=says):
        layers_of(toys, text)


def test_a_function_has_no_layers_and_says_so() -> None:
    grey = CallableGenerator(
        lambda z: torch.tanh(z[:, :1, None, None]).expand(-1, 3, 8, 8), z_dim=4, resolution=8, name="grey"
    )
    assert not isinstance(grey, Layered)
    assert layers_of(grey, "all") is None
    with pytest.raises(UsageError, match=r"grey cannot be moved at some layers only.* leave out --layers"):
        layers_of(grey, "0")


def test_with_all_layers_it_is_the_ordinary_move_and_with_none_no_move(toys: Generator) -> None:
    z, class_index = normal(3, 32, seed=0).float(), torch.tensor([0, 1, 1])
    moved = z + 2 * normal(32, seed=1).float()
    every, none = ChosenLayers(indices=tuple(range(8)), count=8), ChosenLayers(indices=(), count=8)
    with torch.no_grad():
        still, far = toys(z, class_index), toys(moved, class_index)
        assert torch.equal(draw_latents(toys, every.latents(z, moved), class_index), far)
        assert torch.equal(draw_latents(toys, none.latents(z, moved), class_index), still)
        some = draw_latents(toys, ChosenLayers(indices=(0, 1), count=8).latents(z, moved), class_index)
        assert torch.equal(draw_latents(toys, moved, class_index), far)
    assert (some - still).abs().max() > 0.01
    assert (some - far).abs().max() > 0.01


def test_one_latent_moves_to_many_points() -> None:
    z, points = torch.zeros(4), normal(5, 4, seed=0).float()
    latents = ChosenLayers(indices=(1,), count=2).latents(z, points)
    assert latents.shape == (5, 2, 4)
    assert torch.equal(latents[:, 1], points)
    assert not latents[:, 0].any()
