"""Learning into a folder: from a program in three lines; killed, refused, replaced and resumed."""

from __future__ import annotations

import errno
import os
import signal
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from biggan_directions import Directions, LearnRun, LearnSettings, load_generator
from biggan_directions.errors import OutputError, UsageError
from biggan_directions.generators import Generator
from biggan_directions.runs.checkpoint import CHECKPOINT_NAME
from biggan_directions.runs.learn import DIRECTIONS_NAME
from biggan_directions.runs.observer import Note, RunProgress
from tests.support.disks import make_read_only, small_disk
from tests.support.forked_groups import Job, run_groups
from tests.support.group_member import run_in_folder
from tests.support.killed_runs import ADAM, EAGER, ONE, Fault, Run, files, is_one_line, run
from tests.support.separable import Separable

QUICK = LearnSettings(ndirs=2, search_dims=2, latents=2, survey_latents=2)


def test_a_program_learns_the_files_of_the_command_line(
    alone: dict[str, bytes], folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder)  # the model's name is in the files
    net = load_generator("net", "1", device="cpu")
    found = LearnRun("out", net, LearnSettings(ndirs=2, search_dims=2, latents=2)).finish()
    assert files(folder / "out") == alone
    assert torch.equal(found.directions.directions, Directions.load("out/directions.pt").directions)


def test_every_process_is_given_what_one_process_is_given(folder: Path) -> None:
    (alone,) = run_groups(folder, Job(1, run_in_folder, ("one",)))
    assert alone.codes == [0], alone.err
    written = {name: files(folder / name) for name in ("out", "all")}
    for name in written:
        (folder / name).rename(folder / f"{name} of one")
    (both,) = run_groups(folder, Job(2, run_in_folder, ("two",)))
    assert both.codes == [0, 0], both.err
    assert {name: files(folder / name) for name in written} == written
    for rank in range(2):
        for found, expected in zip(
            torch.load(folder / f"two.{rank}"), torch.load(folder / "one.0"), strict=True
        ):
            assert torch.equal(found[0], expected[0])
            assert found[1:] == expected[1:]


class Stopping:
    """Stands for whoever presses Ctrl-C after so many steps."""

    def __init__(self, steps: int) -> None:
        self.steps = steps
        self.told: list[RunProgress | Note] = []

    def __call__(self, told: RunProgress | Note) -> None:
        self.told.append(told)
        if len(self.told) == self.steps:
            raise KeyboardInterrupt


@pytest.mark.parametrize("steps", [1, 3, 9])  # in the survey, the Hessians, the scorecard
def test_a_program_that_is_interrupted_resumes_to_the_same_bytes(steps: int, tmp_path: Path) -> None:
    LearnRun(tmp_path / "whole", Separable(), QUICK).finish()
    with pytest.raises(KeyboardInterrupt):
        LearnRun(tmp_path / "out", Separable(), QUICK).finish(observe=Stopping(steps))
    assert (tmp_path / "out" / CHECKPOINT_NAME).exists()
    rest = Stopping(-1)
    found = LearnRun(tmp_path / "out", Separable(), QUICK).finish(resume=True, observe=rest)
    assert found.scorecard is not None
    assert files(tmp_path / "out") == files(tmp_path / "whole")
    again = LearnRun(tmp_path / "out", Separable(), QUICK).finish(resume=True)
    assert again.scorecard is None
    assert torch.equal(again.directions.directions, found.directions.directions)


def test_a_program_is_told_of_every_step_and_note(tmp_path: Path) -> None:
    seen = Stopping(-1)
    LearnRun(tmp_path, Separable(), QUICK).finish(observe=seen)
    steps = [told for told in seen.told if isinstance(told, RunProgress)]
    phases = list(dict.fromkeys(step.phase for step in steps))
    assert phases == ["live dimensions", "search space", "slopes", "hessians", "measuring", "done"]
    assert all(1 <= step.done <= step.total for step in steps)
    assert steps[-1].done == steps[-1].total
    first, *_ = [told.text for told in seen.told if isinstance(told, Note)]
    assert first.startswith("searched 2 dimensions")


