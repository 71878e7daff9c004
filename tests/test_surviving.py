"""Runs that are killed, stopped, crowded, or left without a disk: nothing is lost, and it is said in a line."""

import random
from pathlib import Path

import pytest

from biggan_directions.checkpoint import CHECKPOINT_NAME
from tests.runs import EAGER, files, killed, run

OUT = "out"
LEARN = ("learn", "--model", "toybox", "--class", "car", "--ndirs", "2", "--search-dims", "4", "--out", OUT)
JACOBI = (*LEARN, "--latents", "3")
ADAM = (*LEARN, "--latents", "2", "--solver", "adam", "--steps", "4", "--batch-size", "4")
LONG = (*LEARN, "--solver", "adam", "--steps", "100000")
NOBODY = 65534


@pytest.fixture(scope="module", params=[JACOBI, ADAM], ids=["jacobi", "adam"])
def learnt(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> tuple[tuple[str, ...], dict[str, bytes], float]:
    """A command, what it leaves when it is left alone, and how long it takes."""
    folder = tmp_path_factory.mktemp("alone")
    done = run(request.param, folder, constants=EAGER)
    assert done.code == 0, done.err
    return request.param, files(folder / OUT), done.seconds


def test_a_folder_holds_results_alone_when_the_run_has_ended(
    learnt: tuple[tuple[str, ...], dict[str, bytes], float],
) -> None:
    assert set(learnt[1]) == {"directions.pt", "scorecard.json"}


def test_killed_while_learning_and_resumed_gives_the_same_bytes(
    learnt: tuple[tuple[str, ...], dict[str, bytes], float], tmp_path: Path
) -> None:
    """At random moments, again and again until it is done."""
    command, expected, seconds = learnt
    draw, resumed = random.Random(0), 0
    for _ in range(4):
        killed((*command, "--resume"), tmp_path, draw.uniform(0.3, 0.9) * seconds, constants=EAGER)
        resumed += (tmp_path / OUT / CHECKPOINT_NAME).exists()
    done = run((*command, "--resume"), tmp_path, constants=EAGER)
    assert done.code == 0, done.err
    assert files(tmp_path / OUT) == expected
    assert resumed, "no kill left a checkpoint: this test has shown nothing"
