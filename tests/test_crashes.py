"""Runs that are killed at random moments, taken up again, and compared byte for byte with runs left alone."""

import random
import signal
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from biggan_directions.checkpoint import CHECKPOINT_NAME
from tests.runs import EAGER, Run, files, run
from tests.test_learning_survives import ADAM, JACOBI, state_in
from tests.test_rendering_commands import CAR, of
from tests.test_rendering_survives import RENDER

COMMANDS = {"jacobi": (*JACOBI, "--latents", "12"), "adam": ADAM, "render": RENDER}


@dataclass
class Case:
    """A command, what it leaves when it is left alone, and the seconds that it takes."""

    command: Sequence[str]
    expected: dict[str, bytes]
    seconds: float


@pytest.fixture(scope="module", params=list(COMMANDS))
def case(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Case:
    folder = tmp_path_factory.mktemp(request.param)
    of(folder, CAR)
    command = COMMANDS[request.param]
    first = run(command, folder, constants=EAGER)
    assert first.code == 0, first.err
    again = "--resume" if command is RENDER else "--force"
    (folder / "out").rename(folder / "first")
    second = run((*command, again), folder, constants=EAGER)  # the first one has warmed up
    assert files(folder / "first") == files(folder / "out")
    return Case(command, files(folder / "out"), second.seconds)


def _survives(case: Case, folder: Path, draw: random.Random) -> bool:
    """Kill a run at a random moment, take it up, compare; whether there was something to take up."""
    of(folder, CAR)
    begun = Run(case.command, folder, constants=EAGER)
    time.sleep(draw.uniform(0, case.seconds))
    half = begun.running
    begun.send(signal.SIGKILL)
    assert begun.end().code in (0, 137)
    half = half and _half_done(folder)
    for name, content in files(folder / "out").items() if (folder / "out").exists() else ():
        if name in ("directions.pt", "scorecard.json", "sheet.png", "gallery.html") or name.endswith(".gif"):
            assert content == case.expected[name], f"{name} is there, but not whole"
    done = run((*case.command, "--resume"), folder, constants=EAGER)
    assert done.code == 0, done.err
    assert files(folder / "out") == case.expected
    return half


def _half_done(folder: Path) -> bool:
    """Whether some of the solver's work, or some of the pictures, is there to be taken up."""
    if (folder / "out" / CHECKPOINT_NAME).exists():
        return bool(state_in(folder).keys() & {"hessians", "adam"})
    return (folder / "out" / "sheet.png").exists()


def _rounds(case: Case, folder: Path, count: int) -> int:
    draw, half = random.Random(str(case.command)), 0
    for number in range(count):
        (folder / str(number)).mkdir()
        half += _survives(case, folder / str(number), draw)
    return half


@pytest.mark.slow
def test_killed_at_random_moments_and_resumed_the_files_are_the_same_bytes(
    case: Case, tmp_path: Path
) -> None:
    assert _rounds(case, tmp_path, 7 if case.command is not RENDER else 6) > 0


@pytest.mark.long
def test_killed_at_two_hundred_random_moments(case: Case, tmp_path: Path) -> None:
    count = 67 if case.command is not RENDER else 66
    half = _rounds(case, tmp_path, count)
    assert half > count / 4, "few kills left something to take up: this has shown little"
    print(f"{count} kills, {half} of them left something to take up")  # noqa: T201  # shown by pytest -s
