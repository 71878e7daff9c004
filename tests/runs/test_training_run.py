"""Training into a folder: killed and resumed to the same bytes, extended, refused."""

from __future__ import annotations

import json
import signal
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from biggan_directions import load_generator
from biggan_directions.errors import GeneratorError, OutputError, UsageError
from biggan_directions.runs.checkpoint import CHECKPOINT_NAME
from biggan_directions.runs.observer import Note, RunProgress
from biggan_directions.runs.training_run import TrainRun
from biggan_directions.training.regulariser import RegulariserSettings
from biggan_directions.training.trainer import Trainer
from tests.support.disks import small_disk
from tests.support.forked_groups import command, run_groups
from tests.support.killed_runs import Run, files, run
from tests.support.picture_sets import NAMES, TINY, TINY_FLAGS, image_set, write_npz

TRAIN = ("train", "a.npz", "--out", "out", *TINY_FLAGS)
OFTEN = {"runs.training_run._SAVE_EVERY_S": 0.0, "runs.checkpoint._SHARE": 0.9}
MODEL = ["config.json", "pytorch_model.bin", "samples/step_000006.png", "training.json"]


def _model(folder: Path) -> dict[str, bytes]:
    """The files that a run makes; a checkpoint of the same numbers may be pickled in other words."""
    return {name: content for name, content in files(folder).items() if name != CHECKPOINT_NAME}


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """The files of a run that was never stopped."""
    folder = tmp_path_factory.mktemp("whole")
    write_npz(folder / "a.npz")
    done = run(TRAIN, folder)
    assert done.code == 0, done.err
    assert sorted(_model(folder / "out")) == MODEL
    return _model(folder / "out")


@pytest.mark.slow
def test_killed_at_any_moment_and_resumed_it_makes_the_same_bytes(
    whole: dict[str, bytes], tmp_path: Path
) -> None:
    write_npz(tmp_path / "a.npz")
    kills = 0
    for _ in range(4):
        begun = Run((*TRAIN, "--resume"), tmp_path, constants=OFTEN)
        before = _step(tmp_path)
        while begun.running and _step(tmp_path) == before:
            pass
        kills += begun.running
        begun.send(signal.SIGKILL)
        begun.end()
    assert kills >= 2
    done = run((*TRAIN, "--resume"), tmp_path)
    assert done.code == 0, done.err
    assert _model(tmp_path / "out") == whole


def _step(folder: Path) -> int:
    path = folder / "out" / CHECKPOINT_NAME
    return int(torch.load(path, weights_only=True)["state"]["step"]) if path.exists() else 0


def test_interrupted_it_keeps_whole_steps_and_says_how_to_go_on(
    whole: dict[str, bytes], tmp_path: Path
) -> None:
    write_npz(tmp_path / "a.npz")
    begun = Run(TRAIN, tmp_path, constants=OFTEN)
    begun.until(f"out/{CHECKPOINT_NAME}")
    begun.send(signal.SIGTERM)
    done = begun.end()
    assert done.code == 143, done.err
    assert "to resume: biggan-directions train a.npz --out out" in done.err
    assert run((*TRAIN, "--resume"), tmp_path).code == 0
    assert _model(tmp_path / "out") == whole


def test_two_processes_make_the_files_of_one(whole: dict[str, bytes], tmp_path: Path) -> None:
    write_npz(tmp_path / "a.npz")
    (both,) = run_groups(tmp_path, command(2, *TRAIN))
    assert both.codes == [0, 0], both.err
    assert both.out.count("wrote out") == 1
    assert _model(tmp_path / "out") == whole


def test_two_processes_hold_the_same_share_of_the_gradient(tmp_path: Path) -> None:
    write_npz(tmp_path / "a.npz")
    found = []
    for size in (1, 2):
        out = ("train", "a.npz", "--out", f"out{size}", *TINY_FLAGS, "--hessian-penalty", "auto:0.3")
        (ran,) = run_groups(tmp_path, command(size, *out))
        assert ran.codes == [0] * size, ran.err
        found.append(_model(tmp_path / f"out{size}"))
    assert found[0] == found[1]


def test_a_program_trains_what_the_commands_take(tmp_path: Path) -> None:
    told: list[RunProgress | Note] = []
    result = TrainRun(tmp_path / "mine", image_set(), TINY, sheet_every=4).finish(observe=told.append)
    assert result.steps == 6
    assert result.measures is not None
    notes = [note.text for note in told if isinstance(note, Note)]
    assert len(notes) == 1
    assert "step 4: losses" in notes[0]
    training = [now for now in told if isinstance(now, RunProgress) and now.phase == "training"]
    assert [now.done for now in training] == list(range(1, 7))
    assert {"D", "G", "variety", "images/s"} == training[-1].beside.keys()
    generator = load_generator(tmp_path / "mine", "post")
    assert [item.name for item in generator.classes] == ["post"]
    images = generator(torch.randn(2, 4, generator=torch.Generator().manual_seed(0)))
    assert images.shape == (2, 3, 32, 32)
    assert torch.equal(images[:, 0], images[:, 1])  # grey stays grey
    account = json.loads((tmp_path / "mine" / "training.json").read_bytes())
    assert account["settings"]["width"] == 4
    assert account["images"] == 48


def test_a_finished_run_has_nothing_to_do_and_can_be_extended(tmp_path: Path) -> None:
    fixed = replace(TINY, decay=0.0)  # the rates of a step then do not depend on how many there will be
    TrainRun(tmp_path / "a", image_set(), fixed).finish()
    again = TrainRun(tmp_path / "a", image_set(), fixed).finish(resume=True)
    assert again.measures is None
    TrainRun(tmp_path / "a", image_set(), replace(fixed, steps=8)).finish(resume=True)
    TrainRun(tmp_path / "b", image_set(), replace(fixed, steps=8)).finish()
    names = ("config.json", "pytorch_model.bin", "training.json")
    assert all((tmp_path / "a" / n).read_bytes() == (tmp_path / "b" / n).read_bytes() for n in names)


