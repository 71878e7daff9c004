"""The inspect command: foreign files, and files given by mistake, which the error names with what to type."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from typer.testing import CliRunner, Result

from biggan_directions import LearnSettings
from biggan_directions.cli import app
from biggan_directions.errors import FileFormatError, UsageError
from biggan_directions.runs.folder import held
from biggan_directions.toybox import true_directions
from tests.commands.test_render import CAR, of
from tests.runs.test_learn_command import stopped


def inspect(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["inspect", *arguments])


def test_matrices_are_taken_from_every_file_that_the_docs_list(tmp_path: Path) -> None:
    rows = true_directions()[1].double()
    skew = rows + 0.25 * rows[0]
    np.save(tmp_path / "a.npy", skew.numpy())
    np.savez(tmp_path / "b.npz", directions=skew.numpy(), other=np.ones(2))
    torch.save({"directions": skew}, tmp_path / "c.pt")
    torch.save(skew, tmp_path / "d.pt")
    for name in ("a.npy", "b.npz", "c.pt", "d.pt"):
        done = inspect(str(tmp_path / name), "--model", "toybox", "--json")
        assert done.exit_code == 0, done.output
        facts = json.loads(done.stdout)
        assert facts["directions"] == len(rows)
        assert facts["orthonormality_error"] < 1e-6
        assert facts["orthonormality_error_in_file"] == pytest.approx(0.5625, abs=1e-6)  # 1.25² − 1
    shown = inspect(str(tmp_path / "a.npy")).stdout
    assert "orthonormality error in file  5.6e-01" in shown
    assert "a bare matrix" in shown
    assert "foreign" not in shown


def test_a_file_is_described_in_words_and_without_what_it_does_not_say(tmp_path: Path) -> None:
    path = of(tmp_path, CAR, solver={"name": "theirs", "depth": None, "wide": True})
    shown = inspect(str(path)).stdout
    assert "numbers of z  32" in shown
    assert "name theirs, wide yes" in shown
    assert "None" not in shown
    assert "bare matrix" not in shown
    facts = json.loads(inspect(str(path), "--json").stdout)
    assert (facts["bare_matrix"], facts["solver"]["depth"]) == (False, None)


def test_a_folder_or_an_unfinished_run_says_what_to_type(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    run = Path("outputs", "toybox", "car")
    run.mkdir(parents=True)
    assert "without a directions.pt" in str(inspect(str(run)).exception)
    (run / "checkpoint.pt").touch()
    for path in (run, run / "directions.pt"):
        refused = inspect(str(path)).exception
        assert isinstance(refused, FileFormatError)
        assert "unfinished run" in str(refused)
        assert f"--out {run} --resume" in str(refused)
    newest = CliRunner().invoke(app, ["render"]).exception
    assert "--resume" in str(newest)
    torch.save(torch.eye(3), run / "directions.pt")
    refused = inspect(str(run)).exception
    assert isinstance(refused, FileFormatError)
    assert f"did you mean {run / 'directions.pt'}?" in str(refused)


def test_an_unfinished_run_is_named_with_its_own_command_or_as_at_work(tmp_path: Path) -> None:
    folder = stopped(tmp_path / "out", LearnSettings(ndirs=1, latents=2, seed=4)).parent
    said = str(inspect(str(folder)).exception)
    assert (
        "holds an unfinished run; to finish it: biggan-directions learn --model toybox --class duck" in said
    )
    assert f"--seed 4 --latents 2 --truncation 1 --out {folder} --resume" in said
    with held(folder):
        assert f"a run is still learning in {folder}" in str(inspect(str(folder / "directions.pt")).exception)
    assert not (folder / ".lock").exists()
    stopped(tmp_path / "program", LearnSettings(ndirs=1, sketch=1024))
    assert "resume it by the program" in str(inspect(str(tmp_path / "program")).exception)


def test_a_run_of_train_says_what_finds_directions_in_it(tmp_path: Path) -> None:
    (tmp_path / "samples").mkdir()
    (tmp_path / "checkpoint.pt").write_bytes(b"")
    said = str(inspect(str(tmp_path)).exception)
    assert f"find some with biggan-directions learn --model {tmp_path}" in said


def test_an_image_is_not_a_file_of_directions(tmp_path: Path) -> None:
    Image.new("RGB", (4, 4)).save(tmp_path / "sheet.png")
    refused = CliRunner().invoke(app, ["render", str(tmp_path / "sheet.png")]).exception
    assert isinstance(refused, FileFormatError)
    assert "is a PNG image, not a file of directions" in str(refused)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--class", "duck"], "toybox has duck: add --model toybox"),
        (["--model", "toybox", "--class", "golden_retriever"], "add --model biggan-deep-128"),
    ],
)
def test_a_class_of_another_model_says_which(arguments: list[str], says: str) -> None:
    refused = CliRunner().invoke(app, ["learn", *arguments]).exception
    assert isinstance(refused, UsageError)
    assert says in str(refused).split(".")[0]  # before what the chosen model has that is like it


def test_an_index_is_no_class_of_another_model() -> None:
    refused = CliRunner().invoke(app, ["learn", "--model", "toybox", "--class", "207"]).exception
    assert isinstance(refused, UsageError)
    assert "--model" not in str(refused)
