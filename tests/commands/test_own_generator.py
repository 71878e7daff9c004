"""``--model package.module:factory`` on every command, and never because a file says so."""

import json
import shlex
import shutil
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from typer.testing import CliRunner, Result

from biggan_directions import Directions
from biggan_directions.cli import app
from biggan_directions.errors import BigganDirectionsError
from biggan_directions.runs.learn_command import learn_command
from tests.support.elsewhere import typed
from tests.support.markdown import code_blocks

SPOT = ("--model", "spot:make")
QUICK = ("--samples", "1", "--frames", "4", "--no-labels")

# Three classes, each with its own spot; and a trace of every import.
SEAS = """
import pathlib
import torch
from biggan_directions import CallableGenerator
pathlib.Path("imported").touch()

def draw(z, class_index):
    waves = torch.sin(z @ torch.linspace(-1, 1, 4 * 192).reshape(4, 192) + class_index[:, None])
    return waves.reshape(-1, 3, 8, 8)

asked = []

def make(class_name, truncation, device):
    asked.append((class_name, truncation, device))
    return CallableGenerator(
        draw, z_dim=4, resolution=8, name="seas", classes=("calm", "rough"), truncation=truncation
    )
"""


def invoke(*arguments: str) -> Result:
    return CliRunner().invoke(app, list(arguments))


def said(done: Result) -> str:
    """The one sentence of a mistake."""
    assert isinstance(done.exception, BigganDirectionsError), done.output
    return str(done.exception)


