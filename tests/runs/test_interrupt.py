"""Ctrl-C and SIGTERM: a checkpoint, a line with the command that resumes, and the end within two seconds."""

from __future__ import annotations

import signal
import time
from pathlib import Path

import pytest

from biggan_directions.runs.checkpoint import CHECKPOINT_NAME, Checkpoint
from biggan_directions.runs.folder import LOCK_NAME, held
from biggan_directions.runs.interrupt import Interrupted
from tests.support.killed_runs import Run, is_one_line, steps_in

# On the toybox, whose images take as long as a small model's do.
TOYBOX = ("learn", "--model", "toybox", "--class", "car", "--ndirs", "2", "--latents", "2", "--out", "out")
ENDLESS = (*TOYBOX, "--solver", "adam", "--set", "steps=100000", "--set", "batch_size=2")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_stopped_it_keeps_a_checkpoint_and_says_how_to_go_on(number: int, tmp_path: Path) -> None:
    begun = Run(ENDLESS, tmp_path)  # its first checkpoint would be due after 5 s
    begun.until(f"out/{LOCK_NAME}")
    time.sleep(0.8)
    asked = time.monotonic()
    begun.send(number)
    done = begun.end()
    assert time.monotonic() - asked < 2
    is_one_line(done, 128 + number, "to resume: biggan-directions learn --model toybox", "--resume")
    assert [path.name for path in (tmp_path / "out").iterdir()] == [CHECKPOINT_NAME]
    assert steps_in(tmp_path) > 0


def test_stopped_before_its_first_step_a_run_does_not_say_that_it_goes_on(tmp_path: Path) -> None:
    with (
        pytest.raises(Interrupted) as stopped,
        held(tmp_path / "out") as folder,
        Checkpoint(folder, arithmetic="cpu"),
    ):
        raise Interrupted(signal.SIGINT)
    assert not stopped.value.resumes
