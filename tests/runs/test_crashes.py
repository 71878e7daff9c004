"""Runs that are killed at random moments, resumed, and compared byte for byte with runs left alone."""

import random
import signal
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from biggan_directions.runs.checkpoint import CHECKPOINT_NAME
from tests.commands.test_render import CAR, of
from tests.runs.test_render import RENDER
from tests.support.killed_runs import ADAM, EAGER, ONE, Run, files, run, state_in

COMMANDS = {"jacobi": (*ONE, "--latents", "64"), "adam": (*ADAM, "--set", "steps=24"), "render": RENDER}
BEGUN = {"jacobi": f"out/{CHECKPOINT_NAME}", "adam": f"out/{CHECKPOINT_NAME}", "render": "out/sheet.png"}


@dataclass
class Case:
    """A command, what it leaves when it is left alone, and the seconds that it takes."""

    net: Path
    begun: str
    command: Sequence[str]
    expected: dict[str, bytes]
    seconds: float


@pytest.fixture(scope="module", params=list(COMMANDS))
def case(request: pytest.FixtureRequest, net: Path, tmp_path_factory: pytest.TempPathFactory) -> Case:
    folder = tmp_path_factory.mktemp(request.param)
    _furnish(folder, net)
    command = COMMANDS[request.param]
    first = run(command, folder, constants=EAGER)
    assert first.code == 0, first.err
    again = "--resume" if command is RENDER else "--force"
    (folder / "out").rename(folder / "first")
    second = run((*command, again), folder, constants=EAGER)  # the first one has warmed up
    assert files(folder / "first") == files(folder / "out")
    return Case(net, BEGUN[request.param], command, files(folder / "out"), second.seconds)


def _furnish(folder: Path, net: Path) -> None:
    (folder / "net").symlink_to(net)
    of(folder, CAR)


def _survives(case: Case, folder: Path, moment: float, *, begun_first: bool = False) -> str:
    """Kill a run after a share of its time, resume it, compare; what there was to resume."""
    _furnish(folder, case.net)
    begun = Run(case.command, folder, constants=EAGER)
    if begun_first:
        begun.until(case.begun)
    time.sleep(moment * case.seconds)
    ended = not begun.running
    begun.send(signal.SIGKILL)
    assert begun.end().code in (0, 137)
    found = "finished" if ended else _found(folder)
    for name, content in files(folder / "out").items() if (folder / "out").exists() else ():
        if name in ("directions.pt", "scorecard.json", "sheet.png", "gallery.html") or name.endswith(".gif"):
            assert content == case.expected[name], f"{name} is there, but not whole"
    done = run((*case.command, "--resume"), folder, constants=EAGER)
    assert done.code == 0, done.err
    assert files(folder / "out") == case.expected
    return found


def _found(folder: Path) -> str:
    """What a killed run left of its work."""
    if (folder / "out" / CHECKPOINT_NAME).exists():
        return "half solved" if "solver" in state_in(folder) else "half surveyed"
    return "half drawn" if (folder / "out" / "sheet.png").exists() else "nothing"


def _rounds(case: Case, folder: Path, count: int) -> Counter[str]:
    """So many kills, one in each of as many parts of a run; what there was to resume."""
    draw, found = random.Random(str(case.command)), Counter[str]()
    for number in range(count):
        (folder / str(number)).mkdir()
        found[_survives(case, folder / str(number), (number + draw.random()) / count)] += 1
    return found


def test_killed_once_it_has_begun_and_resumed_the_files_are_the_same_bytes(
    case: Case, tmp_path: Path
) -> None:
    found = _survives(case, tmp_path, random.random() / 4, begun_first=True)
    assert found.startswith("half"), "nothing was resumed: this has shown nothing"


@pytest.mark.slow
def test_killed_at_random_moments_and_resumed_the_files_are_the_same_bytes(
    case: Case, tmp_path: Path
) -> None:
    found = _rounds(case, tmp_path, 7 if case.command is not RENDER else 6)
    assert found["half solved"] + found["half drawn"] > 0, "nothing was resumed: this has shown nothing"


@pytest.mark.long
def test_killed_at_two_hundred_random_moments(case: Case, tmp_path: Path) -> None:
    count = 67 if case.command is not RENDER else 66
    found = _rounds(case, tmp_path, count)
    assert found["half solved"] + found["half drawn"] > count / 8, f"this has shown little: {found}"
    print(f"{count} kills: {dict(found)}")  # noqa: T201  # shown by pytest -s
