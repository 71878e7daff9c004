"""A trained generator's weights in the stock layout, and in a compact form of half the size that ships.

The compact form has the stock layout's names. It leaves out what follows from the rest: the vectors of the
power iteration, and the rows of ``conv_to_rgb`` that repeat others or are never used.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

import torch
from safetensors.torch import load as load_safetensors
from safetensors.torch import save as save_safetensors
from torch import Tensor

from biggan_directions.linalg import leading_pair
from biggan_directions.training.spectral import SpectralLayer
from biggan_directions.training.trainable import Attention, PlainNorm, TrainableBigGAN

_RGB = "generator.conv_to_rgb"
_COLOURS = 3


def compact_weights(
    network: TrainableBigGAN, statistics: Iterable[Mapping[str, tuple[Tensor, Tensor]]]
) -> dict[str, Tensor]:
    """The weights in the compact form, float32, on the CPU.

    Args:
        network: as it was when the statistics were measured.
        statistics: the rows of :func:`~biggan_directions.training.statistics.measure_statistics`.
    """
    rows = list(statistics)
    state: dict[str, Tensor] = {"embeddings.weight": network.embeddings}
    for name, module in network.named_modules():
        prefix = f"generator.{name}."
        if isinstance(module, SpectralLayer):
            state[prefix + "weight_orig"] = module.weight()
            if module.bias is not None:
                state[prefix + "bias"] = module.bias
        elif isinstance(module, Attention):
            state[prefix + "gamma"] = module.gamma
        elif isinstance(module, PlainNorm):
            state[prefix + "weight"], state[prefix + "bias"] = module.weight, module.bias
    for name in rows[0]:
        for place, part in enumerate(("running_means", "running_vars")):
            state[f"generator.{name}.{part}"] = torch.stack([row[name][place] for row in rows])
    return {name: tensor.detach().cpu().contiguous() for name, tensor in state.items()}


def stock_weights(compact: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """All tensors of ``BigGAN(config).state_dict()`` from the compact form, float32.

    A layer's vectors u and v are the leading singular pair of the weight. The weight is normalised already,
    so v is scaled such that uᵀ W v, by which the stock class divides, is 1. Grey images come from three equal
    rows of ``conv_to_rgb``, whose pair is that of one.
    """
    width = compact["generator.bn.weight"].shape[0]
    state: dict[str, Tensor] = {}
    for name, tensor in compact.items():
        tensor = tensor.float()
        if name.endswith("weight_orig"):
            u, v = leading_pair(tensor.flatten(1))
            v = v / torch.dot(u, tensor.flatten(1) @ v)
            if name.startswith(_RGB):
                u = torch.cat([u, u.new_zeros(width - len(u))])
            state[name.replace("_orig", "_u")], state[name.replace("_orig", "_v")] = u, v
        if name.startswith(_RGB):
            tensor = tensor.expand(_COLOURS, *tensor.shape[1:])
            tensor = torch.cat([tensor, tensor.new_zeros(width - _COLOURS, *tensor.shape[1:])])
        state[name] = tensor.contiguous()
    return state


def compacted(stock: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The compact form of tensors that :func:`stock_weights` gave."""
    compact = {name: tensor for name, tensor in stock.items() if not name.endswith(("weight_u", "weight_v"))}
    first, *others = compact[f"{_RGB}.weight_orig"][:_COLOURS]
    channels = 1 if all(torch.equal(first, other) for other in others) else _COLOURS
    for part in ("weight_orig", "bias"):
        compact[f"{_RGB}.{part}"] = compact[f"{_RGB}.{part}"][:channels]
    return compact


def packed(compact: Mapping[str, Tensor], config: Mapping[str, Any]) -> bytes:
    """The bytes of a safetensors file: float16, except for the batch statistics."""
    tensors = {
        name: (tensor.float() if "running" in name else tensor.half()).contiguous()
        for name, tensor in compact.items()
    }
    return save_safetensors(tensors, {"config": json.dumps(dict(config))})


def unpacked(content: bytes) -> tuple[dict[str, Any], dict[str, Tensor]]:
    """The configuration, and all tensors in the stock layout, from the bytes of :func:`packed`."""
    length = int.from_bytes(content[:8], "little")
    config = json.loads(json.loads(content[8 : 8 + length])["__metadata__"]["config"])
    return config, stock_weights(load_safetensors(content))
