"""A run for each class: from a program; killed, crowded, or begun over what is there."""

from __future__ import annotations

import json
import os
import shutil
import signal
from pathlib import Path

import pytest
import torch

from biggan_directions import LearnSettings, PerClassRun, load_generator
from biggan_directions.errors import OutputError
from biggan_directions.generators import Generator, ImageClass
from biggan_directions.runs.checkpoint import CHECKPOINT_NAME
from biggan_directions.runs.folder import held
from biggan_directions.runs.observer import Note, RunProgress
from tests.support.killed_runs import EAGER, LEARN, Fault, Run, files, run
from tests.support.separable import Separable

EACH = (*LEARN, "--class", "all", "--per-class", "--out", "all")


class Labelled(Separable):
    """A generator of classes with the given names."""

    def __init__(self, names: list[str]) -> None:
        super().__init__(classes=len(names))
        self.classes = tuple(ImageClass(index, name) for index, name in enumerate(names))

    def of_class(self, *places: int) -> Generator:
        return Labelled([self.classes[place].name for place in places])


@pytest.fixture(scope="session")
def whole(net: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """The files of a run for each class that nothing happens to."""
    folder = tmp_path_factory.mktemp("whole")
    (folder / "net").symlink_to(net)
    done = run(EACH, folder)
    assert done.code == 0, done.err
    return files(folder / "all")


@pytest.fixture
def learnt(whole: dict[str, bytes], folder: Path) -> Path:
    """A folder in which these files are already."""
    for name, content in whole.items():
        path = folder / "all" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return folder


def test_classes_whose_names_give_one_folder_do_not_overwrite_each_other(tmp_path: Path) -> None:
    generator = Labelled(["a/b", "a:b", "A_B", "c", "a_b_1"])
    runs = PerClassRun(tmp_path, generator, LearnSettings(ndirs=1, latents=1, survey_latents=2)).runs
    assert [run.folder.name for run in runs] == ["a_b_0", "a_b_1_1", "A_B_2", "c", "a_b_1_4"]
    assert len({run.folder.name.casefold() for run in runs}) == 5  # of disks that ignore case, too


def _names(folder: Path) -> list[str]:
    return sorted(os.listdir(folder / "all"))


def test_a_program_learns_each_class_and_resumes(
    whole: dict[str, bytes], folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder)  # the model's name is in the files
    net, settings = load_generator("net", "all", device="cpu"), LearnSettings(ndirs=2, latents=2)
    told: list[RunProgress | Note] = []

    def stop(step: RunProgress | Note) -> None:
        told.append(step)
        if isinstance(step, RunProgress) and step.done == 2 and ":" not in step.phase:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        PerClassRun("all", net, settings).finish(observe=stop)
    first, second, third = sorted({Path(name).parent.name for name in whole})
    assert {step.phase.split(":")[0] for step in told if isinstance(step, RunProgress)} == {first, second}
    inside = [step for step in told if isinstance(step, RunProgress) and step.phase.endswith(": measuring")]
    assert [(step.part, step.parts, step.done, step.total) for step in inside] == [
        (part, 3, done, 16) for part in (1, 2) for done in range(1, 17)
    ]
    with pytest.raises(OutputError, match="already exists"):
        PerClassRun("all", net, settings).finish()
    result = PerClassRun("all", net, settings).finish(resume=True)
    assert (result.new, result.left_out) == (1, [])
    assert [path.parent.name for path in result.paths] == [first, second, third]
    assert files(folder / "all") == whole


def test_force_that_is_killed_leaves_nothing_old_and_goes_on(whole: dict[str, bytes], folder: Path) -> None:
    expected = whole
    assert run((*EACH, "--force", "--seed", "1"), folder).code == 0
    assert run((*EACH, "--force"), folder, fault=Fault("write", 3)).code == 137  # in the second class
    done = run((*EACH, "--resume", "--json"), folder)
    assert done.code == 0, done.err
    assert json.loads(done.out)["new"] == 2
    assert files(folder / "all") == expected


def test_a_checkpoint_of_a_class_alone_is_seen_and_goes_when_the_class_is_done(
    whole: dict[str, bytes], learnt: Path
) -> None:
    folder, expected, name = learnt, whole, _names(learnt)[1]
    shutil.rmtree(folder / "all" / name)
    alone = (*LEARN, "--class", "1", "--out", f"all/{name}")
    assert run(alone, folder, fault=Fault("write", 2)).code == 137
    for old in set(_names(folder)) - {name}:
        shutil.rmtree(folder / "all" / old)
    refused = run(EACH, folder)
    assert refused.code == 1
    assert refused.err.startswith(f"error: all/{name}/{CHECKPOINT_NAME} belongs to an unfinished run")
    assert run((*EACH, "--resume"), folder).code == 0
    assert files(folder / "all") == expected
    assert "0 of them were learnt now" in run((*EACH, "--resume"), folder).out


@pytest.mark.parametrize("how", ["--resume", "--force"])
def test_beside_a_run_of_one_class_it_is_told_and_touches_nothing(how: str, learnt: Path) -> None:
    folder, name = learnt, _names(learnt)[1]
    (folder / "all" / name / "directions.pt").unlink()
    long = (*LEARN, "--class", "1", "--solver", "adam", "--set", "steps=100000", "--set", "batch_size=2")
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


def test_where_a_run_of_one_class_begins_meanwhile_it_is_told_before_it_writes(
    whole: dict[str, bytes], folder: Path
) -> None:
    first, _, last = sorted({Path(name).parent.name for name in whole})
    begun = Run(EACH, folder)
    begun.until(f"all/{first}")
    with held(folder / "all" / last):
        done = begun.end()
    assert done.code == 1
    assert done.err.startswith(f"error: another run is writing into all/{last}: ")
    assert last not in _names(folder)


def test_a_class_left_out_under_force_counts_once_and_its_old_file_is_gone(net: Path, learnt: Path) -> None:
    folder = learnt
    (folder / "net").unlink()
    shutil.copytree(net, folder / "net")
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
