"""The lock of an output folder, and a folder or a disk that is lost while a run writes into it."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import pytest

from biggan_directions.errors import OutputError
from biggan_directions.runs.checkpoint import CHECKPOINT_NAME
from biggan_directions.runs.folder import LOCK_NAME, held
from tests.support.disks import small_disk
from tests.support.killed_runs import EAGER, ENDLESS, ONE, Run, is_one_line, run, started, steps_in

NOBODY = 65534
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")


def test_two_at_once_the_second_is_told_and_the_first_goes_on(folder: Path) -> None:
    begun = started(folder)
    for how in ("--resume", "--force"):
        is_one_line(run((*ONE, how), folder), 1, "another run is writing into out", "--out")
    before = steps_in(folder)
    time.sleep(1)
    assert begun.running
    begun.send(signal.SIGKILL)
    assert begun.end().code == 137
    assert steps_in(folder) > before


def test_a_run_that_was_killed_leaves_no_stale_lock(folder: Path) -> None:
    begun = started(folder)
    begun.send(signal.SIGKILL)
    begun.end()
    assert (folder / "out" / LOCK_NAME).exists()  # the file; nobody holds it
    done = run((*ONE, "--force"), folder)
    assert done.code == 0, done.err
    assert {path.name for path in (folder / "out").iterdir()} == {"directions.pt", "scorecard.json"}


def test_a_disk_that_fills_up_is_a_line_and_with_room_it_goes_on(net: Path, tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", 256 * 1024) as disk:
        (disk / "net").symlink_to(net)
        begun = started(disk)
        with open(disk / "filler", "wb", buffering=0) as filler:
            try:
                while True:
                    filler.write(b"x" * 1024)
            except OSError:
                pass
        is_one_line(begun.end(), 1, "No space left on device", "--resume")
        done = steps_in(disk)
        assert not list(disk.rglob("*.part*"))
        (disk / "filler").unlink()
        again = Run((*ENDLESS, "--resume"), disk, constants=EAGER)
        while again.running and steps_in(disk) <= done + 1:
            time.sleep(0.05)
        again.send(signal.SIGTERM)
        assert again.end().code == 143
        assert steps_in(disk) > done


@as_root
def test_permission_lost_is_a_line_and_the_last_checkpoint_is_intact(folder: Path) -> None:
    for above in (folder, *folder.parents[:2]):
        above.chmod(0o755)
    begun = started(folder, user=NOBODY)
    begun.send(signal.SIGUSR1)
    is_one_line(begun.end(), 1, f"Cannot write out/{CHECKPOINT_NAME}", "Permission denied")
    assert steps_in(folder) > 0


@pytest.mark.parametrize("renamed", [True, False])
def test_a_folder_that_goes_is_a_line_and_nothing_is_written_in_its_place(
    renamed: bool, folder: Path
) -> None:
    begun = started(folder)
    (folder / "out").rename(folder / "elsewhere")
    if not renamed:
        (folder / "out").mkdir()  # somebody else's
    is_one_line(begun.end(), 1, "the output folder out was moved or removed", "--resume", "--out")
    assert (folder / "out").exists() == (not renamed)
    assert (folder / "elsewhere" / CHECKPOINT_NAME).exists()
    assert not renamed or not (folder / "out").exists()


def test_folders_that_were_made_for_nothing_go_again(tmp_path: Path) -> None:
    with held(tmp_path / "new" / "run") as folder:
        assert (tmp_path / "new" / "run" / LOCK_NAME).exists()
        folder.check()
        with pytest.raises(OutputError, match="another run is writing into"), held(tmp_path / "new" / "run"):
            pass
    assert not list(tmp_path.iterdir())
