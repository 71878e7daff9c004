"""The trainer: resumed exactly, the same for any number of processes, towards the images."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from biggan_directions.errors import FileFormatError
from biggan_directions.training.regulariser import RegulariserSettings
from biggan_directions.training.settings import TrainSettings
from biggan_directions.training.trainer import Trainer
from tests.support.forked_groups import Job, run_groups
from tests.support.group_member import trained
from tests.support.picture_sets import TINY, image_set


def _copy(state: dict[str, Any]) -> Any:
    """What is read from the disk."""
    content = io.BytesIO()
    torch.save(state, content)
    content.seek(0)
    return torch.load(content, weights_only=True)


def _same(one: Any, other: Any) -> bool:
    """Whether two states hold the same numbers."""
    if isinstance(one, torch.Tensor):
        return torch.equal(one, other)
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(_same(one[key], other[key]) for key in one)
    if isinstance(one, list | tuple):
        return len(one) == len(other) and all(map(_same, one, other))
    return bool(one == other)


@pytest.mark.parametrize(
    "changed", [{}, {"augment": True, "autocast": False}, {"attention": 8, "batch": 4}], ids=str
)
def test_a_resumed_run_ends_with_the_same_bytes(changed: dict[str, Any]) -> None:
    settings = replace(TINY, **changed)
    whole = Trainer(settings, image_set(colour=bool(changed)))
    for _ in range(3):
        whole.advance()
    resumed = Trainer(settings, image_set(colour=bool(changed)))
    resumed.load(_copy(whole.state()))
    for trainer in (whole, resumed):
        for _ in range(3):
            trainer.advance()
    assert resumed.step == 6
    assert _same(resumed.state(), whole.state())
    whole.advance()
    assert not _same(resumed.state(), whole.state())


@pytest.mark.parametrize(
    "penalty",
    [
        RegulariserSettings(weight=None, share=0.3),
        RegulariserSettings(weight=1e-6, kind="jacobian", ramp=4, layers=("layers.1.bn_0",)),
    ],
    ids=lambda penalty: penalty.kind,
)
def test_a_run_with_a_penalty_is_resumed_to_the_same_bytes(penalty: RegulariserSettings) -> None:
    whole, resumed, without = (Trainer(TINY, image_set(), penalty=one) for one in (penalty, penalty, None))
    for _ in range(3):
        whole.advance()
    resumed.load(_copy(whole.state()))
    for trainer in (whole, resumed):
        for _ in range(2):
            trainer.advance()
    assert _same(resumed.state(), whole.state())
    for _ in range(5):
        without.advance()
    assert not _same(without.state()["generator"], whole.state()["generator"])
    assert whole.regulariser is not None
    found = whole.regulariser.measures(5)
    assert 0 < found.share < 1
    assert found.penalty > 0


def test_a_penalty_of_weight_zero_changes_nothing() -> None:
    """So the measuring passes move nothing, and a run without a penalty has the state that it always had."""
    measured = Trainer(TINY, image_set(), penalty=RegulariserSettings(weight=0.0))
    without = Trainer(TINY, image_set())
    for trainer in (measured, without):
        for _ in range(2):
            trainer.advance()
    state = measured.state()
    assert state.pop("regulariser")["smoothed"][0] > 0
    assert _same(state, without.state())
    assert without.state().keys() == {
        *("settings", "step", "generator", "discriminator", "average", "optimizers", "smoothed", "history")
    }


def test_two_processes_train_the_same_network(tmp_path: Path) -> None:
    ran = run_groups(tmp_path, Job(1, trained, ("state",)), Job(2, trained, ("state",)))
    assert [job.codes for job in ran] == [[0], [0, 0]], ran
    assert (tmp_path / "state.1").read_bytes() == (tmp_path / "state.2").read_bytes()


def test_the_state_of_another_network_is_refused() -> None:
    state = _copy(Trainer(TINY, image_set()).state())
    with pytest.raises(FileFormatError, match=r"average\..* expected torch.float32 of shape"):
        Trainer(replace(TINY, width=8), image_set()).load(state)
    del state["optimizers"]
    with pytest.raises(FileFormatError, match="optimizers"):
        Trainer(TINY, image_set()).load(state)


def test_damaged_moments_and_averages_are_refused_before_they_are_used() -> None:
    """A fused step would read a moment that is too short past its end."""
    trainer = Trainer(TINY, image_set())
    trainer.advance()
    for place, says in (("exp_avg", "exp_avg of another shape"), ("average", "average")):
        state = _copy(trainer.state())
        if place == "average":
            name = next(iter(state["average"]))
            state["average"][name] = torch.zeros(1)
        else:
            next(iter(state["optimizers"][0]["state"].values()))[place] = torch.zeros(1)
        with pytest.raises(FileFormatError, match=says):
            Trainer(TINY, image_set()).load(state)


def test_rates_fall_to_zero_over_the_last_steps() -> None:
    trainer = Trainer(replace(TINY, decay=0.5, steps=4), image_set())
    rates = []
    for _ in range(4):
        trainer.advance()
        rates.append(trainer.state()["optimizers"][0]["param_groups"][0]["lr"] / TINY.generator_rate)
    assert rates == pytest.approx([1, 1, 1, 0.5])


def test_the_average_follows_the_weights_slowly() -> None:
    trainer = Trainer(replace(TINY, averaging=0.5), image_set())
    trainer.advance()
    name, before = "bn.weight", trainer.average["bn.weight"].clone()
    trainer.step = 100  # past the first steps, which count little
    trainer.advance()
    now = trainer.generator.get_parameter(name).detach()
    torch.testing.assert_close(trainer.average[name], (before + now) / 2)


@pytest.mark.slow
def test_it_learns_what_sets_the_classes_apart() -> None:
    """After 300 steps the mean image of each class is nearest to that of its real images."""
    images = image_set(384)
    settings = TrainSettings(
        width=8,
        discriminator_width=16,
        z_dim=4,
        batch=32,
        micro_batch=32,
        steps=300,
        decay=0.0,
        averaging=0.98,
    )
    trainer = Trainer(settings, images)
    for _ in range(settings.steps):
        measures = trainer.advance()
    z = torch.randn(96, 4, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        drawn = trainer.averaged()(z, torch.arange(3).repeat_interleave(32))
    real = [images.batch(torch.arange(384)[images.class_index == label])[0].mean(0) for label in range(3)]
    means = [part.mean(0) for part in drawn.chunk(3)]
    nearest = [min(range(3), key=lambda label: (mean - real[label]).square().sum()) for mean in means]
    assert nearest == [0, 1, 2]
    assert measures.variety > 0.05
