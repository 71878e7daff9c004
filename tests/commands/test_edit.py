"""The edit command: several directions on one picture, and what the live page's command gives."""

import hashlib
import io
import json
import shlex
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from typer.testing import CliRunner, Result

from biggan_directions import load_generator, sample_latents
from biggan_directions.cli import app
from biggan_directions.commands.edit import parse_moves
from biggan_directions.directions import Directions
from biggan_directions.errors import UsageError
from biggan_directions.generators import ImageClass
from biggan_directions.rendering.images import to_bytes
from biggan_directions.toybox import true_directions


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Of the toybox's first three true directions, two of them named."""
    car = load_generator("toybox", "car")
    model = {"name": "toybox", "resolution": 64, "z_dim": 32, "weights_sha256": car.weights_sha256}
    found = Directions(
        directions=true_directions()[1][:3].float(),
        names=("turn", "", "a=b"),
        effect=torch.tensor([0.2, 0.2, 0.2]),
        penalty=torch.zeros(3),
        model=model,
        classes=(ImageClass(4, "car"), ImageClass(8, "duck")),
        truncation=1.0,
        seed=0,
        solver={"name": "jacobi"},
    )
    found.save(tmp_path_factory.mktemp("edit") / "directions.pt")
    return tmp_path_factory.getbasetemp() / "edit0" / "directions.pt"


def edit(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["edit", *arguments])


def test_an_image_that_is_not_moved_is_written_with_a_word(path: Path, tmp_path: Path) -> None:
    target = tmp_path / "still.png"
    done = edit(str(path), "--seed", "7", "--class", "car", "--out", str(target))
    assert done.exit_code == 0, done.output
    assert "nothing is moved, since there is no --move: it is given as --move DIRECTION=DISTANCE" in " ".join(
        done.stderr.split()
    )
    z = sample_latents(1, 32, truncation=1.0, seed=7, purpose="rendering")
    expected = to_bytes(load_generator("toybox", "car")(z))[0].astype(int)
    assert np.abs(np.asarray(Image.open(target)).astype(int) - expected).max() <= 1
    moved = edit(str(path), "--class", "car", "--move", "0=1", "--out", str(target))
    assert "nothing is moved" not in moved.stderr


def test_a_picture_is_the_generator_s_at_the_moved_latent(path: Path) -> None:
    done = edit(str(path), "--seed", "7", "--move", "turn=2", "--move", "1=-1", "--class", "car")
    assert done.exit_code == 0, done.output
    assert str(path.parent / "edit.png") in done.stdout.replace("\n", "")
    car, q = load_generator("toybox", "car"), true_directions()[1].float()
    z = sample_latents(1, 32, truncation=1.0, seed=7, purpose="rendering")
    expected = to_bytes(car(z + 2 * q[0] - q[1]))[0].astype(int)
    image = Image.open(path.parent / "edit.png")
    assert image.size == (64, 64)
    assert np.abs(np.asarray(image).astype(int) - expected).max() <= 1


def test_several_samples_are_spread_over_the_file_s_classes(path: Path, tmp_path: Path) -> None:
    target = tmp_path / "two.png"
    done = edit(str(path), "--samples", "2", "--out", str(target), "--json")
    facts = json.loads(done.stdout)
    assert sorted(facts["classes"]) == ["car", "duck"]
    z = sample_latents(2, 32, truncation=1.0, seed=0, purpose="rendering")
    images = np.asarray(Image.open(target)).astype(int)
    for sample, name in enumerate(facts["classes"]):
        expected = to_bytes(load_generator("toybox", name)(z[sample : sample + 1]))[0].astype(int)
        shown = images[:, :64] if sample == 0 else images[:, -64:]
        assert np.abs(shown - expected).max() <= 1


def test_a_sample_alone_is_that_of_the_seed_and_its_class(path: Path, tmp_path: Path) -> None:
    facts = json.loads(edit(str(path), "--samples", "3", "--out", str(tmp_path / "a.png"), "--json").stdout)
    done = edit(str(path), "--sample", "2", "--sample", "0", "--out", str(tmp_path / "b.png"), "--json")
    assert json.loads(done.stdout)["classes"] == [facts["classes"][2], facts["classes"][0]]
    three, two = (np.asarray(Image.open(tmp_path / name)).astype(int) for name in ("a.png", "b.png"))
    assert np.abs(two[:, :64] - three[:, -64:]).max() <= 1
    assert np.abs(two[:, -64:] - three[:, :64]).max() <= 1


