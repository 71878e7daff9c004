"""Networks that tell moves apart: their shapes, their weights, and the moves."""

import pytest
import torch

from biggan_directions.solvers.change_predictor import (
    LeNetPredictor,
    ResNetPredictor,
    draw_moves,
    make_predictor,
    prediction_loss,
)
from tests.support.oracles import normal


@pytest.mark.parametrize(("kind", "side"), [("lenet", 16), ("lenet", 64), ("resnet", 64)])
def test_scores_and_distances_for_pairs_of_images(kind: str, side: int) -> None:
    network = make_predictor(kind, directions=5, resolution=side, seed=0)  # type: ignore[arg-type]
    before, after = normal(2, 4, 3, side, side).float()
    scores, distances = network(before, after)
    assert tuple(scores.shape) == (4, 5)
    assert tuple(distances.shape) == (4,)
    assert not torch.equal(network(after, before)[0], scores)


def test_resnet_has_as_many_weights_as_torchvisions() -> None:
    """11,689,512 as published, with the head of 1,000 classes and a first layer of three channels."""
    network = ResNetPredictor(7)
    heads = 512 * 8 + 8
    extra = 3 * 64 * 49
    assert sum(map(torch.numel, network.parameters())) - heads - extra == 11_689_512 - 513_000


def test_small_images_get_lenet_and_a_seed_its_weights() -> None:
    before = torch.get_rng_state()
    one, same, other = (make_predictor("auto", directions=3, resolution=64, seed=seed) for seed in (0, 0, 1))
    assert isinstance(one, LeNetPredictor)
    assert isinstance(make_predictor("auto", directions=3, resolution=65, seed=0), ResNetPredictor)
    weights = [network.state_dict()["features.0.weight"] for network in (one, same, other)]
    assert torch.equal(weights[0], weights[1])
    assert not torch.equal(weights[0], weights[2])
    assert torch.equal(torch.get_rng_state(), before)


def test_moves_are_even_over_directions_and_no_distance_is_small() -> None:
    which, far = draw_moves(4000, 5, largest=3.0, least=0.5, purpose="test", seed=0)
    counts = which.bincount(minlength=5)
    assert (counts - 800).abs().max() < 5 * (4000 * 0.2 * 0.8) ** 0.5
    assert 0.5 <= far.abs().min() < far.abs().max() < 3
    assert abs(float((far > 0).double().mean()) - 0.5) < 0.05
    at_least = (far.abs() == 0.5).double().mean()
    assert abs(float(at_least) - 0.5 / 3) < 0.03
    later = draw_moves(10, 5, largest=3.0, least=0.5, purpose="test", seed=0, offset=100)
    assert torch.equal(later[0], which[100:110])
    assert torch.equal(later[1], far[100:110])


def test_the_loss_of_a_perfect_and_of_an_ignorant_predictor() -> None:
    which, far = torch.tensor([0, 2, 1]), torch.tensor([1.0, -2.0, 3.0])
    perfect = prediction_loss(100 * torch.nn.functional.one_hot(which, 3).float(), far, which, far)
    assert float(perfect) < 1e-6
    ignorant = prediction_loss(torch.zeros(3, 3), torch.zeros(3), which, far)
    assert float(ignorant) == pytest.approx(float(torch.tensor(3.0).log()) + 0.25 * 2)
