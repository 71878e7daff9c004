"""Names, classes and folders that mean harm: seen in every command and page, acted on by none."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest
import torch
from PIL import Image
from typer.testing import CliRunner

from biggan_directions import load_generator
from biggan_directions.__main__ import main
from biggan_directions.cli import app
from biggan_directions.directions import Directions
from biggan_directions.explore.request import ImageRequest
from biggan_directions.explore.session import Session
from biggan_directions.files.escaping import folder_name, printable, shell_path, shell_word
from biggan_directions.generators import ImageClass
from biggan_directions.generators.weights.catalog import find_model
from biggan_directions.toybox import save_checkpoint, true_directions
from tests.rendering.test_gallery import data_of

EVIL = [
    "</script><img src=x onerror=alert(1)>",
    "[red]markup[/red] [link=file:///etc/passwd]x[/link]",
    "\x1b]0;owned\x07\x1b[2J\x9b31m",
    "first line\nerror: all is lost\r\x08",
    "\u202egnp.exe\u2066 \u200f\u2028",
    "../../../../tmp/owned",
    "'; touch owned; echo '$(touch owned)`touch owned`",
    "\ud800 \ufeff \udc80",
]
UNSEEN = {c for name in EVIL for c in name if not c.isprintable()}


def saved(folder: Path, names: list[str] = EVIL) -> Path:
    """A file in which every text is one that means harm."""
    car, text = load_generator("toybox", "car"), "".join(EVIL)
    model = {"name": "toybox", "resolution": 64, "z_dim": 32, "weights_sha256": car.weights_sha256}
    found = Directions(
        directions=true_directions()[1][: len(names)].float(),
        names=tuple(names),
        effect=torch.full((len(names),), 0.2),
        penalty=torch.full((len(names),), 0.1),
        model={**model, text: text},
        classes=(ImageClass(4, text[:900]),),
        truncation=1.0,
        seed=0,
        solver={"name": text, text: text},
        made_with={text: text},
        license=text,
    )
    path = folder / "directions.pt"
    found.save(path)
    return path


def assert_seen(text: str) -> None:
    """Nothing that a terminal or a page acts on unseen, but the ends of our own lines."""
    assert not UNSEEN & set(text) - {"\n"}
    assert not any(line.startswith("error: all is lost") for line in text.splitlines())


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder whose name is as bad, with a folder around it in which nothing may appear."""
    folder = tmp_path / "around" / "a [red]b[/red]\n\x1b[2J\u202e' -x"
    folder.mkdir(parents=True)
    monkeypatch.chdir(folder)
    return folder


def assert_only(place: Path, allowed: set[str]) -> None:
    """No other file was written, and none outside the folder."""
    assert {path.name for path in place.iterdir()} <= allowed
    assert list(place.parent.iterdir()) == [place]


QUICK = ["--frames", "4", "--samples", "1", "--format", "gif"]
SHOWN: dict[str, Callable[[str], list[str]]] = {
    "inspect": lambda path: ["inspect", path],
    "compare": lambda path: ["compare", path, path],
    "score": lambda path: ["score", path, "--latents", "2", "--no-baselines"],
    "render": lambda path: ["render", path, *QUICK],
    "edit": lambda path: ["edit", path, "--move", "5=1"],
    "name": lambda path: ["name", path, f"2={EVIL[2]}"],
}


@pytest.mark.parametrize("command", list(SHOWN))
def test_what_a_command_says(command: str, place: Path) -> None:
    done = CliRunner().invoke(app, SHOWN[command](str(saved(place))))
    assert done.exit_code == 0, done.output
    assert_seen(done.output)
    assert "[red]" in done.output  # as text, and so not as a colour
    drawn = {"gallery.html", "sheet.png", *(f"direction_{index:02d}.gif" for index in range(len(EVIL)))}
    assert_only(place, {"directions.pt", "scorecard.json", "edit.png", ".render.json", *drawn})


def test_what_the_page_says(place: Path) -> None:
    done = CliRunner().invoke(app, ["render", str(saved(place)), *QUICK])
    assert done.exit_code == 0, done.output
    page = (place / "gallery.html").read_text("utf-8")
    assert_seen(page)
    assert "<img" not in page
    assert page.count("<script") == 2
    assert [one["name"] for one in data_of(page)["directions"]] == [printable(name) for name in EVIL]
    for file in place.iterdir():
        if file.suffix in (".gif", ".png"):
            Image.open(file).verify()


