"""The command line in several processes: one prints and writes, the files are those of one process."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import NamedTuple

import pytest
import torch

from biggan_directions.directions import Directions
from tests.support.checkpoints import write_checkpoint
from tests.support.forked_groups import LAUNCHER, environment, python, torchrun

CAR = ("--model", "toybox", "--class", "car", "--ndirs", "2")
COMMANDS = ("-m", "biggan_directions")


class Ran(NamedTuple):
    """The exit codes of a command's processes, and all that they said."""

    codes: list[int]
    out: str
    err: str


def _run(folder: Path, *jobs: tuple[int | str, ...]) -> list[Ran]:
    """Run commands, each in as many processes as it begins with."""
    for old in (*folder.glob("[0-9]*.out"), *folder.glob("[0-9]*.err")):
        old.unlink()
    done = python("-m", "tests.support.group_commands", json.dumps(jobs), folder=folder)
    assert done.returncode == 0, done.stderr
    return [
        Ran(codes, (folder / f"{job}.out").read_text(), (folder / f"{job}.err").read_text())
        for job, codes in enumerate(json.loads(done.stdout))
    ]


def _same(first: Path, second: Path, *names: str) -> None:
    for name in names:
        assert (first / name).read_bytes() == (second / name).read_bytes(), name


@pytest.fixture(scope="module")
def net(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A generator that draws at once, of three classes."""
    return str(write_checkpoint(tmp_path_factory.mktemp("net") / "small"))


def test_learn_and_score_print_once_and_write_what_one_process_writes(net: str, tmp_path: Path) -> None:
    learn = ("learn", "--model", net, "--class", "1", "--ndirs", "2", "--json")
    own = ("--set", "steps=3", "--set", "batch_size=10")
    adam = (*learn, "--solver", "adam", *own, "--latents", "5")
    score = ("score", "jacobi1/directions.pt", "--latents", "4", "--seeds", "1", "--json")
    jobs: list[tuple[int | str, ...]] = [
        (1, *learn, "--out", "jacobi1"),
        (2, *learn, "--out", "jacobi2"),
        (1, *adam, "--out", "adam1"),
        (3, *adam, "--out", "adam3"),
        (1, *score),
        (2, *score),
    ]
    ran = _run(tmp_path, *jobs)
    for (started, *_), job in zip(jobs, ran, strict=True):
        assert job.codes == [0] * int(started), job.err
        json.loads(job.out)  # one process has printed
    for one, several in (("jacobi1", "jacobi2"), ("adam1", "adam3")):
        _same(tmp_path / one, tmp_path / several, "directions.pt")
        assert sorted(os.listdir(tmp_path / several)) == ["directions.pt", "scorecard.json"]
    _same(tmp_path / "adam1", tmp_path / "adam3", "scorecard.json")
    assert ran[4].out == ran[5].out


def test_every_class_has_a_file_and_a_stopped_run_goes_on_in_more_processes(net: str, tmp_path: Path) -> None:
    """And each file is that of the class learnt alone."""
    each = ("learn", "--model", net, "--ndirs", "2", "--latents", "2", "--per-class", "--out", "all")
    first, refused, rest, nothing, other, alone = _run(
        tmp_path,
        (1, *each, "--class", "0"),
        (2, *each, "--class", "all"),
        (2, *each, "--class", "all", "--resume", "--json"),
        (3, *each, "--class", "all", "--resume"),
        (3, *each, "--class", "all", "--resume", "--seed", "1"),
        (2, *each[:-3], "--class", "2", "--out", "alone"),
    )
    names = sorted(os.listdir(tmp_path / "all"))
    assert len(names) == 3
    assert first.codes == [0], first.err
    assert first.out == "1 classes have their directions in all: 1 of them were learnt now\n"
    assert refused.codes[0] == 1
    assert refused.err == (
        f"error: all/{names[0]}/directions.pt is already there: choose another --out, or replace it with "
        "--force\n"
    )
    assert rest.codes == [0, 0], rest.err
    paths = [f"all/{name}/directions.pt" for name in names]
    assert json.loads(rest.out) == {"paths": paths, "new": 2, "left_out": []}
    assert nothing.out == "3 classes have their directions in all: 0 of them were learnt now\n"
    assert other.codes[0] == 2
    assert "seed 0, not 1" in other.err
    assert alone.codes == [0, 0]
    _same(tmp_path / "alone", tmp_path / "all" / names[2], "directions.pt", "scorecard.json")
    assert [item.index for item in Directions.load(tmp_path / paths[1]).classes] == [1]


def test_a_class_that_cannot_be_drawn_is_told_and_left_out(net: str, tmp_path: Path) -> None:
    broken = tmp_path / "broken"
    shutil.copytree(net, broken)
    state = torch.load(broken / "pytorch_model.bin", weights_only=True)
    state["embeddings.weight"][:, 1] = 3e38
    torch.save(state, broken / "pytorch_model.bin")
    each = ("--ndirs", "2", "--latents", "2", "--per-class", "--out", "all")
    (ran,) = _run(tmp_path, (2, "learn", "--model", str(broken), "--class", "all", *each, "--json"))
    assert ran.codes[0] == 1
    said = json.loads(ran.out)
    assert said["new"] == 2
    assert said["paths"] == [f"all/{name}/directions.pt" for name in sorted(os.listdir(tmp_path / "all"))]
    note, error = ran.err.splitlines()
    assert note.startswith(
        f"note: {said['left_out'][0]} is left out: the generator drew a picture that is not"
    )
    assert error == f"error: 1 of 3 classes were left out: {said['left_out'][0]}"


def test_render_writes_the_pictures_of_one_process_and_goes_on_in_several(net: str, tmp_path: Path) -> None:
    """The same files to the last byte; and those that are there are not drawn again."""
    learn = ("learn", "--model", net, "--class", "1", "--class", "2", "--ndirs", "2", "--solver", "random")
    render = ("render", "here/directions.pt", "--samples", "3", "--frames", "12", "--out")
    _, one, three = _run(
        tmp_path,
        (1, *learn, "--latents", "1", "--out", "here"),
        (1, *render, "out"),
        (3, *render, "three", "--json"),
    )
    assert one.codes == [0], one.err
    assert three.codes == [0, 0, 0], three.err
    assert len(json.loads(three.out)) == 4
    shutil.copytree(tmp_path / "out", tmp_path / "one")
    _same(tmp_path / "one", tmp_path / "three", "sheet.png", "direction_00.gif", "direction_01.gif")
    (tmp_path / "out" / "direction_01.gif").unlink()
    resumed, again = _run(
        tmp_path, (2, *render, "out", "--resume", "--json"), (2, *render, "out", "--resume")
    )
    assert resumed.codes == [0, 0], resumed.err
    kept = {Path(file["path"]).name: file["kept"] for file in json.loads(resumed.out)}
    assert not kept["direction_01.gif"]
    assert "nothing to do" in again.out
    names = sorted(os.listdir(tmp_path / "one"))
    assert names == sorted(os.listdir(tmp_path / "out"))
    _same(tmp_path / "one", tmp_path / "out", *names)


def test_bad_input_is_one_sentence_however_many_processes(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("a file")
    cases: list[tuple[tuple[str, ...], int, str]] = [
        (("learn", "--model", "toybox", "--class", "cat"), 2, "cat"),
        (("learn", *CAR, "--ndirs", "99"), 2, "99"),
        (("learn", *CAR, "--out", "taken"), 1, "is not a folder"),
        (("score", "nosuch.pt"), 1, "nosuch.pt"),
        (("inspect", "nosuch.pt"), 1, "nosuch.pt"),
    ]
    jobs: list[tuple[int | str, ...]] = [(3, *arguments) for arguments, _, _ in cases]
    for ran, (arguments, code, says) in zip(_run(tmp_path, *jobs), cases, strict=True):
        assert ran.codes[0] == code, arguments
        assert ran.err.startswith("error: "), arguments
        assert ran.err.count("\n") == 1, ran.err
        assert says in ran.err
        assert not ran.out


def test_a_killed_process_ends_the_run_which_goes_on_with_another_number(tmp_path: Path) -> None:
    """Under torchrun itself; to the bytes of a run in one process that was left alone."""
    learn = ("learn", *CAR, "--latents", "16")
    command = [sys.executable, *LAUNCHER, "2", *COMMANDS, *learn, "--out", "killed"]
    with subprocess.Popen(
        command, cwd=tmp_path, env=environment(), stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True
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
    resumed, whole = _run(tmp_path, (3, *learn, "--out", "killed", "--resume"), (1, *learn, "--out", "whole"))
    assert resumed.codes == [0, 0, 0], resumed.err
    assert whole.codes == [0]
    _same(tmp_path / "whole", tmp_path / "killed", "directions.pt", "scorecard.json")


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


def test_torchrun_starts_a_process_group(net: str, tmp_path: Path) -> None:
    learn = ("--model", net, "--class", "1", "--ndirs", "2", "--out", "two", "--json")
    done = torchrun(2, *COMMANDS, "learn", *learn, folder=tmp_path)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["path"] == "two/directions.pt"
