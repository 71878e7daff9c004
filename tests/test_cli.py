"""The command line as a user meets it: exit codes, one clear sentence, no traceback, nothing written."""

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from biggan_directions import Directions, load_generator
from biggan_directions.toybox import true_directions


def run(*arguments: str, folder: Path) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "biggan_directions", *arguments], cwd=folder, capture_output=True, text=True
    )


LEARN = ("learn", "--model", "toybox", "--latents", "16")  # a quarter of the default's, for time


def test_learn_then_render_then_name_then_inspect(tmp_path: Path) -> None:
    done = run(*LEARN, "--class", "Car", "--ndirs", "2", "--json", folder=tmp_path)
    assert done.returncode == 0, done.stderr
    path = tmp_path / json.loads(done.stdout)["path"]
    learnt = Directions.load(path)
    assert learnt.orthonormality_error() < 1e-5
    # both lie in the span of the eight that do something
    assert torch.linalg.norm(learnt.directions @ true_directions()[1].T, dim=1).min() > 0.99
    again = run(*LEARN, "--class", "car", "--ndirs", "2", folder=tmp_path)
    assert again.returncode == 1
    assert "--force" in again.stderr
    drawn = run("render", "--samples", "1", "--frames", "8", folder=tmp_path)
    assert drawn.returncode == 0, drawn.stderr
    assert {file.name for file in path.parent.iterdir()} == {
        "directions.pt",
        "scorecard.json",
        "direction_00.gif",
        "direction_01.gif",
        "gallery.html",
        "sheet.png",
        ".render.json",
    }
    assert run("name", str(path), "1=zoom", folder=tmp_path).returncode == 0
    assert Directions.load(path).names == ("", "zoom")
    facts = json.loads(run("inspect", str(path), "--json", folder=tmp_path).stdout)
    assert facts["model"]["name"] == "toybox"
    assert facts["measures"][1]["name"] == "zoom"


def _learnt() -> Directions:
    """The true directions as if they had been learnt, of two classes."""
    names, rows = true_directions()
    toys = load_generator("toybox", ["car", "duck"])
    unknown = torch.full((len(names),), float("nan"))
    return Directions(
        directions=rows,
        names=names,
        effect=unknown,
        penalty=unknown,
        model={"name": "toybox", "resolution": 64, "z_dim": 32, "weights_sha256": toys.weights_sha256},
        classes=toys.classes,
        truncation=1.0,
        seed=0,
        solver={"name": "truth"},
    )


def test_score_measures_beside_the_baselines_and_keeps_the_card(tmp_path: Path) -> None:
    path = tmp_path / "directions.pt"
    _learnt().save(path)
    done = run("score", str(path), "--latents", "2", "--json", folder=tmp_path)
    assert done.returncode == 0, done.stderr
    card = json.loads(done.stdout)
    assert [item["solver"] for item in card["sets"]] == [
        "truth",
        "random",
        "coordinate",
        "first-order",
        "sefa",
    ]
    assert card["sets"][0]["recovery_min"] > 0.9999
    assert card["sets"][1]["recovery_mean"] < 0.9
    assert card["classes"] == ["car", "duck"]
    for scored in card["sets"]:  # what is printed has each set's means and names as well
        assert scored.pop("means").keys() >= {"effect", "penalty"}
        assert len(scored.pop("names")) == 8
    assert json.loads((tmp_path / "scorecard.json").read_text())["sets"] == card["sets"]
    # another class is a question asked in passing: the card beside the file stays
    shown = run("score", str(path), "--latents", "2", "--no-baselines", "--class", "mug", folder=tmp_path)
    assert "mug" in shown.stdout
    assert "azimuth" in shown.stdout
    assert json.loads((tmp_path / "scorecard.json").read_text())["classes"] == ["car", "duck"]


def test_directions_are_not_scored_on_weights_they_are_not_of(tmp_path: Path) -> None:
    learnt, path = _learnt(), tmp_path / "directions.pt"
    replace(learnt, model={**learnt.model, "weights_sha256": "0" * 64}).save(path)
    done = run("score", str(path), folder=tmp_path)
    assert done.returncode == 1
    assert "other weights" in done.stderr
    torch.save(torch.eye(20), tmp_path / "foreign.pt")
    done = run("score", "foreign.pt", "--model", "toybox", "--class", "car", folder=tmp_path)
    assert done.returncode == 1
    assert "20 columns" in done.stderr


