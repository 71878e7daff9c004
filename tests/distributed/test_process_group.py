"""Several processes give what one gives, byte for byte; and end together, with a reason."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest
import torch

from biggan_directions.distributed.process_group import ProcessGroup
from tests.support.forked_groups import python, torchrun
from tests.support.group_member import RUNS

MEMBER = ("-m", "tests.support.group_member")


def _ran(sizes: tuple[int, ...], case: str, folder: Path, *arguments: str) -> dict[int, Any]:
    """What the leaders of teams of these sizes wrote."""
    out = folder / f"{case}SIZE.pt"
    done = python(*MEMBER, case, str(out), *arguments, SIZES=",".join(map(str, sizes)))
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == [[0] * size for size in sizes], done.stderr
    return {size: torch.load(folder / f"{case}{size}.pt", weights_only=True) for size in sizes}


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> dict[int, Any]:
    """What one, two and three processes make of the same work."""
    return _ran((1, 2, 3), "whole", tmp_path_factory.mktemp("whole"))


def _check_same(found: Any, expected: Any, where: str = "") -> None:
    """Every tensor byte for byte, and every number."""
    assert type(found) is type(expected), where
    if isinstance(expected, torch.Tensor):
        assert torch.equal(found.nan_to_num(-1), expected.nan_to_num(-1)), where
    elif isinstance(expected, dict):
        assert list(found) == list(expected), where
        for key in expected:
            _check_same(found[key], expected[key], f"{where}/{key}")
    elif isinstance(expected, list | tuple):
        assert len(found) == len(expected), where
        for index, pair in enumerate(zip(found, expected, strict=True)):
            _check_same(*pair, f"{where}/{index}")
    else:
        assert found == expected, where


@pytest.mark.parametrize("size", [2, 3])
@pytest.mark.parametrize("run", RUNS)
def test_several_processes_learn_the_same_bytes_as_one(size: int, run: str, whole: dict[int, Any]) -> None:
    """The result, its counts, and the state after every step on the way."""
    assert len(whole[1]["learnt"][run]["states"]) > 5
    _check_same(whole[size]["learnt"][run], whole[1]["learnt"][run])


@pytest.mark.parametrize("size", [2, 3])
def test_several_processes_measure_the_same_scorecard_as_one(size: int, whole: dict[int, Any]) -> None:
    _check_same(whole[size]["scored"], whole[1]["scored"])
    assert whole[1]["scored"]["sets"][0]["directions"][0]["effect"]["value"] > 0


@pytest.mark.parametrize("size", [2, 3])
def test_what_fails_in_one_process_fails_in_all_with_the_same_words(size: int, whole: dict[int, Any]) -> None:
    failures = whole[size]["failures"]
    assert failures["drawing"].startswith("GeneratorError: out of paint at")
    assert failures["elsewhere"] == "GeneratorError: not here"
    assert failures["different"].startswith("UsageError: process 1 of")
    assert "has other settings than process 0" in failures["different"]


def test_another_number_of_processes_goes_on_with_the_same_bytes(
    whole: dict[int, Any], tmp_path: Path
) -> None:
    """From a state of three processes in the middle of a round, and only the leader has it."""
    states = {}
    for name, run in whole[3]["learnt"].items():
        states[name] = run["states"][len(run["states"]) // 2]
    torch.save(states, tmp_path / "states.pt")
    for found in _ran((1, 2), "resumed", tmp_path, str(tmp_path / "states.pt")).values():
        _check_same(found, {name: run["solution"] for name, run in whole[1]["learnt"].items()})


@pytest.mark.parametrize("dies", ["0", "1"])
def test_the_death_of_a_process_ends_the_others_with_one_line(dies: str, tmp_path: Path) -> None:
    began = time.monotonic()
    done = torchrun(3, *MEMBER, "dying", str(tmp_path / "none"), DIES=dies, HOW="at once")
    assert time.monotonic() - began < 40
    assert done.returncode == 1
    said = [line for line in done.stderr.splitlines() if line.startswith("ProcessGroupError True")]
    # torchrun itself may end the last of them before it knows
    assert len(said) == 1 or ("(SIGTERM)" in done.stderr and not said)
    assert all("one of the 3 processes has ended" in line and "--resume" in line for line in said)
    assert not (tmp_path / "none").exists()


def test_a_process_that_falls_silent_is_not_waited_for_beyond_the_limit(tmp_path: Path) -> None:
    out = str(tmp_path / "none")
    done = python(*MEMBER, "dying", out, SIZES="2", DIES="1", HOW="silent", TIMEOUT_S="2")
    assert json.loads(done.stdout) == [[1, 9]]
    assert done.stderr.startswith(
        "ProcessGroupError True: one of the 2 processes has ended or no longer answers"
    )


def test_a_team_of_one_works_piece_by_piece() -> None:
    done: list[int] = []

    def work(item: int) -> torch.Tensor:
        done.append(item)
        return torch.tensor([item], dtype=torch.float64)

    results = ProcessGroup().share(range(3), work)
    assert next(results).tolist() == [0]
    assert done == [0]
    assert ProcessGroup().collect(range(2), lambda item: bytes([item])) == [b"\0", b"\1"]
    assert ProcessGroup().broadcast({"a": 1}) == {"a": 1}