def test_what_is_there_is_not_overwritten_by_a_program(tmp_path: Path) -> None:
    LearnRun(tmp_path, Separable(), QUICK).finish()
    before = files(tmp_path)
    with pytest.raises(OutputError, match="already exists"):
        LearnRun(tmp_path, Separable(), QUICK).finish()
    with pytest.raises(UsageError, match="only one of them"):
        LearnRun(tmp_path, Separable(), QUICK).finish(resume=True, force=True)
    with pytest.raises(UsageError, match="seed 0, not 3"):
        LearnRun(tmp_path, Separable(), replace(QUICK, seed=3)).finish(resume=True)
    with pytest.raises(UsageError, match="ndirs"):
        LearnRun(tmp_path, Separable(), LearnSettings(ndirs=99))
    assert files(tmp_path) == before
    LearnRun(tmp_path, Separable(seed=1), QUICK).finish(force=True)
    assert files(tmp_path) != before


def test_what_takes_long_is_prepared_only_if_there_is_something_to_learn(tmp_path: Path) -> None:
    prepared: list[Generator] = []

    def prepare(generator: Generator) -> Generator:
        assert not (tmp_path / DIRECTIONS_NAME).exists()
        prepared.append(generator)
        return Separable(seed=1)

    first = LearnRun(tmp_path, Separable(), QUICK, prepare=prepare).finish()
    assert len(prepared) == 1
    assert LearnRun(tmp_path, Separable(), QUICK, prepare=prepare).finish(resume=True).scorecard is None
    with pytest.raises(OutputError):
        LearnRun(tmp_path, Separable(), QUICK, prepare=prepare).finish()
    assert len(prepared) == 1
    other = LearnRun(tmp_path / "other", Separable(seed=1), QUICK).finish()
    assert torch.equal(first.directions.directions, other.directions.directions)


def test_a_preparation_that_fails_costs_force_nothing(tmp_path: Path) -> None:
    def prepare(_generator: Generator) -> Generator:
        raise UsageError("no compiler")

    LearnRun(tmp_path, Separable(), QUICK).finish()
    before = files(tmp_path)
    with pytest.raises(UsageError, match="no compiler"):
        LearnRun(tmp_path, Separable(), QUICK, prepare=prepare).finish(force=True)
    assert files(tmp_path) == before


# Left alone, a run writes three files: its checkpoint, directions.pt, scorecard.json. Each is one write, two
# flushes (of the file, of the folder), and one rename.
@pytest.mark.parametrize(
    ("call", "count"),
    [(call, count) for call in ("write", "replace") for count in (1, 2, 3)]
    + [("fsync", count) for count in range(1, 7)],
)
def test_killed_at_a_write_flush_or_rename_it_goes_on_to_the_same_bytes(
    call: str, count: int, alone: dict[str, bytes], folder: Path
) -> None:
    assert run(ONE, folder, fault=Fault(call, count)).code == 137
    done = run((*ONE, "--resume"), folder)
    assert done.code == 0, done.err
    assert files(folder / "out") == alone


@pytest.mark.parametrize(
    ("call", "count", "reason"),
    [
        ("write", 1, errno.ENOSPC),
        ("write", 3, errno.EDQUOT),
        ("fsync", 3, errno.EIO),
        ("replace", 2, errno.EACCES),
        ("replace", 3, errno.EROFS),
    ],
)
def test_a_fault_in_write_flush_or_rename_is_a_line_and_it_goes_on_to_the_same_bytes(
    call: str, count: int, reason: int, alone: dict[str, bytes], folder: Path
) -> None:
    done = run(ONE, folder, fault=Fault(call, count, reason))
    assert done.code == 1
    assert done.err.splitlines()[-1].startswith("error: Cannot write out/")
    assert os.strerror(reason) in done.err
    assert "Traceback" not in done.err
    assert not list(folder.rglob("*.part*"))
    assert run((*ONE, "--resume"), folder).code == 0
    assert files(folder / "out") == alone


