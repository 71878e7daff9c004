"""``learn --per-class`` that is killed, crowded, or begun over what is there."""

from __future__ import annotations

import json
import os
import shutil
import signal
from pathlib import Path

import pytest
import torch

from biggan_directions.runs.checkpoint import CHECKPOINT_NAME
from biggan_directions.runs.folder import held
from tests.support.checkpoints import write_checkpoint
from tests.support.killed_runs import EAGER, Fault, Run, files, run

SHORT = ("learn", "--model", "net", "--ndirs", "2", "--latents", "2")
EACH = (*SHORT, "--class", "all", "--per-class", "--out", "all")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where a generator is that draws at once, of three classes."""
    write_checkpoint(tmp_path / "net")
    return tmp_path


def _names(folder: Path) -> list[str]:
    return sorted(os.listdir(folder / "all"))


def test_force_that_is_killed_leaves_nothing_old_and_goes_on(folder: Path) -> None:
    assert run(EACH, folder).code == 0
    expected = files(folder / "all")
    assert run((*EACH, "--force", "--seed", "1"), folder).code == 0
    assert run((*EACH, "--force"), folder, fault=Fault("write", 3)).code == 137  # in the second class
    done = run((*EACH, "--resume", "--json"), folder)
    assert done.code == 0, done.err
    assert json.loads(done.out)["new"] == 2
    assert files(folder / "all") == expected


def test_a_checkpoint_of_a_class_alone_is_seen_and_goes_when_the_class_is_done(folder: Path) -> None:
    assert run(EACH, folder).code == 0
    expected, name = files(folder / "all"), _names(folder)[1]
    shutil.rmtree(folder / "all" / name)
    alone = (*SHORT, "--class", "1", "--out", f"all/{name}")
    assert run(alone, folder, fault=Fault("write", 2)).code == 137
    for old in set(_names(folder)) - {name}:
        shutil.rmtree(folder / "all" / old)
    refused = run(EACH, folder)
    assert refused.code == 1
    assert refused.err.startswith(f"error: all/{name}/{CHECKPOINT_NAME} is of a run that did not end")
    assert run((*EACH, "--resume"), folder).code == 0
    assert files(folder / "all") == expected
    assert "0 of them were learnt now" in run((*EACH, "--resume"), folder).out


@pytest.mark.parametrize("how", ["--resume", "--force"])
def test_beside_a_run_of_one_class_it_is_told_and_touches_nothing(how: str, folder: Path) -> None:
    assert run(EACH, folder).code == 0
    name = _names(folder)[1]
    (folder / "all" / name / "directions.pt").unlink()
    long = (*SHORT, "--class", "1", "--solver", "adam", "--set", "steps=100000", "--set", "batch_size=2")
    begun = Run((*long, "--out", f"all/{name}"), folder, constants=EAGER)
    begun.until(f"all/{name}/{CHECKPOINT_NAME}")
    done = run((*EACH, how), folder)
    assert done.code == 1
    assert done.err.startswith(f"error: another run is writing into all/{name}: ")
    assert begun.running
    begun.send(signal.SIGKILL)
    assert begun.end().code == 137
    assert (folder / "all" / name / CHECKPOINT_NAME).exists()
    assert [(folder / "all" / other / "directions.pt").exists() for other in _names(folder)] == [
        other != name for other in _names(folder)
    ]


def test_where_a_run_of_one_class_begins_meanwhile_it_is_told_before_it_writes(folder: Path) -> None:
    assert run(EACH, folder).code == 0
    first, _, last = _names(folder)
    shutil.rmtree(folder / "all")
    begun = Run(EACH, folder)
    begun.until(f"all/{first}")
    with held(folder / "all" / last):
        done = begun.end()
    assert done.code == 1
    assert done.err.startswith(f"error: another run is writing into all/{last}: ")
    assert last not in _names(folder)


def test_a_class_left_out_under_force_counts_once_and_its_old_file_is_gone(folder: Path) -> None:
    assert run(EACH, folder).code == 0
    weights = folder / "net" / "pytorch_model.bin"
    state = torch.load(weights, weights_only=True)
    state["embeddings.weight"][:, 1] = 3e38
    torch.save(state, weights)
    left_out = _names(folder)[1]
    done = run((*EACH, "--force", "--json"), folder)
    assert done.code == 1
    said = json.loads(done.out)
    assert (said["new"], said["left_out"]) == (2, [left_out])
    assert said["paths"] == [f"all/{name}/directions.pt" for name in _names(folder) if name != left_out]
    assert done.err.splitlines()[-1] == f"error: 1 of 3 classes were left out: {left_out}"
    assert not (folder / "all" / left_out / "directions.pt").exists()