def test_a_run_with_a_penalty_says_what_it_does_and_is_resumed_with_the_same_alone(tmp_path: Path) -> None:
    penalty, told = RegulariserSettings(weight=None, share=0.2), list[RunProgress | Note]()
    steps = replace(TINY, decay=0.0)
    TrainRun(tmp_path / "a", image_set(), steps, sheet_every=4, penalty=penalty).finish(observe=told.append)
    (note,) = [note.text for note in told if isinstance(note, Note)]
    assert "penalty " in note
    assert "(adversarial) and" in note
    assert " of 4 coordinates have a tenth of the strongest one's or more" in note
    training = [now for now in told if isinstance(now, RunProgress) and now.phase == "training"]
    assert {"penalty", "λ", "share"} < training[-1].beside.keys()
    assert 0.05 < training[-1].beside["share"] < 0.5
    account = json.loads((tmp_path / "a" / "training.json").read_bytes())["penalty_on_the_generator"]
    assert account["settings"]["share"] == 0.2
    assert len(account["activeness"]) == 4
    assert min(account["activeness"]) > 0
    # extended in two runs, or made in one
    longer = replace(steps, steps=8)
    TrainRun(tmp_path / "a", image_set(), longer, penalty=penalty).finish(resume=True)
    TrainRun(tmp_path / "b", image_set(), longer, penalty=penalty).finish()
    for name in ("config.json", "pytorch_model.bin", "training.json"):
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()
    for other in (None, replace(penalty, share=0.3)):
        with pytest.raises(UsageError, match=r"made with penalty on the generator hessian auto:0\.2"):
            TrainRun(tmp_path / "a", image_set(), longer, penalty=other).finish(resume=True)
    TrainRun(tmp_path / "c", image_set(), longer).finish()
    with pytest.raises(UsageError, match="made with penalty on the generator none, not hessian"):
        TrainRun(tmp_path / "c", image_set(), longer, penalty=penalty).finish(resume=True)


def test_a_folder_with_another_run_is_refused(tmp_path: Path) -> None:
    TrainRun(tmp_path / "a", image_set(), replace(TINY, steps=1)).finish()
    before = files(tmp_path / "a")
    with pytest.raises(OutputError, match=r"belongs to a run of training: continue it with --resume"):
        TrainRun(tmp_path / "a", image_set(), TINY).finish()
    with pytest.raises(UsageError, match="made with seed 3, not 4"):
        TrainRun(tmp_path / "a", image_set(), replace(TINY, seed=4)).finish(resume=True)
    with pytest.raises(UsageError, match="made with images"):
        TrainRun(tmp_path / "a", image_set(45), TINY).finish(resume=True)
    with pytest.raises(UsageError, match="only one of them"):
        TrainRun(tmp_path / "a", image_set(), TINY).finish(resume=True, force=True)
    assert files(tmp_path / "a") == before
    result = TrainRun(tmp_path / "a", image_set(), replace(TINY, seed=4, steps=1)).finish(force=True)
    assert result.steps == 1
    (tmp_path / "foreign").mkdir()
    (tmp_path / "foreign" / "config.json").write_text("{}")
    with pytest.raises(OutputError, match="a model that was not trained here"):
        TrainRun(tmp_path / "foreign", image_set(), TINY).finish()


def test_killed_between_the_model_and_its_account_it_is_resumed(tmp_path: Path) -> None:
    TrainRun(tmp_path, image_set(), TINY).finish()
    (tmp_path / "training.json").unlink()
    TrainRun(tmp_path, image_set(), TINY).finish(resume=True)
    assert (tmp_path / "training.json").exists()


def test_a_folder_of_directions_gets_no_model(tmp_path: Path) -> None:
    (tmp_path / "directions.pt").write_bytes(b"")
    with pytest.raises(OutputError, match=r"holds directions\.pt, a run of learning"):
        TrainRun(tmp_path, image_set(), TINY).finish(force=True)


def test_too_few_images_are_said_before_anything_is_made(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="there are 2 images, expected at least 8"):
        TrainRun(tmp_path / "a", image_set(2), TINY)
    assert list(tmp_path.iterdir()) == []


def test_losses_that_are_not_finite_end_the_run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    real, step = Trainer.advance, 0

    def advance(trainer: Trainer) -> object:
        nonlocal step
        step += 1
        if step == 3:
            trainer.discriminator.score.data.fill_(float("nan"))
        return real(trainer)

    monkeypatch.setattr(Trainer, "advance", advance)
    monkeypatch.setattr("biggan_directions.runs.training_run._SAVE_EVERY_S", 0.0)
    with pytest.raises(GeneratorError, match=r"diverged: a loss is not finite at step 3; .*--set"):
        TrainRun(tmp_path / "a", image_set(), TINY).finish()
    assert torch.load(tmp_path / "a" / CHECKPOINT_NAME, weights_only=True)["state"]["step"] <= 2


def test_a_full_disk_is_a_sentence_that_says_how_to_go_on(whole: dict[str, bytes], tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", 150_000) as disk:
        with pytest.raises(OutputError, match=r"Cannot write .*No space left.*--resume"):
            TrainRun(disk / "a", image_set(), TINY).finish()
        assert not [name for name in files(disk / "a") if name in whole]


def test_names_of_classes_travel_with_the_model(whole: dict[str, bytes]) -> None:
    assert json.loads(whole["config.json"])["classes"] == [f"class_{index}" for index in range(len(NAMES))]
