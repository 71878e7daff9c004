"""Weights in the stock layout: the package's own class draws what was trained; so does the compact form."""

from __future__ import annotations

import pytest
import torch
from pytorch_pretrained_biggan import BigGAN, BigGANConfig

from biggan_directions.generators.biggan_deep.layout import expected_shapes
from biggan_directions.generators.weights.tensor_check import checked_tensors
from biggan_directions.latents import sample_classes, sample_latents
from biggan_directions.training.spectral import iterate
from biggan_directions.training.statistics import measure_statistics
from biggan_directions.training.stock_weights import (
    compact_weights,
    compacted,
    packed,
    stock_weights,
    unpacked,
)
from biggan_directions.training.trainable import TrainableBigGAN
from tests.training.test_trainable import network


def _trained(channels: int) -> tuple[TrainableBigGAN, dict[str, torch.Tensor]]:
    net = network(channels=channels, attention=8)
    with torch.no_grad():
        for parameter in net.parameters():
            parameter.add_(torch.randn(parameter.shape, generator=torch.Generator().manual_seed(2)) * 0.05)
    iterate(net, 100)
    return net, compact_weights(net, measure_statistics(net, seed=5, images=64))


@pytest.mark.parametrize("channels", [1, 3])
def test_the_stock_class_draws_what_was_trained(channels: int) -> None:
    """At the latents of the statistics, stored and batch statistics are the same."""
    net, compact = _trained(channels)
    state = stock_weights(compact)
    stock = BigGAN(BigGANConfig(**net.config()))
    stock.load_state_dict(checked_tensors(state, expected_shapes(stock.config), where="here"))
    stock.eval()
    z = sample_latents(64, 4, truncation=1.0, seed=5, purpose="training/statistics")
    class_index = sample_classes(64, 3, seed=5, purpose="training/statistics")
    with torch.no_grad():
        ours = net(z, class_index)
        theirs = stock(z, torch.nn.functional.one_hot(class_index, 3).float(), 1.0)
    torch.testing.assert_close(theirs, ours.expand(-1, 3, -1, -1), rtol=0, atol=1e-3)
    assert channels == 3 or torch.equal(theirs[:, 0], theirs[:, 2])


@pytest.mark.parametrize("channels", [1, 3])
def test_the_compact_form_gives_the_same_weights(channels: int) -> None:
    net, compact = _trained(channels)
    state = stock_weights(compact)
    again = compacted(state)
    assert again.keys() == compact.keys()
    assert all(torch.equal(again[name], compact[name]) for name in again)
    content = packed(again, net.config())
    config, unpacked_state = unpacked(content)
    assert config == net.config()
    assert unpacked_state.keys() == state.keys()
    for name in state:
        if name.endswith("weight_u"):  # u and v may both have the other sign
            continue
        if not name.endswith("weight_v"):
            torch.testing.assert_close(unpacked_state[name], state[name], rtol=1e-3, atol=1e-4)
