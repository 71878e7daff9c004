"""What a training run takes, before it is begun: time, memory, parameters."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn

from biggan_directions.errors import UsageError
from biggan_directions.training.statistics import measure_statistics
from biggan_directions.training.trainable import STORED_STATISTICS
from biggan_directions.training.trainer import Trainer

_TIMED_STEPS = 2  # after one that is not counted, which pays for set-up
_TIMED_IMAGES = 256
_BYTES = 4
# copies of the weights: the weights, their average (the generator's alone), two moments, and gradients twice
_COPIES = 7


_PENALTY_PASSES = 8  # four at most through the generator alone, in float32 where the others may be bfloat16


@dataclass(frozen=True, kw_only=True)
class Demand:
    """What training takes.

    Attributes:
        generator_parameters, discriminator_parameters: numbers that are trained.
        bytes: memory for weights, their moments and gradients, one micro-batch's activations, and the images.
        seconds_per_step: measured, in one process.
        seconds: of all steps.
        statistics_seconds: of the batch statistics that are measured when the last step is done.
    """

    generator_parameters: int
    discriminator_parameters: int
    bytes: int
    seconds_per_step: float
    seconds: float
    statistics_seconds: float


def measure_demand(trainer: Trainer) -> Demand:
    """Make a few steps of a trainer, which is of no use afterwards."""
    trainer.advance()
    start = time.perf_counter()
    for _ in range(_TIMED_STEPS):
        trainer.advance()
    taken = (time.perf_counter() - start) / _TIMED_STEPS
    settings = trainer.settings
    drawn = min(settings.statistics, _TIMED_IMAGES)
    start = time.perf_counter()
    next(measure_statistics(trainer.averaged(), seed=settings.seed, images=drawn))
    each = (time.perf_counter() - start) / drawn
    return Demand(
        generator_parameters=_parameters(trainer.generator),
        discriminator_parameters=_parameters(trainer.discriminator),
        bytes=needed_bytes(trainer),
        seconds_per_step=taken,
        seconds=taken * settings.steps,
        statistics_seconds=each * settings.statistics * STORED_STATISTICS,
    )


def needed_bytes(trainer: Trainer) -> int:
    """Memory that training needs, from the activations that two images leave for the backward pass."""
    kept: dict[int, int] = {}

    def note(tensor: Tensor) -> Tensor:
        storage = tensor.untyped_storage()
        kept[storage.data_ptr()] = storage.nbytes()
        return tensor

    settings = trainer.settings
    with torch.autograd.graph.saved_tensors_hooks(note, lambda tensor: tensor):
        z = torch.randn(2, settings.z_dim, generator=torch.Generator().manual_seed(0)).to(trainer.device)
        class_index = torch.zeros(2, dtype=torch.int64, device=trainer.device)
        with torch.autocast(trainer.device.type, torch.bfloat16, enabled=settings.autocast):
            images = trainer.generator(z, class_index)
            trainer.discriminator(torch.cat([images, images]), class_index.repeat(2))
    weights = _parameters(trainer.generator) + _parameters(trainer.discriminator)
    fixed = _BYTES * weights
    # The penalties differentiate the first backward pass, which leaves as much again.
    activations = 2 * max(0, sum(kept.values()) - fixed) * settings.micro_batch // 2
    if trainer.regulariser is not None:
        activations += int(_PENALTY_PASSES * trainer.regulariser.settings.fraction * activations)
    return _COPIES * fixed + activations + trainer.images.images.nbytes


def available_bytes(device: torch.device) -> int | None:
    """Free memory of the device; None where it cannot be told."""
    if device.type == "cuda":
        return torch.cuda.mem_get_info(device)[0]
    try:
        lines = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
        return next(1024 * int(line.split()[1]) for line in lines if line.startswith("MemAvailable:"))
    except (OSError, StopIteration, ValueError):
        return None


def check_memory(trainer: Trainer) -> None:
    """Refuse a run for which there is not enough memory.

    Raises:
        UsageError: there is not; the message says how much there is and what to change.
    """
    needed, available = needed_bytes(trainer), available_bytes(trainer.device)
    if available is not None and needed > available:
        raise UsageError(
            f"training needs about {needed / 2**30:.1f} GB of memory, but {available / 2**30:.1f} GB are "
            "free: try smaller ones of --set micro_batch=… --set width=… --resolution"
        )


def _parameters(network: nn.Module) -> int:
    return sum(parameter.numel() for parameter in network.parameters())
