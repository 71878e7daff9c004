"""Rendering that is killed, stopped, crowded, or left without a disk goes on with what is missing."""

import errno
import json
import os
import signal
import time
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from typer.testing import CliRunner

from biggan_directions import Directions, load_generator
from biggan_directions.cli import app
from biggan_directions.errors import OutputError, UsageError
from biggan_directions.rendering import RenderSettings
from biggan_directions.rendering.manifest import MANIFEST_NAME
from biggan_directions.runs.folder import LOCK_NAME
from biggan_directions.runs.observer import Note, RunProgress
from biggan_directions.runs.render import render
from tests.commands.test_render import CAR, of
from tests.support.disks import small_disk
from tests.support.forked_groups import Job, run_groups
from tests.support.group_member import closing_early
from tests.support.killed_runs import Fault, Run, files, run

RENDER = ("render", "directions.pt", "--samples", "2", "--frames", "8", "--out", "out")
SLOW = ("render", "directions.pt", "--samples", "8", "--frames", "24", "--out", "out")
NAMES = ["sheet.png", "direction_00.gif", "direction_01.gif", "gallery.html"]


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """What a run leaves that nothing happens to."""
    folder = tmp_path_factory.mktemp("alone")
    of(folder, CAR)
    done = run(RENDER, folder)
    assert done.code == 0, done.err
    found = files(folder / "out")
    assert set(found) == {*NAMES, MANIFEST_NAME}
    return found


def _kept(folder: Path, *more: str) -> list[str]:
    """Draw what is missing; the files that were there already."""
    done = run((*RENDER, "--resume", "--json", *more), folder)
    assert done.code == 0, done.err
    return [Path(file["path"]).name for file in json.loads(done.out) if file["kept"]]


def test_an_iterator_that_ends_early_lets_the_other_processes_go_on(tmp_path: Path) -> None:
    (ran,) = run_groups(tmp_path, Job(2, closing_early, ("out",)))
    assert ran.codes == [0, 0], ran.err


# sheet, manifest, two animations with strips and their records each, page, manifest, manifest without strips
@pytest.mark.parametrize(
    ("call", "count"), [("write", 2), ("write", 5), ("fsync", 9), ("replace", 6), ("replace", 11)]
)
def test_killed_at_a_write_flush_or_rename_it_goes_on_to_the_same_bytes(
    call: str, count: int, alone: dict[str, bytes], tmp_path: Path
) -> None:
    of(tmp_path, CAR)
    assert run(RENDER, tmp_path, fault=Fault(call, count)).code == 137
    _kept(tmp_path)
    assert files(tmp_path / "out") == alone


@pytest.mark.parametrize(("call", "count", "reason"), [("write", 4, errno.ENOSPC), ("replace", 7, errno.EIO)])
def test_a_fault_is_a_line_and_it_goes_on_to_the_same_bytes(
    call: str, count: int, reason: int, alone: dict[str, bytes], tmp_path: Path
) -> None:
    of(tmp_path, CAR)
    done = run(RENDER, tmp_path, fault=Fault(call, count, reason))
    assert done.code == 1
    assert done.err.startswith("error: Cannot write out/")
    assert len(done.err.splitlines()) == 1
    assert os.strerror(reason) in done.err
    assert not list(tmp_path.rglob("*.part*"))
    assert "sheet.png" in _kept(tmp_path)
    assert files(tmp_path / "out") == alone


def test_only_what_is_missing_or_out_of_date_is_drawn(alone: dict[str, bytes], tmp_path: Path) -> None:
    of(tmp_path, CAR)
    assert _kept(tmp_path) == []
    assert _kept(tmp_path) == NAMES
    assert "nothing to do" in run((*RENDER, "--resume"), tmp_path).out
    (tmp_path / "out" / "direction_01.gif").unlink()
    assert _kept(tmp_path) == ["sheet.png", "direction_00.gif", "gallery.html"]
    (tmp_path / "out" / "direction_00.gif").write_bytes(b"GIF")
    assert _kept(tmp_path) == ["sheet.png", "direction_01.gif", "gallery.html"]
    assert files(tmp_path / "out") == alone
    assert _kept(tmp_path, "--seed", "5") == []
    assert _kept(tmp_path) == []
    assert files(tmp_path / "out") == alone
    of(tmp_path, CAR, solver={"name": "adam"})  # other directions, for all that is known
    assert _kept(tmp_path) == []
    assert _kept(tmp_path) == NAMES
    (tmp_path / "out" / MANIFEST_NAME).write_text("{")
    assert _kept(tmp_path) == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_stopped_it_says_how_to_go_on_and_keeps_what_is_done(number: int, tmp_path: Path) -> None:
    of(tmp_path, CAR)
    begun = Run(SLOW, tmp_path)
    begun.until("out/direction_00.gif")
    asked = time.monotonic()
    begun.send(number)
    done = begun.end()
    assert time.monotonic() - asked < 2
    assert done.code == 128 + number
    assert done.err == f"interrupted; to resume: biggan-directions {' '.join(SLOW)} --resume\n"
    names = {path.name for path in (tmp_path / "out").iterdir()}
    assert {"sheet.png", "direction_00.gif"} <= names
    assert not [name for name in names if ".part" in name or name == "gallery.html"]
    again = run((*SLOW, "--resume"), tmp_path)
    assert again.code == 0
    assert again.out.count("was there already") >= 1
    assert not list(tmp_path.rglob("*.strips"))


def test_two_at_once_the_second_is_told(tmp_path: Path) -> None:
    of(tmp_path, CAR)
    begun = Run(SLOW, tmp_path)
    begun.until("out/sheet.png")
    second = run(RENDER, tmp_path)
    begun.send(signal.SIGKILL)
    assert begun.end().code == 137
    assert second.code == 1
    assert second.err.startswith("error: another run is writing into out")
    assert run(RENDER, tmp_path).code == 0  # no stale lock


