"""An architecture is one folder, or another package's entry point; config.json says which one it is of."""

import importlib
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from typer.testing import CliRunner

from biggan_directions import LearnSettings, generators, learn, load_generator
from biggan_directions.cli import app
from biggan_directions.errors import FileFormatError, UsageError
from biggan_directions.generators import registry
from biggan_directions.generators.biggan_deep.architecture import BigGANDeep
from biggan_directions.generators.load import model_facts, verify
from tests.support import architectures
from tests.support.checkpoints import SMALL, write_checkpoint

PLUGIN = "tests.support.architectures.tiny_sine.architecture:ARCHITECTURE"


def write_config(folder: Path, **values: Any) -> Path:
    folder.mkdir(exist_ok=True)
    path = folder / "config.json"
    path.write_text(json.dumps(values), "utf-8")
    return path


def write_sine(folder: Path) -> Path:
    """A model's folder of the tiny architecture: 8 pixels, 6 numbers, two classes with names."""
    classes = ["ripple", {"names": ["swell", "sea"]}]
    write_config(folder, sine_side=8, z_dim=6, num_classes=2, classes=classes)
    random = torch.Generator().manual_seed(0)
    state = {"matrix": torch.randn(6, 192, generator=random), "phases": torch.tensor([0.0, 1.0])}
    torch.save(state, folder / "pytorch_model.bin")
    return folder


@pytest.fixture
def own_folder() -> Iterator[None]:
    """The tiny architecture's folder, as if it lay among those of ``generators/``."""
    added = [*architectures.__path__]
    generators.__path__ += added
    importlib.invalidate_caches()
    yield
    for path in added:
        generators.__path__.remove(path)
    for name in [name for name in sys.modules if name.startswith("biggan_directions.generators.tiny_sine")]:
        del sys.modules[name]


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A package that adds the tiny architecture by an entry point; the file with its entry points."""
    folder = tmp_path / "site" / "sines-1.0.dist-info"
    folder.mkdir(parents=True)
    (folder / "METADATA").write_text("Metadata-Version: 2.1\nName: sines\nVersion: 1.0\n", "utf-8")
    points = folder / "entry_points.txt"
    points.write_text(f"[{registry.GROUP}]\ntiny-sine = {PLUGIN}\n", "utf-8")
    monkeypatch.syspath_prepend(str(tmp_path / "site"))
    return points


def test_a_folder_is_an_architecture(own_folder: None, tmp_path: Path) -> None:
    folder = write_sine(tmp_path / "sea")
    assert registry.names() == ["biggan", "biggan-deep", "tiny-sine"]
    assert type(registry.architecture_of(folder / "config.json")).__name__ == "TinySine"
    assert [entry.names for entry in model_facts(folder).classes] == [("ripple",), ("swell", "sea")]
    generator = load_generator(folder, "sea", truncation=0.5)
    assert [item.name for item in generator.classes] == ["swell"]
    assert (generator.truncation, generator.weights_sha256) == (0.5, verify(folder).sha256)
    found = learn(generator, LearnSettings(ndirs=2, latents=4))
    assert (found.directions @ found.directions.T - torch.eye(2)).abs().max() < 1e-5


def test_the_commands_know_it(own_folder: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write_sine(tmp_path / "sea")
    runner = CliRunner()
    listed = runner.invoke(app, ["classes", "--model", "./sea"])
    assert listed.output.split("\n")[:2] == ["   0  ripple", "   1  swell, sea"]
    assert "2 tensors" in runner.invoke(app, ["models", "--check", "./sea"]).output
    asked = ["learn", "--model", "./sea", "--class", "all", "--ndirs", "2", "--latents", "4", "--out", "."]
    for command in (asked, ["inspect", "directions.pt", "--model", "./sea"]):
        done = runner.invoke(app, command)
        assert done.exit_code == 0, done.output
    assert "ripple, swell" in done.output


def test_another_package_adds_one(installed: Path, tmp_path: Path) -> None:
    assert registry.names() == ["biggan", "biggan-deep", "tiny-sine"]
    assert load_generator(write_sine(tmp_path / "sea"), "ripple").resolution == 8


def test_a_package_that_is_broken_is_named_and_spoils_no_other_model(installed: Path, tmp_path: Path) -> None:
    installed.write_text(f"[{registry.GROUP}]\ntiny-sine = no_such_module:ARCHITECTURE\n", "utf-8")
    assert load_generator(write_checkpoint(tmp_path / "mine"), "0").resolution == 16
    with pytest.raises(UsageError, match=r"'tiny-sine' of the package sines .* named 'no_such_module'"):
        load_generator(write_sine(tmp_path / "sea"), "ripple")


class Broken:
    """An architecture that fails on every configuration."""

    def recognises(self, config: Any) -> bool:
        raise KeyError("side")


BROKEN = Broken()


@pytest.mark.parametrize("broken", ["no_such_module:ARCHITECTURE", f"{__name__}:BROKEN"])
def test_a_broken_architecture_blocks_no_other_one(broken: str, installed: Path, tmp_path: Path) -> None:
    installed.write_text(f"[{registry.GROUP}]\na-first = {broken}\ntiny-sine = {PLUGIN}\n", "utf-8")
    assert load_generator(write_sine(tmp_path / "sea"), "ripple").resolution == 8
    with pytest.raises(UsageError, match=r"recognised by none .* 'a-first' of the package sines") as raised:
        registry.architecture_of(write_config(tmp_path / "unknown", z_dim=4))
    assert ("named 'no_such_module'" in str(raised.value)) or ("KeyError: 'side'" in str(raised.value))


def test_a_folder_of_no_architecture(tmp_path: Path) -> None:
    path = write_config(tmp_path, z_dim=4, num_classes=3)
    with pytest.raises(FileFormatError, match=r"no architecture that is installed \(biggan, biggan-deep\)"):
        registry.architecture_of(path)
    with pytest.raises(
        FileFormatError, match="'mine', which is not installed; there are biggan, biggan-deep"
    ):
        registry.architecture_of(write_config(tmp_path, architecture="mine", **SMALL))
    path.write_text("[]", "utf-8")
    with pytest.raises(FileFormatError, match=r"it is \[\], expected an object"):
        registry.architecture_of(path)


def test_a_folder_that_could_be_of_two_says_which(own_folder: None, tmp_path: Path) -> None:
    path = write_config(tmp_path, sine_side=8, **SMALL)
    with pytest.raises(FileFormatError, match=r'and tiny-sine: write .* "architecture": "biggan-deep"'):
        registry.architecture_of(path)
    path = write_config(tmp_path, sine_side=8, architecture="biggan-deep", **SMALL)
    assert isinstance(registry.architecture_of(path), BigGANDeep)
