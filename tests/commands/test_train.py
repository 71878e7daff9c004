"""The command train: dry, on a folder of pictures, and judging; bad input is one line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.support.elsewhere import typed
from tests.support.picture_sets import NAMES, TINY_FLAGS, write_folder, write_idx, write_npz


def test_a_dry_run_says_what_training_takes_and_writes_nothing(tmp_path: Path) -> None:
    write_npz(tmp_path / "a.npz")
    done = typed("train", "a.npz", "--out", "out", *TINY_FLAGS, "--dry-run", folder=tmp_path)
    assert done.code == 0, done.err
    assert "would train on 45 images of 3 classes, with 3 others to judge by" in " ".join(done.out.split())
    assert "parameters of the generator" in done.out
    done = typed("train", "a.npz", "--out", "out", *TINY_FLAGS, "--dry-run", "--json", folder=tmp_path)
    facts = json.loads(done.out)
    assert (facts["images"], facts["held_out"]) == (45, 3)
    done = typed(
        "train", "a.npz", "--out", "out", *TINY_FLAGS, "--held-out", "0", "--dry-run", folder=tmp_path
    )
    assert "would train on 48 images of 3 classes, with 0 others" in " ".join(done.out.split())
    assert facts["seconds"] == pytest.approx(6 * facts["seconds_per_step"])
    assert [path.name for path in tmp_path.iterdir()] == ["a.npz"]


def test_a_folder_of_pictures_becomes_a_page_of_directions(tmp_path: Path) -> None:
    """From pictures to directions by the commands that the README has."""
    write_folder(tmp_path / "pictures")
    (tmp_path / "pictures" / "bar" / "note.txt").write_text("no image")
    train = ("train", "pictures", "--out", "mine", *TINY_FLAGS)
    done = typed(*train, folder=tmp_path)
    assert (done.code, len(done.err.strip().splitlines())) == (1, 1)
    assert "note.txt is not an image that Pillow reads: remove it, or use --skip-unreadable" in done.err
    assert not (tmp_path / "mine").exists()
    done = typed(*train, "--skip-unreadable", "--json", "--tensorboard", folder=tmp_path)
    assert done.code == 0, done.err
    assert "1 files cannot be read and are left out: bar/note.txt" in done.err
    assert json.loads(done.out)["steps"] == 6
    (events,) = (tmp_path / "mine" / "tensorboard").iterdir()
    assert b"variety" in events.read_bytes()
    learn = ("learn", "--model", "mine", "--class", "post", "--ndirs", "2", "--search-dims", "2")
    done = typed(*learn, "--latents", "2", "--out", "found", folder=tmp_path)
    assert done.code == 0, done.err
    assert (tmp_path / "found" / "directions.pt").exists()


@pytest.mark.slow
def test_a_model_is_judged_by_pictures_that_it_has_not_seen(tmp_path: Path) -> None:
    write_idx(tmp_path / "set", "train", 96)
    write_idx(tmp_path / "set", "t10k", 60)
    done = typed("train", "set", "--out", "mine", *TINY_FLAGS, folder=tmp_path)
    assert done.code == 0, done.err
    done = typed("train", "set", "--evaluate", "mine", "--json", folder=tmp_path)
    assert done.code == 0, done.err
    found = json.loads(done.out)
    assert found["images"] == 30
    assert found["generated"]["frechet"] > found["real"]["frechet"] > 0
    assert found["real"]["class_recall"].keys() == {f"class_{index}" for index in range(len(NAMES))}
    done = typed("train", "set", "--evaluate", "mine", "--features", "fashion", folder=tmp_path)
    assert (done.code, len(done.err.strip().splitlines())) == (2, 1)
    assert "the feature network is for 10 classes" in done.err


def test_a_model_is_judged_by_the_pictures_that_its_training_held_out(tmp_path: Path) -> None:
    write_npz(tmp_path / "a.npz", 120)
    done = typed("train", "a.npz", "--out", "mine", *TINY_FLAGS, "--held-out", "0.2", folder=tmp_path)
    assert done.code == 0, done.err
    assert "6 steps on 96 images; 24 others are left" in " ".join(done.out.split())
    assert json.loads((tmp_path / "mine" / "training.json").read_text())["held_out"] == 0.2
    judge = ("train", "a.npz", "--evaluate", "mine", "--features", "fashion")  # which is of other classes
    done = typed(*judge, folder=tmp_path)  # the share is that of training
    assert (done.code, len(done.err.strip().splitlines())) == (2, 1)
    done = typed(*judge, "--held-out", "0.3", folder=tmp_path)
    assert done.code == 2
    assert "with another --held-out, so that it may have seen those that it is judged by" in done.err


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("a.npz",), 2, "give --out FOLDER to train, or --evaluate FOLDER"),
        (("a.npz", "--out", "out", "--resolution", "48"), 2, "resolution must be 32, 64 or 128, got 48"),
        (("a.npz", "--out", "out", "--set", "depth=3"), 2, "there is no setting 'depth'"),
        (("a.npz", "--out", "out"), 2, "there are 45 images, expected at least 64"),
        (("a.npz", "--out", "out", *TINY_FLAGS, "--class-names", "a,b"), 2, "there are 2 names"),
        (("a.npz", "--out", "out", *TINY_FLAGS, "--set", "steps=7"), 2, "steps is given twice"),
        (("none", "--out", "out"), 2, "there is no none"),
        (("a.npz", "--out", "a.npz/x", *TINY_FLAGS), 1, "is not a folder"),
        (("a.npz", "--out", "out", *TINY_FLAGS, "--device", "moon"), 2, "device 'moon' cannot be used"),
        (("a.npz", "--out", "out", *TINY_FLAGS, "--held-out", "0.9"), 2, "from 0 to 0.5, got 0.9"),
        (("a.npz", "--out", "out", *TINY_FLAGS, "--sheet-every", "0"), 2, "--sheet-every must be 1 or more"),
        (("a.npz", "--out", "out", "--hessian-penalty", "much"), 2, "a number, auto, or auto:SHARE"),
        (("a.npz", "--out", "out", "--penalty-ramp", "9"), 2, "--penalty-ramp belongs to a penalty"),
        (
            ("a.npz", "--out", "out", "--hessian-penalty", "1", "--orthogonal-jacobian", "1"),
            *(2, "exclude each other"),
        ),
        (
            ("a.npz", "--out", "out", *TINY_FLAGS, "--hessian-penalty", "1", "--penalty-layers", "bn_9"),
            *(2, "the generator has no layer 'bn_9'"),
        ),
    ],
)
def test_bad_input_is_a_line_and_nothing_is_written(
    arguments: tuple[str, ...], code: int, said: str, tmp_path: Path
) -> None:
    write_npz(tmp_path / "a.npz")
    done = typed("train", *arguments, folder=tmp_path)
    assert done.code == code, done.err
    assert len(done.err.strip().splitlines()) == 1, done.err
    assert said in done.err
    assert [path.name for path in tmp_path.iterdir()] == ["a.npz"]
