"""Chosen layers on every command: learnt there, kept in the file, obeyed by default, and overridden."""

import html
import json
import shlex
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from typer.testing import CliRunner

from biggan_directions import Directions, load_generator, sample_latents
from biggan_directions.cli import app
from biggan_directions.generators.chosen_layers import ChosenLayers, draw_latents
from biggan_directions.rendering.images import to_bytes

LEARN = ("--class", "1", "--ndirs", "2", "--latents", "2", "--survey-latents", "2", "--score-latents", "2")
QUICK = ("--frames", "4", "--samples", "1")


def run(*arguments: str | Path, code: int = 0) -> str:
    """What a command prints on stdout, or an error's text."""
    done = CliRunner().invoke(app, [str(word) for word in arguments], env={"COLUMNS": "80"})
    assert done.exit_code == code, done.output
    return done.stdout if code == 0 else str(done.exception)


@pytest.fixture(scope="module")
def learnt(net: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Directions of the generator's first two layers of five."""
    folder = tmp_path_factory.mktemp("layers")
    run("learn", "--model", net, *LEARN, "--layers", "0-1", "--out", folder)
    return folder / "directions.pt"


@pytest.fixture
def file(learnt: Path, tmp_path: Path) -> Path:
    """A copy of that file and of its scorecard."""
    for name in ("directions.pt", "scorecard.json"):
        (tmp_path / name).write_bytes(learnt.with_name(name).read_bytes())
    return tmp_path / "directions.pt"


def described(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(run("inspect", path, "--json"))
    return found


def test_learning_keeps_them_in_the_file_and_inspect_shows_them(file: Path, net: Path) -> None:
    found = Directions.load(file)
    assert (found.layers, found.solver["layers"]) == ((0, 1), "0-1")
    assert described(file)["layers"] == [0, 1]
    assert "layers  0, 1" in run("inspect", file)
    assert json.loads(file.with_name("scorecard.json").read_text())["layers"] == [0, 1]
    whole = Directions.load(run_elsewhere(net, file.parent / "whole"))
    assert whole.layers is None
    assert described(file.parent / "whole" / "directions.pt")["layers"] is None
    assert "layers" not in json.loads((file.parent / "whole" / "scorecard.json").read_text())


def run_elsewhere(net: Path, folder: Path, *options: str) -> Path:
    run("learn", "--model", net, *LEARN, *options, "--out", folder)
    return folder / "directions.pt"


def test_the_page_s_command_learns_the_same_bytes(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(file.parent)
    run("render", file, *QUICK)
    commands = commands_on((file.parent / "gallery.html").read_text())
    assert not any("--layers" in words for words in commands if words[1] == "render")
    (command,) = (words for words in commands if words[1] == "learn")
    assert command[command.index("--layers") + 1] == "0-1"
    command[command.index("--out") + 1] = "again"
    run(*command[1:])
    assert (file.parent / "again" / "directions.pt").read_bytes() == file.read_bytes()


def commands_on(page: str) -> list[list[str]]:
    """The commands on a page, as a shell reads them."""
    codes = [part.split("</code>")[0] for part in page.split("<code>")[1:]]
    return [shlex.split(html.unescape(code)) for code in codes if code]


def test_resuming_at_other_layers_is_refused(file: Path, net: Path) -> None:
    again = ("learn", "--model", net, *LEARN, "--out", file.parent, "--resume")
    assert "nothing to do" in run(*again, "--layers", "0-1")
    assert "was made with layers 0-1, not all" in run(*again, code=1)


def test_score_measures_where_the_file_says_and_elsewhere_if_asked(file: Path) -> None:
    before = file.with_name("scorecard.json").read_bytes()
    same = json.loads(run("score", file, "--latents", "2", "--no-baselines", "--json"))
    kept = json.loads(before)["sets"][0]["directions"]
    assert [one["effect"] for one in same["sets"][0]["directions"]] == [one["effect"] for one in kept]
    assert same["layers"] == [0, 1]
    whole = json.loads(run("score", file, "--latents", "2", "--layers", "all", "--json"))
    assert [one["solver"] for one in whole["sets"]][1:] == ["random", "coordinate", "first-order", "sefa"]
    assert whole["sets"][0]["directions"][0]["effect"] != kept[0]["effect"]
    assert "layers" not in whole
    assert json.loads(file.with_name("scorecard.json").read_text())["layers"] == [0, 1]
    assert "layers 0-1" in run("score", file, "--latents", "2", "--no-baselines")


def test_files_of_different_layers_are_not_scored_together_unless_it_is_said_where(file: Path) -> None:
    other = file.with_name("other.pt")
    replace(Directions.load(file), layers=(2,)).save(other)
    said = run("score", file, other, "--latents", "2", code=1)
    assert "acts at layers 2 and" in said
    assert "with --layers" in said
    run("score", file, other, "--latents", "2", "--no-baselines", "--layers", "fine")


def test_compare_says_where_each_set_acts(file: Path) -> None:
    other = file.with_name("other.pt")
    replace(Directions.load(file), layers=None).save(other)
    said = "the first acts at layers 0-1, and the second at layers all"
    assert said in run("compare", file, other)
    assert "acts at" not in run("compare", file, file)


def test_a_name_keeps_the_layers(file: Path) -> None:
    run("name", file, "0=hue")
    assert (Directions.load(file).layers, Directions.load(file).names) == ((0, 1), ("hue", ""))


def test_edit_moves_at_the_file_s_layers_at_others_and_at_a_layer_of_each_move(file: Path, net: Path) -> None:
    generator, found = load_generator(str(net), "1", device="cpu"), Directions.load(file)
    z = sample_latents(1, 4, truncation=generator.truncation, seed=7, purpose="rendering")
    q = found.directions

    def expected(moved: torch.Tensor, *layers: int) -> Any:
        latents = ChosenLayers(indices=layers, count=5).latents(z, moved)
        with torch.no_grad():
            return to_bytes(draw_latents(generator, latents))[0]

    def edited(*options: str) -> Any:
        run("edit", file, "--seed", "7", *options, "--out", target)
        return np.asarray(Image.open(target))

    target = file.with_name("edit.png")
    still, far = expected(z), expected(z + 3 * q[0], *range(5))
    assert np.array_equal(edited("--move", "0=3"), expected(z + 3 * q[0], 0, 1))
    assert np.array_equal(edited("--move", "0=3", "--layers", "3,4"), expected(z + 3 * q[0], 3, 4))
    assert np.array_equal(edited("--move", "0=3", "--layers", "all"), far)
    assert np.array_equal(edited("--move", "0=3", "--layers", "0-4"), far)
    assert not np.array_equal(expected(z + 3 * q[0], 0, 1), still)
    latents = ChosenLayers(indices=(0,), count=5).latents(z, z + 3 * q[0])
    latents[:, 2] += q[1]
    with torch.no_grad():
        both = to_bytes(draw_latents(generator, latents))[0]
    assert np.array_equal(edited("--move", "0=3@0", "--move", "1=1@2"), both)
    command = Image.open(target).text["Command"]  # type: ignore[attr-defined]
    assert "--move 0=3@0 --move 1=1@2" in command
    target.unlink()
    run(*shlex.split(command)[1:-2], "--out", target)
    assert np.array_equal(np.asarray(Image.open(target)), both)


def test_render_says_where_and_its_files_differ(file: Path) -> None:
    def sheet(*options: str) -> Any:
        run("render", file, *QUICK, "--distance", "3", *options)
        return np.asarray(Image.open(file.with_name("sheet.png")))

    own, explicit = sheet(), sheet("--layers", "0,1")
    assert np.array_equal(own, explicit)
    assert not np.array_equal(own, sheet("--layers", "all"))
    sheet("--layers", "coarse")
    page = file.with_name("gallery.html").read_text()
    assert "truncation 0.5 · layers 0" in page
    (command,) = (words for words in commands_on(page) if words[1] == "render")
    assert command[command.index("--layers") + 1] == "0"
    again = ("render", file, *QUICK, "--distance", "3", "--resume")
    assert "was there already" in run(*again, "--layers", "coarse")
    assert "was there already" not in run(*again)


@pytest.mark.parametrize(
    "command", [("render", *QUICK), ("score", "--latents", "2"), ("edit", "--move", "0=1")]
)
def test_layers_out_of_range_are_named(file: Path, command: tuple[str, ...]) -> None:
    said = run(command[0], file, *command[1:], "--layers", "3-7", code=1)
    assert "there is no layer 5" in said
    assert "has 5 layers (0 generator.gen_z, 1 generator.layers.0, 2 generator.layers.2, " in said


def test_layers_that_learn_cannot_have_are_named(net: Path, tmp_path: Path) -> None:
    assert "there is no layer 5" in run(
        "learn", "--model", net, *LEARN, "--layers", "5", "--out", tmp_path / "out", code=1
    )
    assert not (tmp_path / "out").exists()


def test_sefa_by_layer(net: Path, tmp_path: Path) -> None:
    path = run_elsewhere(net, tmp_path, "--solver", "sefa", "--layers", "2")
    generator = load_generator(str(net), "1", device="cpu")
    weights = [one.matrix for one in generator.latent_weights() if one.layer == "generator.layers.2"]  # type: ignore[attr-defined]
    rows = torch.cat([weight.double() / weight.double().norm(dim=1, keepdim=True) for weight in weights])
    expected = torch.linalg.eigh(rows.T @ rows).eigenvectors.flip(1).T[:2]
    cosines = (Directions.load(path).directions.double() @ expected.T).abs()
    assert cosines.amax(dim=1).min() > 1 - 1e-6