@pytest.fixture(scope="module")
def learnt(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the page's example as spot.py, and what the page's first command writes, as typed."""
    folder = tmp_path_factory.mktemp("own")
    (folder / "spot.py").write_text(code_blocks("docs/own-generator.md")[0], "utf-8")
    done = typed("learn", *SPOT, "--ndirs", "3", "--latents", "8", folder=folder)
    assert done.code == 0, done.err
    assert "across" in done.out  # the scorecard knows the factors
    return folder


@pytest.fixture
def folder(learnt: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A copy of it, which is the working directory; ``seas.py`` beside it."""
    shutil.copytree(learnt, tmp_path, dirs_exist_ok=True)
    (tmp_path / "seas.py").write_text(SEAS, "utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    yield tmp_path
    for name in ("spot", "seas"):
        sys.modules.pop(name, None)


def path_of(folder: Path) -> Path:
    (path,) = folder.glob("outputs/*/*/directions.pt")
    return path


def test_learn_without_a_class(folder: Path) -> None:
    path = path_of(folder)
    assert path.parent.relative_to(folder) == Path("outputs", "spot_make", "image")
    found = Directions.load(path)
    assert found.model["name"] == "spot:make"
    assert [item.name for item in found.classes] == ["image"]
    assert learn_command(found, path).startswith("biggan-directions learn --model spot:make --class image")
    rows = json.loads((path.parent / "scorecard.json").read_text("utf-8"))["sets"][0]["directions"]
    recovery = [row["recovery"] for row in rows]
    assert min(recovery) >= 0.95


def test_render_score_edit_and_the_rest(folder: Path) -> None:
    path = str(path_of(folder))
    for arguments in (
        ("render", path, *SPOT, *QUICK),
        ("edit", path, *SPOT, "--move", "0=2"),
        ("inspect", path, *SPOT),
        ("compare", path, path, *SPOT),
    ):
        done = invoke(*arguments)
        assert done.exit_code == 0, done.output
    page = (folder / path).with_name("gallery.html").read_text("utf-8")
    assert "--model spot:make" in page
    scored = json.loads(invoke("score", path, *SPOT, "--latents", "2", "--json").stdout)
    ours = scored["sets"][0]
    assert ours["recovery_min"] >= 0.95
    assert [each["solver"] for each in scored["sets"]] == ["joint", "random", "coordinate", "first-order"]
    (note,) = scored["notes"]
    assert note.startswith("sefa is left out: ")
    assert "the weights that z meets" in note


def test_what_there_is_to_know_of_a_factory(folder: Path) -> None:
    assert invoke("classes", "--model", "seas:make").output.split() == ["0", "calm", "1", "rough"]
    checked = json.loads(invoke("models", "--check", "seas:make", "--json").stdout)
    assert checked["classes"] == ["calm", "rough"]
    assert checked["shape"] == [2, 3, 8, 8]
    assert (
        "is sound: 2 latents of 12 numbers give images of shape (2, 3, 32, 32)"
        in invoke("models", "--check", "spot:make").output
    )


def test_one_class_several_and_each(folder: Path) -> None:
    learn = ("learn", "--model", "seas:make", "--ndirs", "1", "--solver", "random")
    for arguments, names in (
        (("--class", "rough"), ["rough"]),
        (("--class", "all"), ["calm", "rough"]),
        ((), ["calm", "rough"]),
    ):
        done = invoke(*learn, *arguments, "--force")
        assert done.exit_code == 0, done.output
        where = "all" if len(names) > 1 else names[0]
        found = Directions.load(folder / "outputs" / "seas_make" / where / "directions.pt")
        assert [item.name for item in found.classes] == names
    done = invoke(*learn, "--per-class", "--out", "each")
    assert done.exit_code == 0, done.output
    assert sorted(path.parent.name for path in folder.glob("each/*/directions.pt")) == ["calm", "rough"]
    for path in ("outputs/seas_make/all", "each/rough"):
        done = invoke("render", f"{path}/directions.pt", "--model", "seas:make", *QUICK)
        assert done.exit_code == 0, done.output


def test_explore_draws_every_class_and_gives_the_command(folder: Path) -> None:
    torch.save(torch.eye(4)[:2], folder / "matrix.pt")
    asked = ("matrix.pt", "--model", "seas:make", "--class", "rough", "--port", "0", "--no-browser")
    with subprocess.Popen(
        [sys.executable, "-m", "biggan_directions", "explore", *asked], text=True, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        try:
            address, _, token = process.stdout.readline().strip().partition("?token=")
            request = urllib.request.Request(
                address + "api/images",
                json.dumps({"class": "calm", "truncation": 0.5, "moves": {"0": 1}}).encode(),
                {"Authorization": f"Bearer {token}"},
            )
            with urllib.request.urlopen(request, timeout=30) as answer:
                command = json.load(answer)["command"]
        finally:
            process.send_signal(signal.SIGINT)
    assert "--model seas:make --class calm --truncation 0.5" in command
    done = invoke(*shlex.split(command)[1:])
    assert done.exit_code == 0, done.output
    assert (folder / "edit.png").exists()


def test_a_matrix_of_somebodys(folder: Path) -> None:
    torch.save(torch.eye(4)[:2], folder / "matrix.pt")
    done = invoke("edit", "matrix.pt", "--model", "seas:make", "--move", "1=1", "--json")
    assert json.loads(done.stdout)["classes"][0] in ("calm", "rough")
    torch.save(torch.eye(12)[:2], folder / "matrix.pt")
    assert "12 columns" in said(invoke("edit", "matrix.pt", "--model", "seas:make", "--move", "1=1"))


def test_what_it_cannot_do_is_said(folder: Path) -> None:
    learn = ("learn", *SPOT, "--ndirs", "1", "--out", "new")
    assert "sefa needs the weights that z meets" in said(invoke(*learn, "--solver", "sefa"))
    assert "spot:make cannot be compiled" in said(invoke(*learn, "--solver", "random", "--compile"))
    assert "there is no class 'sea'; this model's are 0 image" in said(invoke(*learn, "--class", "sea"))
    assert not list(folder.glob("new/*"))
    (folder / "bare.py").write_text(
        "import spot\n"
        "class Bare:\n"
        "    def __init__(self): self.__dict__.update(vars(spot.make(None, None, 'cpu')))\n"
        "    device = spot.torch.device('cpu')\n"
        "    def __call__(self, z, class_index=None): return spot.draw(z)\n"
        "def make(*asked): return Bare()\n",
        "utf-8",
    )
    asked = ("learn", "--model", "bare:make", "--ndirs", "1", "--solver", "random", "--per-class")
    assert "bare:make cannot be restricted to one of its classes" in said(invoke(*asked))
    sys.modules.pop("bare")


def test_a_model_of_the_catalog_needs_a_class() -> None:
    done = invoke("learn", "--model", "toybox")
    assert "toybox draws 10 classes: choose one with --class, for example --class mug" in said(done)
    assert done.exit_code != 0


def named(path: Path, model: str) -> Path:
    """The directions with another name of their model."""
    content = torch.load(path, weights_only=True)
    content["model"]["name"] = model
    torch.save(content, path)
    return path


COMMANDS = (
    ("render", *QUICK),
    ("score", "--latents", "2"),
    ("edit", "--move", "0=1"),
    ("explore", "--port", "0", "--no-browser"),
)


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command[0])
def test_a_file_that_names_a_factory_has_nothing_imported(command: tuple[str, ...], folder: Path) -> None:
    path = named(path_of(folder), "seas:make")
    done = invoke(command[0], str(path), *command[1:])
    assert f"{path} was learnt on a generator made by seas:make" in said(done)
    assert "add --model seas:make, which imports it" in said(done)
    assert not (folder / "imported").exists()
    assert "seas" not in sys.modules


def test_what_only_reads_a_file_imports_nothing(folder: Path) -> None:
    path = named(path_of(folder), "seas:make")
    for arguments in (("inspect", str(path)), ("compare", str(path), str(path)), ("name", str(path), "0=a")):
        done = invoke(*arguments)
        assert done.exit_code == 0, done.output
    assert not (folder / "imported").exists()


def test_a_file_hands_no_text_to_a_factory(folder: Path) -> None:
    path = path_of(folder)
    content = torch.load(path, weights_only=True)
    content["classes"] = [{"index": 1, "name": "; rm -rf ~"}]
    content["directions"] = torch.eye(4)[:1]
    content |= {key: content[key][:1] for key in ("names", "effect", "penalty", "stability")}
    torch.save(content, path)
    asked = ("edit", str(path), "--model", "seas:make", "--move", "0=1")
    assert "the directions are of ; rm -rf ~: there is no class" in said(invoke(*asked))
    assert {class_name for class_name, _, _ in sys.modules["seas"].asked} == {None}
    assert invoke(*asked, "--class", "calm").exit_code == 0
    assert sys.modules["seas"].asked[-1] == ("calm", 1.0, "cpu")


@pytest.mark.parametrize("model", ["nowhere", "os:system", "subprocess:check_output"])
def test_a_file_of_a_model_that_is_not_here(model: str, folder: Path) -> None:
    done = invoke("edit", str(named(path_of(folder), model)), "--move", "0=1")
    assert "--model" in said(done)
    assert ("package.module:factory" in said(done)) is (model == "nowhere")


def test_a_mistake_in_a_factory_is_a_line_and_shows_no_traceback(folder: Path) -> None:
    (folder / "wrong.py").write_text(
        "def make(*asked):\n    raise RuntimeError('\\x1b[2Jno\\nweights')\n", "utf-8"
    )
    done = typed("learn", "--model", "wrong:make", folder=folder)
    assert done.code == 2
    assert done.err.count("\n") == 1
    assert "wrong:make raised RuntimeError: " in done.err
    assert "\x1b" not in done.err