def test_a_folder_that_goes_is_a_line_and_nothing_is_written_in_its_place(tmp_path: Path) -> None:
    of(tmp_path, CAR)
    begun = Run(SLOW, tmp_path)
    begun.until(f"out/{MANIFEST_NAME}")
    (tmp_path / "out").rename(tmp_path / "elsewhere")
    done = begun.end()
    assert done.code == 1
    assert len(done.err.splitlines()) == 1, done.err
    assert not list(tmp_path.glob("out/*"))
    assert (tmp_path / "elsewhere" / "sheet.png").exists()


def test_a_disk_that_fills_up_is_a_line_and_with_room_it_goes_on(
    alone: dict[str, bytes], tmp_path: Path
) -> None:
    room = len(alone["sheet.png"]) + len(alone["direction_00.gif"]) + 48 * 1024
    with small_disk(tmp_path / "disk", 2**20) as disk:
        of(disk, CAR)
        (disk / "filler").write_bytes(bytes(2**20 - room - 8 * 4096))
        done = run(RENDER, disk)
        assert done.code == 1
        assert "No space left on device" in done.err
        assert len(done.err.splitlines()) == 1
        whole = files(disk / "out")
        assert "sheet.png" in whole
        assert all(alone[name] == content for name, content in whole.items() if name in NAMES)
        (disk / "filler").unlink()
        assert "sheet.png" in _kept(disk)
        assert files(disk / "out") == alone


# As a library: without a command, a file of directions is drawn and drawing goes on in three lines.

QUICK = RenderSettings(samples=2, frames=4, scale=1, sheet_positions=3)


@pytest.fixture
def found(tmp_path: Path) -> Directions:
    return Directions.load(of(tmp_path, CAR))


def test_a_library_user_draws_a_file_and_goes_on_in_three_lines(found: Directions, tmp_path: Path) -> None:
    generator = load_generator("toybox", "car")
    first = list(render(found, generator, tmp_path, QUICK))
    assert [file.path.name for file in first] == NAMES
    assert all(file.path.stat().st_size == file.size_bytes for file in first)
    (tmp_path / "direction_01.gif").unlink()
    again = list(render(found, generator, tmp_path, QUICK, resume=True))
    assert [file.path.name for file in again if not file.kept] == ["direction_01.gif"]
    assert not (tmp_path / LOCK_NAME).exists()


def test_the_files_are_those_of_the_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    path = of(tmp_path, CAR).relative_to(tmp_path)
    assert CliRunner().invoke(app, [*RENDER, "--class", "duck"]).exit_code == 0
    by_command = files(tmp_path / "out")
    settings = RenderSettings(samples=2, frames=8)
    list(render(Directions.load(path), load_generator("toybox", "duck"), "out", settings, path=path))
    assert files(tmp_path / "out") == by_command


def test_progress_counts_to_exactly_what_is_drawn(found: Directions, tmp_path: Path) -> None:
    generator = load_generator("toybox", "car")
    for lost in (NAMES, ["direction_00.gif"], []):
        for name in lost:
            (tmp_path / name).unlink(missing_ok=True)
        told: list[RunProgress | Note] = []
        list(render(found, generator, tmp_path, QUICK, resume=True, observe=told.append))
        assert bool(told) is bool(lost)
        if lost:
            steps = [step for step in told if isinstance(step, RunProgress)]
            assert steps == told
            assert [step.done for step in steps] == sorted(step.done for step in steps)
            assert steps[-1].done == steps[-1].total
            assert len({step.total for step in steps}) == 1
            assert {step.parts for step in steps} == {len(lost)}  # the files that are drawn
            assert steps[0].part == 1
            assert all(1 <= step.part <= step.parts for step in steps)


def test_directions_that_are_not_in_a_file_yet_are_saved_beside_their_images(
    found: Directions, tmp_path: Path
) -> None:
    generator, folder = load_generator("toybox", "car"), tmp_path / "new"
    list(render(found, generator, folder, QUICK, indices=[0]))
    assert torch.equal(Directions.load(folder / "directions.pt").directions, found.directions)
    assert f"{folder}/directions.pt" in (folder / "gallery_part.html").read_text(encoding="utf-8")


def test_another_file_in_the_folder_is_neither_named_nor_replaced(found: Directions, tmp_path: Path) -> None:
    generator, before = load_generator("toybox", "car"), (tmp_path / "directions.pt").read_bytes()
    turned = replace(found, directions=found.directions.flip(0))
    with pytest.raises(UsageError, match=r"directions\.pt is of other directions: pass path="):
        next(render(turned, generator, tmp_path, QUICK))
    bare = Directions(directions=found.directions, names=("", ""), effect=found.effect, penalty=found.penalty)
    with pytest.raises(UsageError, match="a bare matrix does not say what it is of: pass path="):
        next(render(bare, generator, tmp_path / "bare", QUICK))
    assert (tmp_path / "directions.pt").read_bytes() == before
    assert not (tmp_path / "bare").exists()


def test_the_folder_is_held_until_the_last_file_or_until_one_stops(found: Directions, tmp_path: Path) -> None:
    generator = load_generator("toybox", "car")
    first = render(found, generator, tmp_path, QUICK)
    next(first)
    with pytest.raises(OutputError, match="another run is writing"):
        next(render(found, generator, tmp_path, QUICK))
    first.close()  # type: ignore[attr-defined]
    assert [file.kept for file in render(found, generator, tmp_path, QUICK, resume=True)][:2] == [True, False]