def test_the_png_says_how_it_was_made_and_its_command_makes_the_same_file(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    asked = ("--samples", "2", "--move", "turn=0.1234567", "--move", "1=0", "--truncation", "0.43")
    assert edit(str(path), *asked, "--seed", "3", "--device", "cpu", "--out", "a.png").exit_code == 0
    text = Image.open("a.png").info
    assert text["Software"].startswith("biggan-directions ")
    assert (text["Model"], text["Class"], text["Truncation"]) == ("toybox", "car, duck", "0.44")
    assert (text["Seed"], text["Samples"], text["Moves"]) == ("3", "0, 1", "0 (turn)=0.1234567")
    assert text["Directions SHA-256"] == hashlib.sha256(path.read_bytes()).hexdigest()
    words = shlex.split(text["Command"])
    assert words[:3] == ["biggan-directions", "edit", str(path)]
    first = Path("a.png").read_bytes()
    Path("a.png").unlink()
    assert edit(*words[2:]).exit_code == 0
    assert np.array_equal(np.asarray(Image.open("a.png")), np.asarray(Image.open(io.BytesIO(first))))


@pytest.mark.parametrize("suffix", [".gif", ".webp", ".apng", ".mp4"])
def test_the_way_there_is_an_animation_by_its_suffix(path: Path, tmp_path: Path, suffix: str) -> None:
    target = tmp_path / f"way{suffix}"
    done = edit(str(path), "--move", "0=2", "--frames", "4", "--out", str(target))
    assert done.exit_code == 0, done.output
    if suffix == ".mp4":
        frames, seconds = pytest.importorskip("imageio_ffmpeg").count_frames_and_secs(str(target))
        assert (frames, round(seconds, 2)) == (4, 0.2)
        return
    image = Image.open(target)
    shown: list[np.ndarray[tuple[int, ...], np.dtype[np.uint8]]] = []
    duration = 0.0
    for frame in range(getattr(image, "n_frames", 1)):
        image.seek(frame)
        image.load()
        duration += image.info["duration"]
        shown.append(np.asarray(image.convert("RGB")))
    assert duration == 200
    assert np.abs(shown[0].astype(int) - shown[len(shown) // 2]).max() > 50


def test_a_foreign_file_needs_a_model_and_a_class(tmp_path: Path) -> None:
    torch.save(true_directions()[1], tmp_path / "bare.pt")
    refused = edit(str(tmp_path / "bare.pt"), "--move", "0=1")
    assert isinstance(refused.exception, UsageError)
    assert "--model" in str(refused.exception)
    done = edit(str(tmp_path / "bare.pt"), "--move", "0=1", "--model", "toybox", "--class", "mug")
    assert done.exit_code == 0, done.output
    assert (tmp_path / "edit.png").is_file()


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--move", "3=1"], "there is no direction '3': this file has 0 to 2, and the names turn, a=b"),
        (["--move", "zoom=1"], "no direction 'zoom'"),
        (["--move", "0"], "is not DIRECTION=DISTANCE"),
        (["--move", "0=far"], "is not DIRECTION=DISTANCE"),
        (["--move", "0=nan"], "is not DIRECTION=DISTANCE"),
        (["--move", "0=1@8"], "there is no layer 8: toybox has 8 layers (0 generator.gen_z"),
        (["--move", "0=1@"], "layers are numbers and ranges"),
        (["--layers", "0-9"], "there is no layer 8"),
        (["--move", "0=1", "--move", "turn=2"], "direction 0 is moved twice"),
        (["--out", "picture.jpg"], "expected .png"),
        (["--out", "directions.pt"], "expected .png"),
        (["--samples", "0"], "samples is 0"),
        (["--samples", "2", "--sample", "1"], "--sample and --samples exclude each other"),
        (["--class", "kar"], "car"),
    ],
)
def test_bad_input_is_one_clear_sentence(path: Path, arguments: list[str], says: str) -> None:
    before = path.read_bytes()
    (path.parent / "edit.png").unlink(missing_ok=True)
    refused = edit(str(path), *arguments)
    assert isinstance(refused.exception, UsageError)
    assert says in str(refused.exception)
    assert [file.name for file in path.parent.iterdir()] == ["directions.pt"]
    assert path.read_bytes() == before


def test_names_may_hold_equals_signs_and_never_stand_before_a_number() -> None:
    assert parse_moves(["a=b=-1.5"], ["", "a=b"]).by == {1: -1.5}
    assert parse_moves(["1=2"], ["1", ""]).by == {1: 2.0}  # as the pages' commands mean it
    assert parse_moves(["a@b=2@0-3", "1=1"], ["a@b", ""]) == ({0: 2.0, 1: 1.0}, {0: "0-3"})
    with pytest.raises(UsageError, match="no direction '7'"):
        parse_moves(["7=2"], ["7", ""])
    with pytest.raises(UsageError, match="all named 'zoom'"):
        parse_moves(["zoom=1"], ["zoom", "zoom"])


def test_the_size_is_that_of_each_image_and_the_record_s_command_has_it(path: Path, tmp_path: Path) -> None:
    target = tmp_path / "large.png"
    done = edit(str(path), "--samples", "1", "--size", "256", "--class", "car", "--out", str(target))
    assert done.exit_code == 0, done.output
    image = Image.open(target)
    assert image.size == (256, 256)
    assert "--size 256" in image.text["Command"]  # type: ignore[attr-defined]
    refused = edit(str(path), "--size", "100", "--out", str(target))
    assert isinstance(refused.exception, UsageError)
    assert "size is 100: this model's images can be 64, 128" in str(refused.exception)


@pytest.mark.parametrize(("distance", "warned"), [("2", False), ("-2", False), ("2.1", True), ("-9", True)])
def test_a_move_beyond_what_render_shows_is_noted(
    path: Path, distance: str, warned: bool, tmp_path: Path
) -> None:
    done = edit(str(path), "--move", f"turn={distance}", "--out", str(tmp_path / "far.png"), "--json")
    assert ("further than render goes, which is ±2 of z (effect 0.2)" in done.stderr) == warned
    assert json.loads(done.stdout)["moves"] == {"0": float(distance)}


def test_a_folder_is_no_file_to_write(path: Path, tmp_path: Path) -> None:
    refused = edit(str(path), "--out", str(tmp_path))
    assert isinstance(refused.exception, UsageError)
    assert f"is a folder: give a file, such as --out {tmp_path / 'edit.png'}" in str(refused.exception)


def test_small_files_are_not_0_megabytes(path: Path, tmp_path: Path) -> None:
    done = edit(str(path), "--class", "car", "--out", str(tmp_path / "small.png"))
    assert "kB" in done.stdout
