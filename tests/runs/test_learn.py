"""Learning that is killed, stopped, crowded, or left without a disk: nothing is lost, and a line says so."""

import errno
import os
import pickle
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from biggan_directions.distributed.process_group import ALONE
from biggan_directions.learning.run import iterate
from biggan_directions.learning.settings import LearnSettings
from biggan_directions.runs.checkpoint import CHECKPOINT_NAME, Checkpoint
from biggan_directions.runs.folder import LOCK_NAME, held
from biggan_directions.runs.interrupt import Interrupted
from biggan_directions.runs.learn import drain
from tests.support.disks import make_read_only, small_disk
from tests.support.killed_runs import EAGER, Done, Fault, Run, files, run
from tests.support.separable import Separable

TOYBOX = ("learn", "--model", "toybox", "--class", "car", "--search-dims", "2", "--ndirs", "2")
JACOBI = (*TOYBOX, "--latents", "2", "--out", "out")
ADAM = (*JACOBI, "--solver", "adam", "--set", "steps=8", "--set", "batch_size=2")
LONG = (*JACOBI, "--solver", "adam", "--set", "steps=100000", "--set", "batch_size=2")
NOBODY = 65534
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """What a run leaves that nothing happens to."""
    folder = tmp_path_factory.mktemp("alone")
    done = run(JACOBI, folder)
    assert done.code == 0, done.err
    found = files(folder / "out")
    assert set(found) == {"directions.pt", "scorecard.json"}
    return found


def _is_one_line(done: Done, code: int, *words: str) -> None:
    """It ended with this code and one line that has the words."""
    assert done.code == code, done.err
    assert len(done.err.strip().splitlines()) == 1, done.err
    for word in words:
        assert word in done.err


def _started(folder: Path, **how: Any) -> Run:
    """A long run that has a checkpoint."""
    begun = Run(LONG, folder, constants=EAGER, **how)
    begun.until(f"out/{CHECKPOINT_NAME}")
    assert begun.running, begun.end().err
    return begun


def state_in(folder: Path) -> dict[str, Any]:
    """What the checkpoint holds, which must be whole."""
    state: dict[str, Any] = torch.load(folder / "out" / CHECKPOINT_NAME, weights_only=True)["state"]
    return state


def _steps(folder: Path) -> int:
    """Steps and vector-Jacobian products in the checkpoint."""
    state = state_in(folder)
    taken = state["solver"]["adam"]["matrix"]["done"] if "solver" in state else 0
    return int(state["survey"]["count"] + taken)


# Left alone, a run writes three files: its checkpoint, directions.pt, scorecard.json. Each is one write, two
# flushes (of the file, of the folder), and one rename.
@pytest.mark.parametrize(
    ("call", "count"),
    [(call, count) for call in ("write", "replace") for count in (1, 2, 3)]
    + [("fsync", count) for count in range(1, 7)],
)
def test_killed_at_a_write_flush_or_rename_it_goes_on_to_the_same_bytes(
    call: str, count: int, alone: dict[str, bytes], tmp_path: Path
) -> None:
    assert run(JACOBI, tmp_path, fault=Fault(call, count)).code == 137
    done = run((*JACOBI, "--resume"), tmp_path)
    assert done.code == 0, done.err
    assert files(tmp_path / "out") == alone


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
    call: str, count: int, reason: int, alone: dict[str, bytes], tmp_path: Path
) -> None:
    done = run(JACOBI, tmp_path, fault=Fault(call, count, reason))
    assert done.code == 1
    assert done.err.splitlines()[-1].startswith("error: Cannot write out/")
    assert os.strerror(reason) in done.err
    assert "Traceback" not in done.err
    assert not list(tmp_path.rglob("*.part*"))
    assert run((*JACOBI, "--resume"), tmp_path).code == 0
    assert files(tmp_path / "out") == alone


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_stopped_it_keeps_a_checkpoint_and_says_how_to_go_on(number: int, tmp_path: Path) -> None:
    begun = Run(LONG, tmp_path)  # its first checkpoint would be due after 5 s
    begun.until(f"out/{LOCK_NAME}")
    time.sleep(0.8)
    asked = time.monotonic()
    begun.send(number)
    done = begun.end()
    assert time.monotonic() - asked < 2
    _is_one_line(done, 128 + number, "to go on: biggan-directions learn --model toybox", "--resume")
    assert [path.name for path in (tmp_path / "out").iterdir()] == [CHECKPOINT_NAME]
    assert _steps(tmp_path) > 0


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_stopped_and_resumed_it_gives_the_same_bytes(number: int, tmp_path: Path) -> None:
    whole = tmp_path / "whole"
    whole.mkdir()
    assert run(ADAM, whole).code == 0
    begun = Run(ADAM, tmp_path, constants=EAGER)
    begun.until(f"out/{CHECKPOINT_NAME}")
    while begun.running and "solver" not in state_in(tmp_path):
        time.sleep(0.01)
    begun.send(number)
    assert begun.end().code == 128 + number
    assert run((*ADAM, "--resume"), tmp_path).code == 0
    assert files(tmp_path / "out") == files(whole / "out")


