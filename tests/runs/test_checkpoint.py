"""checkpoint.pt: damaged or made to harm it is a line; an error elsewhere is not blamed on it."""

from __future__ import annotations

import os
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from biggan_directions.learning.run import iterate
from biggan_directions.learning.settings import LearnSettings
from biggan_directions.runs.checkpoint import CHECKPOINT_NAME, Checkpoint
from biggan_directions.runs.folder import held
from biggan_directions.runs.learn import solve
from biggan_directions.runs.observer import Note, RunProgress
from tests.support.killed_runs import ONE, is_one_line, run
from tests.support.separable import Separable


class Harmful:
    """Makes a folder where it is unpickled."""

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[str]]:
        return os.mkdir, ("harmed",)


def _half(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def _one_bit(path: Path) -> None:
    survey = torch.load(path, weights_only=True)["state"]["survey"]["halves"]
    content = bytearray(path.read_bytes())
    content[content.index(survey.numpy().tobytes())] ^= 1
    path.write_bytes(content)


def _other_shapes(path: Path) -> None:
    content = torch.load(path, weights_only=True)
    content["state"]["survey"]["halves"] = torch.zeros(3)
    torch.save(content, path)


def _other_kinds(path: Path) -> None:
    content = torch.load(path, weights_only=True)
    content["state"]["survey"] = [1]
    torch.save(content, path)


def _later_kind(path: Path) -> None:
    """What is wrong is read once the survey, half done, has been done."""
    content = torch.load(path, weights_only=True)
    content["state"]["survey"]["count"] = 4
    content["state"]["solver"] = 5
    torch.save(content, path)


def _harmful(path: Path) -> None:
    torch.save({"format": "biggan-directions/checkpoint/1", "state": Harmful()}, path)


def _pickled(path: Path) -> None:
    path.write_bytes(pickle.dumps(Harmful()))


@pytest.mark.parametrize(
    "damage", [_half, _one_bit, _other_shapes, _other_kinds, _later_kind, _harmful, _pickled]
)
def test_a_damaged_checkpoint_is_a_line(
    damage: Callable[[Path], None], stopped: dict[str, bytes], folder: Path, leave: Callable[..., None]
) -> None:
    leave(stopped)
    damage(folder / "out" / CHECKPOINT_NAME)
    is_one_line(run((*ONE, "--resume"), folder), 1, f"out/{CHECKPOINT_NAME} ", "checkpoint")
    assert not (folder / "harmed").exists()


def _begun(folder: Path) -> LearnSettings:
    """Leave the checkpoint of a run after its first step."""
    settings = LearnSettings(latents=2)
    with held(folder) as own:
        checkpoint = Checkpoint(own, arithmetic="cpu")
        checkpoint.offer(next(iterate(Separable(), settings)).state)
        checkpoint.write()
    return settings


def test_what_goes_wrong_in_the_first_step_is_not_laid_to_the_checkpoint(tmp_path: Path) -> None:
    class Lost(Separable):
        def __call__(self, z: torch.Tensor, class_index: torch.Tensor | None = None) -> torch.Tensor:
            raise RuntimeError("the device is lost")

    settings = _begun(tmp_path / "out")
    with held(tmp_path / "out") as folder, pytest.raises(RuntimeError, match="the device is lost"):
        solve(Lost(), settings, checkpoint=Checkpoint(folder, arithmetic="cpu"))


def test_another_kind_of_device_is_noted(tmp_path: Path) -> None:
    settings, told = _begun(tmp_path / "out"), list[RunProgress | Note]()
    with held(tmp_path / "out") as folder:
        solve(Separable(), settings, observe=told.append, checkpoint=Checkpoint(folder, arithmetic="cuda"))
    assert isinstance(told[0], Note)
    assert told[0].text.startswith("the run was started with device cpu and is resumed with cuda: ")
    assert isinstance(told[1], RunProgress)
    assert told[1].done > 4  # the first step's products are not taken again
