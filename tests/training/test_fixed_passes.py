"""Passes that change nothing in a network, whatever its layers do in training."""

from collections.abc import Callable

import pytest
import torch
from torch import nn
from torch.nn.utils import parametrizations, spectral_norm

from biggan_directions.training.fixed_passes import fixed_passes
from biggan_directions.training.trainable import TrainableBigGAN


def restless() -> nn.Sequential:
    """A network whose every kind of layer changes in a training pass, or mixes samples."""
    torch.manual_seed(0)
    return nn.Sequential(
        spectral_norm(nn.Linear(4, 6)),
        nn.BatchNorm1d(6),
        nn.ReLU(),
        nn.Dropout(0.5),
        parametrizations.spectral_norm(nn.Linear(6, 6)),
        nn.BatchNorm1d(6, track_running_stats=False),
        nn.Linear(6, 3),
    )


def latents(count: int = 16) -> torch.Tensor:
    return torch.randn(count, 4, generator=torch.Generator().manual_seed(1))


def state(network: nn.Module) -> dict[str, torch.Tensor]:
    return {name: tensor.clone() for name, tensor in network.state_dict().items()}


def test_passes_are_deterministic_and_do_not_mix_samples() -> None:
    network, z = restless(), latents()
    with fixed_passes(network, lambda: network(z)):
        whole = network(z)
        assert torch.equal(network(z), whole)
        torch.testing.assert_close(network(z[3:4]), whole[3:4])
    assert not torch.equal(network(z), network(z))  # outside it is as restless as before


def test_the_statistics_are_those_of_the_reference_pass() -> None:
    network = nn.Sequential(nn.Linear(4, 6), nn.BatchNorm1d(6), nn.Linear(6, 6), nn.BatchNorm1d(6))
    z = latents()
    expected = network(z)
    with fixed_passes(network, lambda: network(z)):
        torch.testing.assert_close(network(z), expected)
        moved = network(z + 1)  # batch normalisation would take a shift of all samples away
    assert (moved - expected).abs().max() > 0.1


def test_nothing_in_the_network_moves_also_after_an_error() -> None:
    network, z = restless(), latents()
    network[2].eval()
    modes, before = [module.training for module in network.modules()], state(network)

    def used() -> None:
        with fixed_passes(network, lambda: network(z)):
            network(z + 0.1).sum().backward()
            raise RuntimeError

    with pytest.raises(RuntimeError):
        used()
    assert [module.training for module in network.modules()] == modes
    after = network.state_dict()
    assert before.keys() == after.keys()
    assert all(torch.equal(before[name], after[name]) for name in before)
    assert network[6].weight.grad is not None
    network(z)
    assert int(network.state_dict()["1.num_batches_tracked"]) == 1  # statistics are followed again


def test_a_network_in_evaluation_mode_needs_no_reference() -> None:
    network, z = restless(), latents()
    network(z)
    network[5] = nn.Identity()
    network.eval()
    expected = network(z)

    def never() -> None:
        raise AssertionError

    with fixed_passes(network, never):
        assert torch.equal(network(z), expected)


@pytest.mark.parametrize("call", [lambda g, z, c: g(z, c), lambda g, z, c: g(z + 0.1, c)])
def test_our_own_networks_normalise_by_constants(
    call: Callable[[TrainableBigGAN, torch.Tensor, torch.Tensor], torch.Tensor],
) -> None:
    network = TrainableBigGAN(
        resolution=32,
        z_dim=4,
        classes=2,
        width=4,
        channels=1,
        attention=0,
        generator=torch.Generator().manual_seed(0),
    )
    z, classes = latents(6), torch.tensor([0, 1, 0, 1, 0, 1])
    free = call(network, z, classes)
    with fixed_passes(network, lambda: network(z, classes)):
        fixed = call(network, z, classes)
        torch.testing.assert_close(call(network, z[:1], classes[:1]), fixed[:1], rtol=0, atol=1e-4)
    assert torch.equal(call(network, z, classes), free)
    if torch.equal(call(network, z, classes), network(z, classes)):
        torch.testing.assert_close(fixed, free, rtol=0, atol=1e-4)
