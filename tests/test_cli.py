"""The command line as a user meets it: exit codes, one clear sentence, no traceback, nothing written."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from biggan_directions import Directions, load_generator
from biggan_directions.scores import MEASURES
from biggan_directions.toybox import true_directions
from tests.support.elsewhere import typed

LEARN = ("learn", "--model", "toybox", "--latents", "4")  # few, for time


def test_learn_then_render_then_name_then_inspect(tmp_path: Path) -> None:
    done = typed(*LEARN, "--class", "Car", "--ndirs", "2", "--json", folder=tmp_path)
    assert done.code == 0, done.err
    path = tmp_path / json.loads(done.out)["path"]
    learnt = Directions.load(path)
    assert learnt.orthonormality_error() < 1e-5
    # both lie in the span of the eight that do something
    assert torch.linalg.norm(learnt.directions @ true_directions()[1].T, dim=1).min() > 0.99
    again = typed(*LEARN, "--class", "car", "--ndirs", "2", folder=tmp_path)
    assert again.code == 1
    assert "--force" in again.err
    drawn = typed("render", "--samples", "1", "--frames", "8", folder=tmp_path)
    assert drawn.code == 0, drawn.err
    learnt_files = {"directions.pt", "scorecard.json"}
    drawn_files = {"direction_00.gif", "direction_01.gif", "gallery.html", "sheet.png", ".render.json"}
    assert {file.name for file in path.parent.iterdir()} == learnt_files | drawn_files
    assert typed("name", str(path), "1=zoom", folder=tmp_path).code == 0
    assert Directions.load(path).names == ("", "zoom")
    facts = json.loads(typed("inspect", str(path), "--json", folder=tmp_path).out)
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
    done = typed("score", str(path), "--latents", "2", "--json", folder=tmp_path)
    assert done.code == 0, done.err
    card = json.loads(done.out)
    sets = ["truth", "random", "coordinate", "first-order", "sefa"]
    assert [item["solver"] for item in card["sets"]] == sets
    assert card["sets"][0]["recovery_min"] > 0.9999
    assert card["sets"][1]["recovery_mean"] < 0.9
    assert card["classes"] == ["car", "duck"]
    for scored in card["sets"]:  # what is printed has each set's means and names as well
        assert scored.pop("means").keys() >= {"effect", "penalty"}
        assert scored.pop("mean_errors").keys() == {measure.key for measure in MEASURES}
        assert len(scored.pop("names")) == 8
    assert json.loads((tmp_path / "scorecard.json").read_text())["sets"] == card["sets"]
    # another class is a question asked in passing: the card beside the file stays
    shown = typed("score", str(path), "--latents", "2", "--no-baselines", "--class", "mug", folder=tmp_path)
    assert "mug" in shown.out
    assert "azimuth" in shown.out
    assert json.loads((tmp_path / "scorecard.json").read_text())["classes"] == ["car", "duck"]


def test_directions_are_not_scored_on_weights_they_are_not_of(tmp_path: Path) -> None:
    learnt, path = _learnt(), tmp_path / "directions.pt"
    replace(learnt, model={**learnt.model, "weights_sha256": "0" * 64}).save(path)
    done = typed("score", str(path), folder=tmp_path)
    assert done.code == 1
    assert "other weights" in done.err
    torch.save(torch.eye(20), tmp_path / "foreign.pt")
    done = typed("score", "foreign.pt", "--model", "toybox", "--class", "car", folder=tmp_path)
    assert done.code == 1
    assert "20 columns" in done.err


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
        (
            ["learn", "--model", "toybox", "--solver", "jacobi", "--set", "weighting=fair"],
            2,
            "balanced, plain",
        ),
        (["learn", "--model", "toybox", "--class", "car", "--solver", "jacoby"], 2, "did you mean jacobi"),
        (["learn", "--model", "toybox", "--class", "car", "--set", "weighting"], 2, "KEY=VALUE"),
        (["learn", "--model", "toybox", "--class", "car", "--set", "steps=3"], 2, "hessian_latents"),
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
    done = typed(*arguments, folder=tmp_path)
    assert done.code == code, done.err
    assert says in done.err
    assert "Traceback" not in done.err
    assert not list(tmp_path.iterdir())


def test_an_unusable_place_is_refused_before_any_work(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("a file")
    done = typed("learn", "--model", "toybox", "--class", "car", "--out", "taken", folder=tmp_path)
    assert done.code == 1
    assert "is not a folder" in done.err
    assert "searched" not in done.err


def test_a_truncation_of_nothing_is_refused_when_rendering(tmp_path: Path) -> None:
    torch.save(true_directions()[1], tmp_path / "true.pt")
    asked = ("render", "true.pt", "--model", "toybox", "--class", "car", "--truncation", "0")
    done = typed(*asked, folder=tmp_path)
    assert done.code == 2
    assert "truncation" in done.err


def test_classes_and_models_need_no_weights(tmp_path: Path) -> None:
    assert "207" in typed("classes", "golden retriever", folder=tmp_path).out
    rows = json.loads(typed("models", "--json", folder=tmp_path).out)
    assert next(row for row in rows if row["name"] == "toybox")["state"] == "bundled"
