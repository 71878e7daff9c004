"""What training takes is said before: parameters, time, memory; and where memory does not suffice."""

from dataclasses import replace

import pytest
import torch

from biggan_directions.errors import UsageError
from biggan_directions.training import demand
from biggan_directions.training.trainer import Trainer
from tests.support.picture_sets import TINY, image_set


def test_memory_grows_with_the_micro_batch_and_time_with_the_steps() -> None:
    small = demand.measure_demand(Trainer(TINY, image_set()))
    assert small.generator_parameters == sum(
        p.numel() for p in Trainer(TINY, image_set()).generator.parameters()
    )
    assert small.seconds == pytest.approx(6 * small.seconds_per_step)
    more = demand.measure_demand(Trainer(replace(TINY, statistics=64 * TINY.statistics), image_set()))
    assert more.statistics_seconds > 4 * small.statistics_seconds > 0
    few, many = (
        demand.needed_bytes(Trainer(replace(TINY, micro_batch=size, batch=size), image_set()))
        for size in (8, 16)
    )
    weights = 4 * (small.generator_parameters + small.discriminator_parameters)
    assert few > 7 * weights
    images = 8 * 32 * 32 * 4 * TINY.discriminator_width * 2  # of the first block, at least
    assert many - few > images


def test_too_little_memory_is_said_before_training(monkeypatch: pytest.MonkeyPatch) -> None:
    trainer = Trainer(TINY, image_set())
    demand.check_memory(trainer)
    assert (demand.available_bytes(torch.device("cpu")) or 2**40) > 2**20
    monkeypatch.setattr(demand, "available_bytes", lambda _device: 1000)
    with pytest.raises(UsageError, match="GB are free: try smaller ones of --set micro_batch"):
        demand.check_memory(trainer)
