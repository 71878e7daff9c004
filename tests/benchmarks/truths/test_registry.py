"""The family: its halves, and that the rows of a truth are its factors."""

import pytest
import torch

from benchmarks.truths import CHOSEN_ON, REPORTED_ON, truth
from benchmarks.truths.networks import FLAT, NETWORKS, SIDE, taught
from benchmarks.truths.registry import SHAPE_SIDE
from benchmarks.truths.shapes import SHAPES
from biggan_directions import LearnSettings, learn, load_generator
from biggan_directions.generators.capabilities import KnownTruth
from biggan_directions.latents import sample_latents
from biggan_directions.toybox import TOYS

FORMULAS = tuple(SHAPES)
WITH_FACTORS = (*SHAPES, *NETWORKS, "mug")


def test_the_halves_share_nothing_and_are_the_whole_family() -> None:
    assert not set(CHOSEN_ON) & set(REPORTED_ON)
    assert {*CHOSEN_ON, *REPORTED_ON} == {*SHAPES, *NETWORKS, *FLAT, *TOYS}


@pytest.mark.parametrize(("half", "shapes"), [(CHOSEN_ON, 6), (REPORTED_ON, 5)])
def test_each_half_has_shapes_networks_and_five_toys(half: tuple[str, ...], shapes: int) -> None:
    counts = [sum(name in kind for name in half) for kind in (SHAPES, NETWORKS, FLAT, TOYS)]
    assert counts == [shapes, 3, 1, 5]


@pytest.mark.parametrize("half", [CHOSEN_ON, REPORTED_ON])
def test_taught_networks_draw_a_shape_of_their_half(half: tuple[str, ...]) -> None:
    assert all(NETWORKS[name].shape in half for name in half if name in NETWORKS)


@pytest.mark.parametrize("name", FORMULAS)
def test_moving_along_a_row_changes_that_factor_alone(name: str) -> None:
    made = truth(name, 3)
    z = sample_latents(3, made.generator.z_dim, truncation=1.0, seed=0)
    factors = (z.double() @ made.rows.T).float()
    for place, row in enumerate(made.rows.float()):
        moved = factors.clone()
        moved[:, place] += 0.7
        expected = SHAPES[name].draw(moved, SHAPE_SIDE)
        assert torch.allclose(made.generator(z + 0.7 * row), expected, atol=1e-5)
        assert not torch.allclose(made.generator(z), expected, atol=1e-3)


@pytest.mark.parametrize("name", WITH_FACTORS)
def test_what_is_orthogonal_to_the_rows_does_nothing(name: str) -> None:
    made = truth(name, 2)
    z = sample_latents(2, made.generator.z_dim, truncation=1.0, seed=0)
    other = sample_latents(2, made.generator.z_dim, truncation=1.0, seed=1)
    other -= ((other.double() @ made.rows.T) @ made.rows).float()
    assert float(other.norm()) > 1
    assert torch.allclose(made.generator(z + other), made.generator(z), atol=1e-4)


@pytest.mark.parametrize("name", WITH_FACTORS)
def test_rows_are_orthonormal_and_differ_between_rotations(name: str) -> None:
    one, two = truth(name, 0), truth(name, 1)
    assert torch.allclose(one.rows @ one.rows.T, torch.eye(len(one.rows), dtype=torch.float64), atol=1e-6)
    assert float((one.rows * two.rows).sum(1).abs().max()) < 0.9
    assert one.generator.weights_sha256 != two.generator.weights_sha256
    assert one.generator.weights_sha256 == truth(name, 0).generator.weights_sha256


@pytest.mark.parametrize("name", NETWORKS)
def test_a_network_draws_what_it_was_taught_along_its_rows(name: str) -> None:
    made = truth(name, 0)
    shape = SHAPES[NETWORKS[name].shape]
    z = sample_latents(64, made.generator.z_dim, truncation=1.0, seed=0)
    wanted = shape.draw((z.double() @ made.rows.T).float(), SIDE)
    wrong = (made.generator(z) - wanted).square().mean()
    assert float(wrong) < 0.12 * float((wanted - wanted.mean(0)).square().mean())


@pytest.mark.parametrize("name", NETWORKS)
def test_a_network_shows_the_weights_that_meet_z(name: str) -> None:
    made = truth(name, 1)
    network = taught(name, len(made.factors))
    z = sample_latents(2, made.generator.z_dim, truncation=1.0, seed=0)
    (weight,) = made.generator.latent_weights()  # type: ignore[attr-defined]
    within = z @ made.rotation.float().T
    expected = network.first(within[:, : network.factors] @ network.turn.T) - network.first.bias
    assert torch.allclose(z @ weight.matrix.T, expected, atol=1e-4)


@pytest.mark.parametrize("name", FLAT)
def test_a_flat_network_is_live_in_all_of_z(name: str) -> None:
    made = truth(name, 0)
    settings = LearnSettings(solver="first-order", search_space="all", survey_latents=32, score_latents=2)
    space = learn(made.generator, settings).space
    assert space.live == 128
    assert float(space.eigenvalues[:24].sum() / space.eigenvalues.sum()) < 0.45


def test_only_factors_with_a_direction_of_their_own_are_known_to_scorecards() -> None:
    generator = truth("round", 0).generator
    assert isinstance(generator, KnownTruth)
    assert generator.true_directions.names == ("size", "hue", "backdrop")
    assert not isinstance(truth("flat-relu", 0).generator, KnownTruth)


def test_a_toy_is_turned() -> None:
    made, toy = truth("duck", 4), load_generator("toybox", "duck")
    z = sample_latents(2, 32, truncation=1.0, seed=0)
    turned = (z.double() @ made.rotation.T).float()
    assert torch.allclose(made.generator(z), toy(turned), atol=1e-4)


def test_sefa_finds_the_same_whatever_the_rotation() -> None:
    """The weights are turned as the images are."""
    one, two = (truth("lamp", seed) for seed in (0, 1))
    settings = LearnSettings(ndirs=3, solver="sefa", score_latents=2)
    first, second = (made.turned_back(learn(made.generator, settings).directions) for made in (one, two))
    assert float((first @ second.T).abs().amax(1).min()) > 0.999


def test_an_unknown_name_is_an_error() -> None:
    with pytest.raises(KeyError, match="teapot is not one of"):
        truth("teapot", 0)
