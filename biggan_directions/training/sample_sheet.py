"""A sheet of samples while training goes on: a row for each class, a column for each latent."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray

from biggan_directions.latents import sample_latents
from biggan_directions.training.trainer import Trainer

_COLUMNS = 10
_MOST_ROWS = 20


def sample_sheet(trainer: Trainer) -> NDArray[np.uint8]:
    """Draw the averaged generator's images ``(rows × R, columns × R, 3)``: the same latents in each row.

    Batch normalisation uses the sheet's own images, all of truncation 1. Of many classes, twenty are shown.
    """
    network, settings = trainer.averaged(), trainer.settings
    classes = len(trainer.images.names)
    rows = torch.linspace(0, classes - 1, min(classes, _MOST_ROWS)).round().long()
    z = sample_latents(_COLUMNS, settings.z_dim, truncation=1.0, seed=settings.seed, purpose="training/sheet")
    with torch.no_grad(), torch.autocast(trainer.device.type, torch.bfloat16, enabled=settings.autocast):
        images = network(
            z.repeat(len(rows), 1).to(trainer.device), rows.repeat_interleave(_COLUMNS).to(trainer.device)
        )
    side = settings.resolution
    cells = ((images.cpu() + 1) * 127.5).round().to(torch.uint8).expand(-1, 3, -1, -1)
    table = cells.reshape(len(rows), _COLUMNS, 3, side, side).permute(0, 3, 1, 4, 2)
    sheet: NDArray[np.uint8] = table.reshape(len(rows) * side, _COLUMNS * side, 3).contiguous().numpy()
    return sheet
