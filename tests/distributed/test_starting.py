"""torchrun itself: it starts a group, and a process that it loses ends the run, which is then resumed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from pathlib import Path

import pytest

from biggan_directions.distributed.starting import joined
from biggan_directions.errors import ProcessGroupError
from tests.support.forked_groups import LAUNCHER, command, environment, run_groups, torchrun

CAR = ("--model", "toybox", "--class", "car", "--ndirs", "2")
COMMANDS = ("-m", "biggan_directions")


def test_torchrun_starts_a_process_group(net: Path, tmp_path: Path) -> None:
    learn = ("--model", str(net), "--class", "1", "--ndirs", "2", "--latents", "2", "--out", "two", "--json")
    done = torchrun(2, *COMMANDS, "learn", *learn, folder=tmp_path)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["path"] == "two/directions.pt"


def test_processes_that_cannot_meet_are_told_what_to_type(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WORLD_SIZE", "2")
    for name in ("RANK", "MASTER_ADDR", "MASTER_PORT"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(ProcessGroupError, match=r"2 processes cannot reach each other .*torchrun"), joined():
        pass


@pytest.mark.slow
def test_a_killed_process_ends_the_run_which_goes_on_with_another_number(tmp_path: Path) -> None:
    """To the bytes of a run in one process that was left alone."""
    learn = ("learn", *CAR, "--latents", "16")
    launched = [*LAUNCHER, "2", *COMMANDS, *learn, "--out", "killed"]
    with subprocess.Popen(
        launched, cwd=tmp_path, env=environment(), stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as running:
        follower = _follower(running.pid, tmp_path / "killed")
        os.kill(follower, signal.SIGKILL)
        _, said = running.communicate(timeout=60)
    assert running.returncode == 1
    ours = [line for line in said.splitlines() if line.startswith(("error: ", "interrupted"))]
    assert len(ours) == 1, said
    assert "one of the " in ours[0]
    assert "has ended" in ours[0]
    assert "--resume" in ours[0]
    assert os.listdir(tmp_path / "killed") == ["checkpoint.pt"]
    resumed, whole = run_groups(
        tmp_path, command(3, *learn, "--out", "killed", "--resume"), command(1, *learn, "--out", "whole")
    )
    assert resumed.codes == [0, 0, 0], resumed.err
    assert whole.codes == [0]
    for name in ("directions.pt", "scorecard.json"):
        assert (tmp_path / "whole" / name).read_bytes() == (tmp_path / "killed" / name).read_bytes()


def _follower(launcher: int, folder: Path) -> int:
    """The process of rank 1, once the run has begun to measure."""
    deadline = time.monotonic() + 60
    while not (folder / ".lock").exists():
        assert time.monotonic() < deadline
        time.sleep(0.05)
    time.sleep(2)
    for child in Path(f"/proc/{launcher}/task/{launcher}/children").read_text().split():
        if b"\0RANK=1\0" in Path(f"/proc/{child}/environ").read_bytes():
            return int(child)
    raise AssertionError("there is no process of rank 1")
