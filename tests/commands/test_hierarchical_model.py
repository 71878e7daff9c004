"""Every command on a folder with a checkpoint of ajbrock's family, and what is said of its weights."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image
from typer.testing import CliRunner, Result

from biggan_directions.cli import app
from biggan_directions.generators.weights import catalog
from biggan_directions.generators.weights.catalog import CatalogEntry
from tests.support.biggan_checkpoints import write_biggan
from tests.support.plain_biggan import small_sizes

FILE = "outputs/mine/class_3/directions.pt"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("BIGGAN_DIRECTIONS_CACHE", str(tmp_path / "cache"))
    return write_biggan(tmp_path / "mine")


def run(*arguments: str, code: int = 0) -> Result:
    done = CliRunner().invoke(app, list(arguments), env={"COLUMNS": "200"})
    assert done.exit_code == code, done.output
    return done


@pytest.mark.slow
def test_every_command_works(folder: Path) -> None:
    learnt = ["learn", "--model", "./mine", "--class", "class_3", "--ndirs", "2", "--latents", "4"]
    run(*learnt)
    shown = json.loads(run("inspect", FILE, "--json").output)
    assert (shown["truncation"], shown["model"]["z_dim"]) == (1.0, 12)
    run("render", FILE, "--samples", "1", "--frames", "4")
    assert (Path(FILE).parent / "gallery.html").is_file()
    run("score", FILE, "--latents", "2")
    run("edit", FILE, "--seed", "7", "--move", "0=1", "--out", "edited.png")
    with Image.open("edited.png") as image:
        assert min(image.size) >= 32
    assert "class_3" in run("classes", "--model", "./mine").output
    run(*learnt, "--solver", "sefa", "--out", "by_sefa")
    run(*learnt, "--search-space", "0:6", "--out", "early")
    run("compare", "by_sefa/directions.pt", "early/directions.pt")
    (folder / "G_ema.pth").rename("download.pth")  # the file itself will do
    run("learn", "--model", "download.pth", *learnt[3:], "--solver", "random", "--out", "of_the_file")


def entry() -> CatalogEntry:
    return replace(
        catalog.find_model("biggan-128"),
        name="small-biggan",
        resolution=32,
        z_dim=12,
        num_classes=5,
        class_names=None,
        parameters=small_sizes().parameters(),
        portrait="class_3",
        sources=(),
    )


@pytest.mark.parametrize("named", ["small-biggan", "./mine"])
def test_check_says_what_is_known_draws_and_says_what_is_not(
    named: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(catalog, "CATALOG", [*catalog.CATALOG, entry()])
    write_biggan(folder.parent / "cache" / "small-biggan")
    said = run("models", "--check", named).output
    for part in (
        f"{small_sizes().parameters():,} parameters",
        "those of small-biggan",
        "not verified: no checksum of G_ema.pth is published",
        "eight images of the class class 3, drawn without truncation",
    ):
        assert part in said
    picture = folder.parent / "outputs" / "small-biggan" / "check.png"
    with Image.open(picture) as image:
        assert image.size == (4 * 32, 2 * 32)
        assert len(set(image.convert("L").tobytes())) > 50
    facts = json.loads(run("models", "--check", named, "--json").output)
    assert facts["picture"] == "outputs/small-biggan/check.png"
    assert facts["parameters"] == small_sizes().parameters()


def test_check_draws_the_first_class_of_weights_with_other_names(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Weights of the published sizes, trained on something else: the portrait's class is not among them."""
    monkeypatch.setattr(catalog, "CATALOG", [*catalog.CATALOG, entry()])
    names = ["mug", "duck", "house", "rocket", "car"]
    (folder / "config.json").write_text(json.dumps({"architecture": "biggan", "classes": names}))
    assert "eight images of the class mug, drawn" in run("models", "--check", "./mine").output
    assert (folder.parent / "outputs" / "small-biggan" / "check.png").is_file()


def test_check_of_sizes_that_are_nobodys_draws_nothing(folder: Path) -> None:
    said = run("models", "--check", "./mine").output
    assert "is sound" in said
    assert "not verified" not in said
    assert not (folder.parent / "outputs").exists()


def test_bad_weights_are_one_sentence_on_the_command_line(folder: Path) -> None:
    (folder / "G_ema.pth").write_bytes(b"<html>Quota exceeded</html>")
    done = run("learn", "--model", "./mine", "--class", "0", code=1)
    assert "is a web page, not a checkpoint of a BigGAN generator" in str(done.exception or done.output)
