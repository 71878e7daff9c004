"""The files that a training run makes: the model, its account, and sheets of samples."""

from __future__ import annotations

import io
import json
from dataclasses import asdict
from pathlib import Path
from typing import NamedTuple

import torch
from PIL import Image

from biggan_directions.files.atomic_write import replacing, write_whole
from biggan_directions.generators.weights.catalog import CONFIG_NAME, WEIGHTS_NAME
from biggan_directions.runs import interrupt
from biggan_directions.runs.observer import Observe, RunProgress
from biggan_directions.runs.penalty_report import penalty_account
from biggan_directions.training.sample_sheet import sample_sheet
from biggan_directions.training.statistics import measure_statistics
from biggan_directions.training.stock_weights import compact_weights, stock_weights
from biggan_directions.training.trainable import STORED_STATISTICS
from biggan_directions.training.trainer import Trainer
from biggan_directions.version import made_with

SHEETS = "samples"
ACCOUNT_NAME = "training.json"
PENALTY, BEGINNING = "penalty_on_the_generator", "beginning"  # keys of the account and of the checkpoint
_REMEDY = "Free some space, and continue the run with --resume."


def write_model(folder: Path, trainer: Trainer, observe: Observe) -> None:
    """Measure the batch statistics, and write the model; the account comes last."""
    settings, images, beginning = trainer.settings, trainer.images, trainer.beginning
    network = trainer.averaged()
    rows = []
    if beginning is not None and beginning.statistics is not None:
        rows = beginning.rows()  # as they were while the network was trained
    else:
        for row in measure_statistics(network, seed=settings.seed, images=settings.statistics):
            rows.append(row)
            interrupt.check()
            observe(RunProgress(phase="batch statistics", done=len(rows), total=STORED_STATISTICS))
    compact = compact_weights(network, rows)
    config = {**network.config(), "n_stats": len(rows), "classes": list(images.names)}
    content = io.BytesIO()
    torch.save(stock_weights(compact), content)
    account = {
        "step": trainer.step,
        "settings": asdict(settings),
        "images": len(images),
        "images_sha256": images.sha256(),
        "held_out": images.held_out,
        "measures": asdict(trainer.measures),
        "history": trainer.history,
        "made_with": made_with(),
    }
    if beginning is not None:
        account[BEGINNING] = {"model": beginning.name, "sha256": beginning.sha256}
    if trainer.regulariser is not None:
        account[PENALTY] = penalty_account(trainer.regulariser, trainer, network)
    write_sheet(trainer, folder / SHEETS / f"step_{trainer.step:06d}.png")
    for name, data in (
        (CONFIG_NAME, _json(config)),
        (WEIGHTS_NAME, content.getvalue()),
        (ACCOUNT_NAME, _json(account)),
    ):
        write_whole(folder / name, data, remedy=_REMEDY)


def _json(value: object) -> bytes:
    return (json.dumps(value, indent=2) + "\n").encode()


def write_sheet(trainer: Trainer, path: Path) -> None:
    """Write a sheet of samples at twice its size."""
    sheet = Image.fromarray(sample_sheet(trainer))
    with replacing(path, remedy=_REMEDY) as beside:
        sheet.resize((2 * sheet.width, 2 * sheet.height), Image.Resampling.NEAREST).save(beside)


class TrainedOn(NamedTuple):
    """The share of each class that a model was not trained on, and the checksum of what it was."""

    held_out: float
    images_sha256: str


def trained_on(folder: Path) -> TrainedOn | None:
    """What the account in a model's folder says; None where there is no such account."""
    try:
        account = json.loads((folder / ACCOUNT_NAME).read_bytes())
        return TrainedOn(float(account.get("held_out", 0.0)), str(account["images_sha256"]))
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None