def test_what_the_live_page_is_told(place: Path) -> None:
    path, car = saved(place), load_generator("toybox", "car")
    session = Session(
        Directions.load(path),
        lambda *_: car,
        path=str(path),
        first=car,
        table=find_model("toybox").classes,
        options=["--model", EVIL[2]],
    )
    told = msgspec.json.encode(session.describe()).decode()  # as the server does: no lone surrogates
    assert_seen(told)
    assert "</script>" in told  # as text: the page never makes markup of it
    answer = session.answer(ImageRequest(class_name="car", truncation=1.0, moves={5: 1.0}))
    assert answer.command.isprintable()
    if bash := shutil.which("bash"):
        listing = f"biggan-directions() {{ printf '%s\\0' \"$@\"; }}; {answer.command}"
        words = subprocess.run([bash, "-c", listing], capture_output=True, check=True).stdout.split(b"\0")
        assert words[1] == os.fsencode(path)  # escaped, and yet the same path
        assert words[3] == EVIL[2].encode()
    assert_only(place, {"directions.pt"})


def _write(path: Path, content: bytes) -> str:
    path.write_bytes(content)
    return str(path)


def _folder(path: Path) -> str:
    path.mkdir()
    (path / "config.json").write_text('{"z_dim": "\\u001b[2J\\u202e"}', "utf-8")
    (path / "model.safetensors").write_bytes(b"")
    return str(path)


BROKEN: dict[str, Callable[[Path], list[str]]] = {
    "absent": lambda place: ["inspect", str(place / "no\x1b[2J\nsuch.pt")],
    "damaged": lambda place: ["inspect", _write(place / "x\u202e\nerror: all is lost.pt", b"PK\x03\x04")],
    "number": lambda place: ["name", str(saved(place)), "0=\uff11"],
    "unknown": lambda place: ["edit", str(saved(place)), "--move", "x\x1b[2J\nerror: all is lost=1"],
    "class": lambda place: ["learn", "--model", "toybox", "--class", "\x1b[2J\nerror: all is lost"],
    "model": lambda place: ["learn", "--model", "\x1b[2J\nx/y", "--class", "car"],
    "config": lambda place: ["learn", "--model", _folder(place / "m\x1b\n"), "--class", "car"],
}


@pytest.mark.parametrize("kind", list(BROKEN))
def test_what_an_error_says(
    kind: str, place: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["biggan-directions", *BROKEN[kind](place)])
    with pytest.raises(SystemExit) as stopped:
        main()
    assert stopped.value.code in (1, 2)
    said = capsys.readouterr().err
    assert said.startswith("error: ")
    assert said.count("\n") == 1
    assert_seen(said)


@pytest.mark.parametrize("model", ["..", ".", "m\x1b[2J\u202e"])
def test_a_models_folder_names_no_place_outside(
    model: str, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    work = place / "outer" / "inner"
    work.mkdir(parents=True)
    monkeypatch.chdir(work)
    save_checkpoint(work / model)
    asked = ["learn", "--model", f"./{model}", "--class", "4", "--ndirs", "1", "--dry-run"]
    done = CliRunner().invoke(app, asked)
    assert done.exit_code == 0, done.output
    assert_seen(done.output)
    would = Path(done.output.replace("\n", "").partition("would write ")[2].strip())
    assert would.parts[0] == "outputs"
    assert len(would.parts) == 4
    assert ".." not in would.parts


@pytest.mark.parametrize(
    "text", [*EVIL, "", ".", "..", "...", "a" * 1000, "\U0001f600" * 1000, "x/..\\y", " . "]
)
def test_a_folders_name_is_one_name(text: str, tmp_path: Path) -> None:
    name = folder_name(text)
    assert name.isprintable()
    (tmp_path / name).mkdir()
    assert [path.name for path in tmp_path.iterdir()] == [name]


@pytest.mark.skipif(shutil.which("bash") is None, reason="there is no bash to ask")
@pytest.mark.parametrize("text", [*EVIL[:-1], "", "\udcff\udc80", "a b", "tab\tand\\back'slash"])
def test_a_shell_takes_a_word_for_what_it_is(text: str) -> None:
    word = shell_word(text)
    assert word.isprintable()
    shown = subprocess.run(["bash", "-c", f"printf %s {word}"], capture_output=True, check=True).stdout
    assert shown == os.fsencode(text)


def test_a_path_is_never_an_option() -> None:
    assert shell_path(Path("-rf")) == "./-rf"


def test_a_number_is_not_a_name(place: Path) -> None:
    path, runner = saved(place, ["1", "zoom"]), CliRunner()  # from elsewhere: `name` gives no such name
    for text in ("1", "07", " 2 ", "\uff11", "\u0663"):
        assert runner.invoke(app, ["name", str(path), f"0={text}"]).exit_code != 0
    assert Directions.load(path).names == ("1", "zoom")
    done = runner.invoke(app, ["edit", str(path), "--move", "1=2", "--json"])
    assert json.loads(done.stdout)["moves"] == {"1": 2.0}
    assert "direction 0 is named '1'" in done.stderr
