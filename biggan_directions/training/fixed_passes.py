"""Passes through a network in training that change nothing in it, and that do not depend on the batch."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from biggan_directions.precision import full_precision
from biggan_directions.training.trainable import BatchNorm


@contextmanager
def fixed_passes(network: nn.Module, reference: Callable[[], Any]) -> Iterator[None]:
    """Make the passes inside the block deterministic, and leave the network as it was.

    Batch normalisation that is in training mode normalises by the statistics of one pass, the reference, as
    constants: so samples do not mix, no running average moves, and no gradient flows through the statistics.
    Dropout is off, and spectral norm makes no power iteration. Layers in evaluation mode stay as they are.

    Args:
        network: what the passes go through.
        reference: makes the pass that gives the statistics, in full precision; called once, without
            gradients, and only where there is batch normalisation in training mode.

    >>> network = nn.Sequential(nn.Linear(2, 3), nn.BatchNorm1d(3), nn.Dropout())
    >>> z = torch.randn(8, 2)
    >>> with fixed_passes(network, lambda: network(z)):
    ...     torch.equal(network(z), network(z)), torch.allclose(network(z)[:1], network(z[:1]))
    (True, True)
    >>> network.training, int(network[1].num_batches_tracked)
    (True, 0)
    """
    modules = list(network.modules())
    training = [module.training for module in modules]
    stock = [module for module in modules if isinstance(module, _BatchNorm) and module.training]
    own = [module for module in modules if isinstance(module, BatchNorm) and module.fixed is None]
    kept = [(norm.track_running_stats, norm.running_mean, norm.running_var) for norm in stock]
    found: dict[nn.Module, tuple[Tensor, Tensor]] = {}

    def note(norm: nn.Module, x: Tensor) -> None:
        variance, mean = torch.var_mean(x.detach(), (0, *range(2, x.ndim)), correction=0)
        found[norm] = (mean, variance)

    try:
        for module in modules:
            module.training = False
        for norm in stock:
            norm.track_running_stats, norm.running_mean, norm.running_var = False, None, None
        if stock or own:
            with ExitStack() as hooks, torch.no_grad(), full_precision():
                for norm in stock:
                    handle = norm.register_forward_pre_hook(lambda norm, inputs: note(norm, inputs[0]))
                    hooks.callback(handle.remove)
                for layer in own:
                    hooks.callback(setattr, layer, "observer", layer.observer)
                    layer.observer = lambda x, layer=layer: note(layer, x)
                reference()
        for norm in stock:
            norm.running_mean, norm.running_var = found.get(norm, (None, None))
        for layer in own:
            layer.fixed = found.get(layer)
        yield
    finally:
        for layer in own:
            layer.fixed = None
        for norm, (tracks, mean, variance) in zip(stock, kept, strict=True):
            norm.track_running_stats, norm.running_mean, norm.running_var = tracks, mean, variance
        for module, was in zip(modules, training, strict=True):
            module.training = was
