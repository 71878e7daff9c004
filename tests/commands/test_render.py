"""The render command and its page: several classes, what is said, and commands that make it again."""

import html
import json
import shlex
from pathlib import Path

import pytest
import torch
from PIL import Image
from typer.testing import CliRunner, Result

from biggan_directions import load_generator
from biggan_directions.cli import app
from biggan_directions.directions import Directions
from biggan_directions.errors import OutputError
from biggan_directions.generators import ImageClass
from biggan_directions.toybox import true_directions
from tests.rendering.test_gallery import data_of

QUICK = ("--frames", "4", "--samples", "2")


def of(folder: Path, *classes: ImageClass, solver: dict[str, object] | None = None) -> Path:
    """A file of the toybox's first two true directions, learnt on ``classes``."""
    weights = load_generator("toybox", "car").weights_sha256
    found = Directions(
        directions=true_directions()[1][:2].float(),
        names=("turn", ""),
        effect=torch.tensor([0.2, 0.1]),
        penalty=torch.tensor([0.3, float("nan")]),
        model={"name": "toybox", "resolution": 64, "z_dim": 32, "weights_sha256": weights},
        classes=classes,
        truncation=1.0,
        seed=3,
        solver=solver or {"name": "jacobi", "search_space": "active", "search_dims": 12},
        license="MIT",
    )
    path = folder / "directions.pt"
    found.save(path)
    return path


def render(*arguments: str) -> Result:
    done = CliRunner().invoke(app, ["render", *arguments, *QUICK])
    assert done.exit_code == 0, done.output
    return done


CAR, DUCK = ImageClass(4, "car"), ImageClass(8, "duck")


def test_a_file_learnt_on_several_classes_shows_them_all(tmp_path: Path) -> None:
    path = of(tmp_path, CAR, DUCK)
    render(str(path))
    assert sorted(data_of((tmp_path / "gallery.html").read_text())["captions"]) == ["car", "duck"]
    both = Image.open(tmp_path / "sheet.png").height
    render(str(path), "--class", "car")
    assert data_of((tmp_path / "gallery.html").read_text())["captions"] == ["", ""]
    assert Image.open(tmp_path / "sheet.png").height < both
    render(str(path), "--class", "mug", "--class", "house")
    assert sorted(data_of((tmp_path / "gallery.html").read_text())["captions"]) == ["house", "mug"]


@pytest.mark.parametrize("grid", [False, True])
def test_how_far_each_direction_goes_is_said_and_why(tmp_path: Path, grid: bool) -> None:
    path = of(tmp_path, CAR)
    done = render(str(path), *(["--grid"] if grid else []))
    assert "±2 of z (effect 0.2)" in done.stdout
    assert "±4 of z (effect 0.1)" in done.stdout
    files = json.loads(render(str(path), "--json", *(["--grid"] if grid else [])).stdout)
    assert [Path(file["path"]).name for file in files] == [
        "sheet.png",
        *(["directions.gif"] if grid else ["direction_00.gif", "direction_01.gif"]),
        "gallery.html",
    ]
    assert {key: far for file in files for key, far in file["distances"].items()} == {"0": 2.0, "1": 4.0}


@pytest.mark.parametrize(
    ("elsewhere", "name"),
    [((), "gallery.html"), (("--directions", "1", "--grid", "--out", "an other"), "gallery_part.html")],
)
def test_the_commands_on_the_page_make_the_same_page(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, elsewhere: tuple[str, ...], name: str
) -> None:
    folder = tmp_path / "it's $HERE [bold]"
    folder.mkdir()
    path = of(folder, CAR)
    monkeypatch.chdir(tmp_path)
    chosen = ("--seed", "5", "--class", "mug", "--distance", "1.5", "--no-labels", "--format", "webp")
    done = render(str(path.relative_to(tmp_path)), *chosen, *elsewhere)
    target = tmp_path / elsewhere[-1] if elsewhere else folder
    assert f"{target.relative_to(tmp_path)}/{name}" in done.stdout
    page = (target / name).read_text()
    command = _commands(page)[-1]
    assert command[:2] == ["biggan-directions", "render"]
    (target / name).unlink()
    assert CliRunner().invoke(app, command[1:]).exit_code == 0
    assert (target / name).read_text() == page


def _commands(page: str) -> list[list[str]]:
    """The commands on a page, as a shell reads them."""
    codes = [part.split("</code>")[0] for part in page.split("<code>")[1:]]
    return [shlex.split(html.unescape(code)) for code in codes if code]


def test_a_damaged_scorecard_is_a_note_and_the_page_is_drawn(tmp_path: Path) -> None:
    path = of(tmp_path, CAR)
    (tmp_path / "scorecard.json").write_text("{")
    done = render(str(path))
    assert "the scorecard is not shown" in done.stderr
    assert "biggan-directions score" in (tmp_path / "gallery.html").read_text()


def test_directions_are_chosen_by_name_and_what_to_open_is_said_last(tmp_path: Path) -> None:
    path = of(tmp_path, CAR)
    render(str(path))
    whole = {name: (tmp_path / name).read_bytes() for name in ("sheet.png", "gallery.html")}
    (tmp_path / "direction_01.gif").unlink()
    done = render(str(path), "--directions", "turn")
    assert {name: (tmp_path / name).read_bytes() for name in whole} == whole  # as it was
    assert len(data_of((tmp_path / "gallery_part.html").read_text())["directions"]) == 1
    assert (tmp_path / "sheet_part.png").exists()
    assert (tmp_path / "direction_00.gif").exists()
    assert not (tmp_path / "direction_01.gif").exists()
    assert done.stdout.rstrip().endswith(
        f"open {tmp_path / 'gallery_part.html'} in a browser: it needs no network"
    )
    again = render(str(path), "--directions", "turn", "--resume")
    assert "nothing to do" in again.stdout
    assert "in a browser" in again.stdout
    refused = CliRunner().invoke(app, ["render", str(path), "--directions", "zoom"])
    assert "no direction 'zoom'" in str(refused.exception)


@pytest.mark.parametrize("name", ["sheet.png", "gallery.html", "direction_00.gif"])
def test_files_that_no_render_has_drawn_are_not_replaced(name: str, tmp_path: Path) -> None:
    path = of(tmp_path, CAR)
    other = tmp_path / "other"
    other.mkdir()
    (other / "holiday.gif").write_text("theirs")  # in nobody's way
    (other / name).write_text("theirs")
    refused = CliRunner().invoke(app, ["render", str(path), "--out", str(other), *QUICK]).exception
    assert isinstance(refused, OutputError)
    assert f"{other / name} was not drawn by an earlier render" in str(refused)
    assert {file.read_text() for file in other.iterdir()} == {"theirs"}
    (other / name).unlink()
    render(str(path), "--out", str(other))
    render(str(path), "--out", str(other))  # its own files are
    assert (other / "holiday.gif").read_text() == "theirs"


def test_the_help_says_what_mp4_needs() -> None:
    shown = " ".join(CliRunner().invoke(app, ["render", "--help"], env={"COLUMNS": "200"}).stdout.split())
    assert "mp4, which needs: pip install '.[video]'" in shown
