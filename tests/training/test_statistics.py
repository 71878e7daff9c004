"""Batch statistics: those of a layer's input at each truncation."""

import torch

from biggan_directions.training.spectral import iterate
from biggan_directions.training.statistics import measure_statistics
from biggan_directions.training.trainable import STORED_STATISTICS, BatchNorm
from tests.training.test_trainable import network


def test_the_first_layers_statistics_are_those_of_a_linear_map() -> None:
    """bn_0 of the first block sees gen_z: a linear map of z, whose variance grows with truncation squared."""
    net = network()
    iterate(net, 50)
    net.embeddings.data.zero_()
    rows = list(measure_statistics(net, seed=0, images=128))
    assert len(rows) == STORED_STATISTICS
    variances = torch.stack([row["layers.0.bn_0"][1] for row in rows]).mean(1)
    assert variances[0] == 0  # z is 0, and the bias too
    torch.testing.assert_close(variances[25] / variances[50], torch.tensor(0.25), rtol=1e-3, atol=0)
    # a normal truncated at 2 has variance 0.774
    weight = net.gen_z.weight()[:, :4].detach()
    expected = 0.774 * weight.square().sum() / len(weight)
    torch.testing.assert_close(variances[50], expected, rtol=0.1, atol=0)


def test_nothing_observes_the_layers_afterwards() -> None:
    net = network()
    rows = measure_statistics(net, seed=0, images=4)
    assert next(rows).keys() == {layer.name for layer in net.modules() if isinstance(layer, BatchNorm)}
    assert all(layer.observer is None for layer in net.modules() if isinstance(layer, BatchNorm))