def test_a_run_that_is_there_is_refused_resumed_or_replaced(
    alone: dict[str, bytes], stopped: dict[str, bytes], folder: Path, leave: Callable[..., None]
) -> None:
    leave(stopped)
    is_one_line(run(ONE, folder), 1, CHECKPOINT_NAME, "--resume", "--force")
    is_one_line(run((*ONE, "--resume", "--force"), folder), 2, "one of them")
    for other, says in (
        (("--seed", "3"), "seed 0, not 3"),
        (("--set", "hessian_latents=3"), "hessian latents 24, not 3"),
        (("--class", "2"), "classes"),
        (("--truncation", "1"), "truncation 0.5, not 1.0"),
    ):
        is_one_line(run((*ONE, *other, "--resume"), folder), 2, says)
    assert run((*ONE, "--resume"), folder).code == 0
    assert files(folder / "out") == alone


@pytest.mark.parametrize("searched", ["abc", None, 2.5])
def test_a_file_with_dimensions_of_another_kind_is_no_run_to_go_on_with(
    searched: object, alone: dict[str, bytes], folder: Path, leave: Callable[..., None]
) -> None:
    leave(alone)
    path = folder / "out" / "directions.pt"
    content = torch.load(path, weights_only=True)
    content["solver"]["search_dims"] = searched
    torch.save(content, path)
    is_one_line(run((*ONE, "--resume"), folder), 2, "search dims")


def test_force_that_is_killed_before_its_first_checkpoint_goes_on_as_itself(
    alone: dict[str, bytes], folder: Path
) -> None:
    assert run((*ONE, "--seed", "3"), folder).code == 0
    assert run((*ONE, "--force"), folder, fault=Fault("write", 1)).code == 137
    assert not (folder / "out" / "directions.pt").exists()
    done = run((*ONE, "--resume"), folder)
    assert done.code == 0, done.err
    assert files(folder / "out") == alone


def test_an_error_before_any_work_costs_force_nothing(
    alone: dict[str, bytes], folder: Path, leave: Callable[..., None]
) -> None:
    leave(alone)
    for wrong in (("--ndirs", "99"), ("--solver", "none"), ("--class", "cat"), ("--device", "none")):
        done = run((*ONE, "--force", *wrong), folder)
        assert done.code == 2, done.err
        assert files(folder / "out") == alone


def test_resumed_when_finished_it_says_so_and_from_nothing_it_starts(
    alone: dict[str, bytes], folder: Path
) -> None:
    assert run((*ONE, "--resume"), folder).code == 0
    assert files(folder / "out") == alone
    done = run((*ONE, "--resume"), folder)
    assert (done.code, done.out) == (0, "nothing to do: out/directions.pt is finished\n")
    assert files(folder / "out") == alone
    for other, says in ((("--ndirs", "1"), "ndirs 2, not 1"), (("--latents", "3"), "latents 2, not 3")):
        is_one_line(run((*ONE, *other, "--resume"), folder), 2, says)


def test_a_read_only_disk_is_a_line_before_any_work(net: Path, tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", 256 * 1024) as disk:
        (disk / "net").symlink_to(net)
        make_read_only(disk)
        is_one_line(run(ONE, disk), 1, "Cannot write out/directions.pt", "cannot be written")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_stopped_and_resumed_it_gives_the_same_bytes(number: int, folder: Path) -> None:
    assert run((*ADAM, "--out", "whole"), folder).code == 0
    begun = Run(ADAM, folder, constants=EAGER)
    begun.until_state("solver")
    begun.send(number)
    assert begun.end().code == 128 + number
    assert run((*ADAM, "--resume"), folder).code == 0
    assert files(folder / "out") == files(folder / "whole")
