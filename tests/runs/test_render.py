"""Rendering that is killed, stopped, crowded, or left without a disk goes on with what is missing."""

import errno
import json
import os
import signal
import time
from pathlib import Path

import pytest

from biggan_directions.rendering.manifest import MANIFEST_NAME
from tests.commands.test_render import CAR, of
from tests.support.disks import small_disk
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
