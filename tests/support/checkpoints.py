"""Small checkpoints in the published layout, with random weights, written where a test wants them."""

import io
import json
from pathlib import Path
from typing import Any

import torch
from pytorch_pretrained_biggan import BigGAN, BigGANConfig

SMALL: dict[str, Any] = {
    "output_dim": 16,
    "z_dim": 4,
    "class_embed_dim": 4,
    "channel_width": 4,
    "num_classes": 3,
    "layers": [[False, 16, 8], [True, 8, 4], [False, 4, 2], [True, 2, 1]],
    "attention_layer_position": 1,
    "eps": 1e-4,
    "n_stats": 3,
}


def saved(value: Any, *, older_format: bool = False) -> bytes:
    """What torch writes; ``older_format`` is that of the published files."""
    content = io.BytesIO()
    torch.save(value, content, _use_new_zipfile_serialization=not older_format)
    return content.getvalue()


def small_state(**changes: Any) -> dict[str, torch.Tensor]:
    """Random tensors of a small model's names and shapes, statistics among them."""
    model = BigGAN(BigGANConfig(**{**SMALL, **changes}))
    generator = torch.Generator().manual_seed(0)
    state = {name: torch.randn(t.shape, generator=generator) for name, t in model.state_dict().items()}
    return {name: t.abs() + 0.5 if name.endswith("running_vars") else t for name, t in state.items()}


def write_checkpoint(folder: Path, *, older_format: bool = False, **changes: Any) -> Path:
    """Write ``config.json`` and ``pytorch_model.bin``."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.json").write_text(json.dumps({**SMALL, **changes}), "utf-8")
    (folder / "pytorch_model.bin").write_bytes(saved(small_state(**changes), older_format=older_format))
    return folder