def test_two_at_once_the_second_is_told_and_the_first_goes_on(tmp_path: Path) -> None:
    begun = _started(tmp_path)
    for how in ("--resume", "--force"):
        _is_one_line(run((*JACOBI, how), tmp_path), 1, "another run is writing into out", "--out")
    before = _steps(tmp_path)
    time.sleep(1)
    assert begun.running
    begun.send(signal.SIGKILL)
    assert begun.end().code == 137
    assert _steps(tmp_path) > before


def test_a_run_that_was_killed_leaves_no_stale_lock(tmp_path: Path) -> None:
    begun = _started(tmp_path)
    begun.send(signal.SIGKILL)
    begun.end()
    assert (tmp_path / "out" / LOCK_NAME).exists()  # the file; nobody holds it
    done = run((*JACOBI, "--force"), tmp_path)
    assert done.code == 0, done.err
    assert {path.name for path in (tmp_path / "out").iterdir()} == {"directions.pt", "scorecard.json"}


def test_a_run_that_is_there_is_refused_resumed_or_replaced(alone: dict[str, bytes], tmp_path: Path) -> None:
    assert run(JACOBI, tmp_path, fault=Fault("write", 2)).code == 137  # killed where directions.pt is written
    _is_one_line(run(JACOBI, tmp_path), 1, CHECKPOINT_NAME, "--resume", "--force")
    _is_one_line(run((*JACOBI, "--resume", "--force"), tmp_path), 2, "one of them")
    for other, says in (
        (("--seed", "3"), "seed 0, not 3"),
        (("--set", "weighting=plain"), "weighting balanced, not plain"),
        (("--class", "duck"), "classes"),
        (("--truncation", "0.5"), "truncation 1.0, not 0.5"),
    ):
        _is_one_line(run((*JACOBI, *other, "--resume"), tmp_path), 2, says)
    assert run((*JACOBI, "--resume"), tmp_path).code == 0
    assert files(tmp_path / "out") == alone


@pytest.mark.parametrize("searched", ["abc", None, 2.5])
def test_a_file_with_dimensions_of_another_kind_is_no_run_to_go_on_with(
    searched: object, tmp_path: Path
) -> None:
    assert run(JACOBI, tmp_path).code == 0
    path = tmp_path / "out" / "directions.pt"
    content = torch.load(path, weights_only=True)
    content["solver"]["search_dims"] = searched
    torch.save(content, path)
    _is_one_line(run((*JACOBI, "--resume"), tmp_path), 2, "search dims")


def test_force_that_is_killed_before_its_first_checkpoint_goes_on_as_itself(
    alone: dict[str, bytes], tmp_path: Path
) -> None:
    assert run((*JACOBI, "--seed", "3"), tmp_path).code == 0
    assert run((*JACOBI, "--force"), tmp_path, fault=Fault("write", 1)).code == 137
    assert not (tmp_path / "out" / "directions.pt").exists()
    done = run((*JACOBI, "--resume"), tmp_path)
    assert done.code == 0, done.err
    assert files(tmp_path / "out") == alone


