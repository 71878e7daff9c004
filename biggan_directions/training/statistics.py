"""Batch statistics for many truncations, as the published checkpoints of BigGAN-deep have them."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor

from biggan_directions.latents import sample_classes, sample_latents
from biggan_directions.training.trainable import STORED_STATISTICS, BatchNorm, TrainableBigGAN

_BATCH = 256
_PURPOSE = "training/statistics"


class _Sums:
    """Collects the mean and mean square of what a normalisation layer normalises."""

    def __init__(self, channels: int) -> None:
        self.count = 0
        self.sums = torch.zeros(2, channels, dtype=torch.float64)

    def add(self, x: Tensor) -> None:
        variance, mean = torch.var_mean(x.detach().float(), (0, 2, 3), correction=0)
        mean, variance = mean.double().cpu(), variance.double().cpu()
        self.sums += torch.stack([mean, variance + mean.square()])
        self.count += 1

    def result(self) -> tuple[Tensor, Tensor]:
        """Mean and variance, float32."""
        mean, square = self.sums / self.count
        return mean.float(), (square - mean.square()).clamp(min=0).float()


def measure_statistics(
    network: TrainableBigGAN, *, seed: int, images: int
) -> Iterator[dict[str, tuple[Tensor, Tensor]]]:
    """Measure the mean and variance of every normalisation layer's input, one truncation after another.

    Row i belongs to truncation ``i / (rows - 1)``, as :mod:`~.generators.biggan_deep.truncation` reads them.
    In row 0 every z is 0.

    Args:
        network: the generator, whose batch normalisation uses the batch while it is measured.
        seed: of the latents, which are the same for all truncations but for their scale.
        images: drawn for each truncation, of all classes in turn.

    Yields:
        Per row, mean and variance ``(channels,)`` by the layer's name.
    """
    device = next(network.parameters()).device
    z = sample_latents(images, network.z_dim, truncation=1.0, seed=seed, purpose=_PURPOSE).to(device)
    class_index = sample_classes(images, network.classes, seed=seed, purpose=_PURPOSE).to(device)
    layers = [module for module in network.modules() if isinstance(module, BatchNorm)]
    for row in range(STORED_STATISTICS):
        sums = {layer.name: _Sums(layer.channels) for layer in layers}
        for layer in layers:
            layer.observer = sums[layer.name].add
        try:
            with torch.no_grad():
                for part in (slice(start, start + _BATCH) for start in range(0, images, _BATCH)):
                    network(z[part] * row / (STORED_STATISTICS - 1), class_index[part])
        finally:
            for layer in layers:
                layer.observer = None
        yield {name: found.result() for name, found in sums.items()}
