"""The toybox's weights: packed in float16 with one column per factor, or unpacked in the stock layout."""

import hashlib
import json
from importlib import resources
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load as load_safetensors
from safetensors.torch import save as save_safetensors
from torch import Tensor

from biggan_directions.linalg import leading_pair
from biggan_directions.toybox.names import TOYS
from biggan_directions.toybox.network import FACTORS, STORED_STATISTICS, Z_DIM, Network, config

ROTATION = "rotation"
_FILE = "toybox.safetensors"
_ROTATION_SEED = 20
_MEETS_Z = FACTORS + Z_DIM  # columns of a weight on (factors, class embedding)


def _rotation() -> Tensor:
    """The fixed random rotation R ``(32, 32)``, float32: z = factors · R."""
    random = torch.Generator().manual_seed(_ROTATION_SEED)
    q, r = torch.linalg.qr(torch.randn(Z_DIM, Z_DIM, generator=random, dtype=torch.float64))
    rotation: Tensor = (q * r.diagonal().sign()).float().contiguous()
    return rotation


def pack(network: Network) -> bytes:
    """The bytes of the file in the package: float16, except for the rotation and the statistics (float32)."""
    tensors = {
        name: tensor.contiguous() if "running" in name else tensor.half().contiguous()
        for name, tensor in network.export().items()
    }
    return save_safetensors({**tensors, ROTATION: _rotation()}, {"config": json.dumps(config(network.width))})


def _read() -> bytes:
    return resources.files(__package__).joinpath(_FILE).read_bytes()


def sha256() -> str:
    """SHA-256 of the file in the package, hexadecimal."""
    return hashlib.sha256(_read()).hexdigest()


def rotation() -> Tensor:
    """The hidden rotation R ``(32, 32)``, float32; its first eight rows are the true directions."""
    return load_safetensors(_read())[ROTATION]


def stock_config() -> dict[str, Any]:
    """``config.json`` of the stock class, as a dict."""
    width = load_safetensors(_read())["generator.bn.weight"].shape[0]
    return config(width)


def stock_state() -> dict[str, Tensor]:
    """All weights in the stock class's layout, float32: the content of ``pytorch_model.bin``.

    A weight on z is its eight factor columns times the true directions. So its rows lie in their span, and
    the image does not change along the other 24 directions.
    """
    stored = load_safetensors(_read())
    true = stored.pop(ROTATION)[:FACTORS]
    width = stored["generator.bn.weight"].shape[0]
    state: dict[str, Tensor] = {}
    for name, tensor in stored.items():
        tensor = tensor.float()
        # the stock layer computes `width` channels and keeps three
        if name.startswith("generator.conv_to_rgb"):
            tensor = torch.cat([tensor, tensor.new_zeros(width - 3, *tensor.shape[1:])])
        if "running" in name:
            tensor = tensor.expand(STORED_STATISTICS, -1).contiguous()
        if name.endswith("weight_orig"):
            if tensor.ndim == 2 and tensor.shape[1] == _MEETS_Z:
                tensor = torch.cat([tensor[:, :FACTORS] @ true, tensor[:, FACTORS:]], 1)
            u, v = leading_pair(tensor.flatten(1))
            state[name.replace("_orig", "_u")], state[name.replace("_orig", "_v")] = u, v
        state[name] = tensor
    return state


def save_checkpoint(folder: Path) -> None:
    """Write ``config.json`` and ``pytorch_model.bin`` for ``--model FOLDER`` and the stock package."""
    folder.mkdir(parents=True, exist_ok=True)
    settings = {**stock_config(), "classes": list(TOYS)}
    (folder / "config.json").write_text(json.dumps(settings, indent=2) + "\n", encoding="utf-8")
    torch.save(stock_state(), folder / "pytorch_model.bin")