def test_an_error_before_any_work_costs_force_nothing(alone: dict[str, bytes], tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    for name, content in alone.items():
        (tmp_path / "out" / name).write_bytes(content)
    for wrong in (("--ndirs", "99"), ("--solver", "none"), ("--class", "cat"), ("--device", "none")):
        done = run((*JACOBI, "--force", *wrong), tmp_path)
        assert done.code == 2, done.err
        assert files(tmp_path / "out") == alone


def test_stopped_before_its_first_step_a_run_does_not_say_that_it_goes_on(tmp_path: Path) -> None:
    with (
        pytest.raises(Interrupted) as stopped,
        held(tmp_path / "out") as folder,
        Checkpoint(folder, device="cpu"),
    ):
        raise Interrupted(signal.SIGINT)
    assert not stopped.value.resumes


def test_resumed_when_finished_it_says_so_and_from_nothing_it_starts(
    alone: dict[str, bytes], tmp_path: Path
) -> None:
    assert run((*JACOBI, "--resume"), tmp_path).code == 0
    assert files(tmp_path / "out") == alone
    done = run((*JACOBI, "--resume"), tmp_path)
    assert (done.code, done.out) == (0, "nothing to do: out/directions.pt is finished\n")
    assert files(tmp_path / "out") == alone
    for other, says in ((("--ndirs", "1"), "ndirs 2, not 1"), (("--latents", "3"), "latents 2, not 3")):
        _is_one_line(run((*JACOBI, *other, "--resume"), tmp_path), 2, says)


def test_a_disk_that_fills_up_is_a_line_and_with_room_it_goes_on(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", 256 * 1024) as disk:
        begun = _started(disk)
        with open(disk / "filler", "wb", buffering=0) as filler:
            try:
                while True:
                    filler.write(b"x" * 1024)
            except OSError:
                pass
        _is_one_line(begun.end(), 1, "No space left on device", "--resume")
        done = _steps(disk)
        assert not list(disk.rglob("*.part*"))
        (disk / "filler").unlink()
        again = Run((*LONG, "--resume"), disk, constants=EAGER)
        while again.running and _steps(disk) <= done + 1:
            time.sleep(0.05)
        again.send(signal.SIGTERM)
        assert again.end().code == 143
        assert _steps(disk) > done


def test_a_read_only_disk_is_a_line_before_any_work(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", 256 * 1024) as disk:
        make_read_only(disk)
        _is_one_line(run(JACOBI, disk), 1, "Cannot write out/directions.pt", "cannot be written")


@as_root
def test_permission_lost_is_a_line_and_the_last_checkpoint_is_intact(tmp_path: Path) -> None:
    for folder in (tmp_path, *tmp_path.parents[:2]):
        folder.chmod(0o755)
    begun = _started(tmp_path, user=NOBODY)
    begun.send(signal.SIGUSR1)
    _is_one_line(begun.end(), 1, f"Cannot write out/{CHECKPOINT_NAME}", "Permission denied")
    assert _steps(tmp_path) > 0


@pytest.mark.parametrize("renamed", [True, False])
def test_a_folder_that_goes_is_a_line_and_nothing_is_written_in_its_place(
    renamed: bool, tmp_path: Path
) -> None:
    begun = _started(tmp_path)
    (tmp_path / "out").rename(tmp_path / "elsewhere")
    if not renamed:
        (tmp_path / "out").mkdir()  # somebody else's
    _is_one_line(begun.end(), 1, "out was removed or renamed")
    assert (tmp_path / "out").exists() == (not renamed)
    assert files(tmp_path).keys() >= {f"elsewhere/{CHECKPOINT_NAME}"}


class Harmful:
    """Makes a file where it is unpickled."""

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[str]]:
        return os.mkdir, ("harmed",)


def _half(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def _one_bit(path: Path) -> None:
    survey = torch.load(path, weights_only=True)["state"]["survey"]["total"]
    content = bytearray(path.read_bytes())
    content[content.index(survey.numpy().tobytes())] ^= 1
    path.write_bytes(content)


def _other_shapes(path: Path) -> None:
    content = torch.load(path, weights_only=True)
    content["state"]["survey"]["total"] = torch.zeros(3)
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
def test_a_damaged_checkpoint_is_a_line(damage: Callable[[Path], None], tmp_path: Path) -> None:
    assert run(JACOBI, tmp_path, fault=Fault("write", 2)).code == 137
    damage(tmp_path / "out" / CHECKPOINT_NAME)
    _is_one_line(run((*JACOBI, "--resume"), tmp_path), 1, f"out/{CHECKPOINT_NAME} ", "checkpoint")
    assert not (tmp_path / "harmed").exists()


def test_what_goes_wrong_in_the_first_step_is_not_laid_to_the_checkpoint(tmp_path: Path) -> None:
    class Lost(Separable):
        def __call__(self, z: torch.Tensor, class_index: torch.Tensor | None = None) -> torch.Tensor:
            raise RuntimeError("the device is lost")

    settings = LearnSettings(latents=2)
    with held(tmp_path / "out") as folder:
        checkpoint = Checkpoint(folder, device="cpu")
        checkpoint.offer(next(iterate(Separable(), settings)))
        checkpoint.write()
        with pytest.raises(RuntimeError, match="the device is lost"):
            drain(Lost(), settings, ALONE, checkpoint)