def test_compare_says_which_is_which(tmp_path: Path) -> None:
    rows = true_directions()[1]
    torch.save(rows[:3], tmp_path / "a.pt")
    torch.save(rows[[2, 5, 0]], tmp_path / "b.pt")
    found = json.loads(run("compare", "a.pt", "b.pt", "--json", folder=tmp_path).stdout)
    assert [(pair["first"], pair["second"]) for pair in found["pairs"]] == [(0, 2), (1, 1), (2, 0)]
    assert found["principal_angles"] == pytest.approx([0, 0, 90], abs=1e-3)
    shown = run("compare", "a.pt", "b.pt", folder=tmp_path).stdout
    assert "90.0°" in shown


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (["score"], 2, "learn"),
        (["score", "--seeds", "-1"], 2, "seeds"),
        (["score", "--latents", "1"], 2, "latents"),
        (["compare", "nosuch.pt", "other.pt"], 1, "nosuch.pt"),
        (["learn", "--class", "golden_retriver"], 2, "golden_retriever"),
        (["learn", "--class", "cat"], 2, "tabby"),
        (["learn", "--model", "toybox", "--class", "10"], 2, "10"),
        (["learn", "--model", "toybox", "--class", "car", "--ndirs", "0"], 2, "ndirs"),
        (["learn", "--model", "toybox", "--class", "car", "--ndirs", "33"], 2, "33"),
        (["learn", "--model", "toybox", "--class", "car", "--truncation", "0"], 2, "truncation"),
        (["learn", "--model", "toybox", "--class", "car", "--device", "tpu9"], 2, "device"),
        (["learn", "--model", "toybox", "--class", "car", "--set", "weighting=fair"], 2, "balanced, plain"),
        (["learn", "--model", "toybox", "--class", "car", "--solver", "jacoby"], 2, "did you mean jacobi"),
        (["learn", "--model", "toybox", "--class", "car", "--set", "weighting"], 2, "KEY=VALUE"),
        (["learn", "--model", "toybox", "--class", "car", "--set", "steps=3"], 2, "weighting, blocks"),
        (["solvers", "jacoby"], 2, "did you mean jacobi"),
        (["solvers", "--ndirs", "33"], 2, "33"),
        (["solvers", "--model", "nosuch"], 2, "nosuch"),
        (["learn", "--model", "nosuch", "--class", "car"], 2, "nosuch"),
        (["inspect", "nosuch.pt"], 1, "nosuch.pt"),
        (["render"], 2, "learn"),
        (["classes", "xyzzyq"], 2, "xyzzyq"),
        (["classes", "--model", "nosuch"], 2, "nosuch"),
    ],
)
def test_bad_input_is_one_clear_sentence(arguments: list[str], code: int, says: str, tmp_path: Path) -> None:
    done = run(*arguments, folder=tmp_path)
    assert done.returncode == code, done.stderr
    assert says in done.stderr
    assert "Traceback" not in done.stderr
    assert not list(tmp_path.iterdir())


def test_an_unusable_place_is_refused_before_any_work(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("a file")
    done = run("learn", "--model", "toybox", "--class", "car", "--out", "taken", folder=tmp_path)
    assert done.returncode == 1
    assert "is not a folder" in done.stderr
    assert "searched" not in done.stderr


def test_a_truncation_of_nothing_is_refused_when_rendering(tmp_path: Path) -> None:
    torch.save(true_directions()[1], tmp_path / "true.pt")
    asked = ("render", "true.pt", "--model", "toybox", "--class", "car", "--truncation", "0")
    done = run(*asked, folder=tmp_path)
    assert done.returncode == 2
    assert "truncation" in done.stderr


def test_classes_and_models_need_no_weights(tmp_path: Path) -> None:
    assert "207" in run("classes", "golden retriever", folder=tmp_path).stdout
    rows = json.loads(run("models", "--json", folder=tmp_path).stdout)
    assert next(row for row in rows if row["name"] == "toybox")["state"] == "bundled"
