"""Several processes give what one gives, byte for byte; and end together, with a reason."""

from __future__ import annotations

import time
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import torch

from biggan_directions.distributed.process_group import ProcessGroup
from tests.support.forked_groups import Job, run_groups
from tests.support.group_member import RUNS, dying, interrupted, resumed, same_work


def _wrote(folder: Path, sizes: tuple[int, ...], member: Any, *arguments: str) -> dict[int, Any]:
    """What the leaders of groups of these sizes wrote."""
    for size, ran in zip(
        sizes, run_groups(folder, *(Job(size, member, arguments) for size in sizes)), strict=True
    ):
        assert ran.codes == [0] * size, ran.err
    return {size: torch.load(folder / f"{arguments[-1]}.{size}", weights_only=True) for size in sizes}


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> dict[int, Any]:
    """What one, two and three processes make of the same work."""
    return _wrote(tmp_path_factory.mktemp("whole"), (1, 2, 3), same_work, "found")


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
    assert failures["elsewhere"] == "GeneratorError: not here: -1"
    assert failures["collected"] == f"GeneratorError: not here: {size - 1}"
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
    for found in _wrote(tmp_path, (1, 2), resumed, "states.pt", "found").values():
        _check_same(found, {name: run["solution"] for name, run in whole[1]["learnt"].items()})


@pytest.mark.parametrize("dies", [0, 1])
def test_the_death_of_a_process_ends_the_others_with_one_line(dies: int, tmp_path: Path) -> None:
    began = time.monotonic()
    (ran,) = run_groups(tmp_path, Job(3, partial(dying, silent=False), (dies,)))
    assert time.monotonic() - began < 40
    assert ran.codes == [9 if rank == dies else 1 for rank in range(3)]
    said = [line for line in ran.err.splitlines() if line.startswith("ProcessGroupError True")]
    assert len(said) == 1, ran.err
    assert "one of the 3 processes has ended" in said[0]
    assert "--resume" in said[0]


def test_a_process_that_falls_silent_is_not_waited_for_beyond_the_limit(tmp_path: Path) -> None:
    (ran,) = run_groups(tmp_path, Job(2, partial(dying, silent=True, timeout_s=2), (1,)))
    assert ran.codes == [1, 9]
    assert ran.err.startswith("ProcessGroupError True: one of the 2 processes has ended or no longer answers")


def test_a_signal_is_acted_on_while_a_process_waits_for_another(tmp_path: Path) -> None:
    (ran,) = run_groups(tmp_path, Job(2, interrupted, ()))
    assert ran.codes == [143, 0], ran.err


def test_a_group_of_one_works_piece_by_piece() -> None:
    done: list[int] = []

    def work(item: int) -> torch.Tensor:
        done.append(item)
        return torch.tensor([item], dtype=torch.float64)

    results = ProcessGroup().share(range(3), work)
    assert next(results).tolist() == [0]
    assert done == [0]
    assert ProcessGroup().collect(range(2), lambda item: bytes([item])) == [b"\0", b"\1"]
    assert ProcessGroup().broadcast({"a": 1}) == {"a": 1}
