"""``package.module:factory``: imported from the working directory, called, checked, restricted to classes."""

import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from biggan_directions.errors import UnknownClassError, UsageError
from biggan_directions.generators import Generator, ImageClass
from biggan_directions.generators.capabilities import Reclassable
from biggan_directions.generators.factory import is_reference, made_by

MODULE = """
import torch
from biggan_directions import CallableGenerator, load_generator

asked = []

def draw(z, class_index=None):
    level = 0 if class_index is None else class_index[:, None, None, None] / 10
    return (torch.tanh(z[:, :1, None, None]) / 2 + level).expand(-1, 3, 8, 8)

def make(class_name, truncation, device, classes=("image",)):
    asked.append((class_name, truncation, device))
    return CallableGenerator(
        draw, z_dim=4, resolution=8, name="mine", classes=classes, truncation=truncation, device=device
    )

def three(*asked):
    return make(*asked, classes=("day", "night", "dusk"))

def named(class_name, truncation, device):
    return make(class_name, truncation, device, classes=(class_name,))

class Plain:
    model, resolution, z_dim, truncation, weights_sha256, license = "plain", 8, 4, 1.0, "0" * 64, ""
    device = torch.device("cpu")
    def __init__(self):
        self.classes = load_generator("toybox", ["car", "duck"]).classes
    def __call__(self, z, class_index=None):
        return draw(z)

def plain(*asked):
    return Plain()

def toys(class_name, truncation, device):
    return load_generator("toybox", class_name or "all", truncation=truncation, device=device)

def tensor(*asked):
    return torch.zeros(3)

def broken(*asked):
    raise ValueError("no such\\nweights")

def leaves(*asked):
    raise SystemExit(3)

def few():
    pass

number = 7
class nested:
    make = staticmethod(make)
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A working directory with a module ``mine`` and a package ``inner``."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    (tmp_path / "mine.py").write_text(MODULE, "utf-8")
    (tmp_path / "inner").mkdir()
    (tmp_path / "inner" / "models.py").write_text("from mine import make, helpful\n", "utf-8")
    (tmp_path / "inner" / "sound.py").write_text("from mine import make\n", "utf-8")
    (tmp_path / "lacking.py").write_text("import no_such_package\n", "utf-8")
    (tmp_path / "script.py").write_text("import sys\nsys.exit('usage: script.py FILE')\n", "utf-8")
    before = set(sys.modules)
    yield tmp_path
    for name in set(sys.modules) - before:
        if name.partition(".")[0] in {"mine", "inner", "lacking", "script"}:
            del sys.modules[name]


def made(reference: str, names: list[str] | None = None, truncation: float | None = None) -> Generator:
    return made_by(reference, names, truncation=truncation, device="cpu")


@pytest.mark.parametrize(
    ("text", "is_one"),
    [
        *(("mine:make", True), ("a.b_c.d2:e.f", True), ("größe:mache", True), ("mine.py:make", True)),
        *(("toybox", False), ("./mine:make", False), ("mine:", False), (":make", False), ("a:b:c", False)),
        *(
            ("C:\\models", False),
            ("mine:make()", False),
            ("mine:make\n", False),
            ("a b:c", False),
            ("a:1", False),
        ),
        *(("..:x", False), ("a..b:c", False), ("a:1", False), ("-m:x", False), ("http://x", False)),
    ],
)
def test_what_is_a_reference(text: str, is_one: bool) -> None:
    assert is_reference(text) is is_one


@pytest.mark.parametrize("reference", ["mine:make", "inner.sound:make", "mine:nested.make"])
def test_a_factory_of_the_working_directory(reference: str, folder: Path) -> None:
    generator = made(reference)
    assert generator.model == reference
    assert generator.classes == (ImageClass(0, "image"),)
    assert tuple(generator(torch.zeros(2, 4)).shape) == (2, 3, 8, 8)
    assert sys.path[0] != str(folder)  # where it could hide a module that is not imported yet
    assert sys.path[-1] == str(folder)  # for what the generator may import later


def test_what_a_factory_is_asked(folder: Path) -> None:
    made("mine:make")
    made("mine:make", ["image"], 0.5)
    made("mine:make", ["all"])
    made("mine:three", ["day", "dusk"])
    found = sys.modules["mine"].asked
    assert found == [(None, None, "cpu"), ("image", 0.5, "cpu"), (None, None, "cpu"), (None, None, "cpu")]


def test_classes_are_restricted_to_those_that_are_named(folder: Path) -> None:
    assert [item.name for item in made("mine:three").classes] == ["day", "night", "dusk"]
    assert [item.name for item in made("mine:three", ["all"]).classes] == ["day", "night", "dusk"]
    part = made("mine:three", ["Dusk", "0", "dusk"])
    assert part.classes == (ImageClass(2, "dusk"), ImageClass(0, "day"))
    assert isinstance(part, Reclassable)
    level = part(torch.zeros(2, 4), torch.tensor([0, 1])).amax((1, 2, 3))
    assert level.tolist() == pytest.approx([0.2, 0.0])
    assert made("mine:named", ["sea"]).classes == (ImageClass(0, "sea"),)
    assert made("mine:toys", ["duck", "car"]).classes == (ImageClass(8, "duck"), ImageClass(4, "car"))
    with pytest.raises(UnknownClassError, match="'noon'; this model's are 0 day, 1 night, 2 dusk"):
        made("mine:three", ["noon"])
    with pytest.raises(UnknownClassError, match="'day'; this model's are 0 image"):
        made("mine:make", ["day"])


def test_a_generator_that_cannot_be_restricted(folder: Path) -> None:
    assert len(made("mine:plain", ["car", "duck"]).classes) == 2
    with pytest.raises(UsageError, match="mine:plain draws 2 classes and cannot be restricted"):
        made("mine:plain", ["duck"])


@pytest.mark.parametrize(
    ("reference", "says"),
    [
        ("nowhere:make", r"no module 'nowhere' in .*: type the command in the folder that has nowhere\.py"),
        ("nowhere.at.all:make", r"there is no module 'nowhere\.at\.all' in .* that has nowhere/at/all\.py"),
        ("inner.absent:make", r"there is no module 'inner\.absent'"),
        ("mine.py:make", "leave out the ending and write mine:FACTORY"),
        ("mine:absent", r"the module mine \(.*mine\.py\) has no 'absent'"),
        ("mine:nested.absent", r"has no 'nested\.absent'"),
        ("sys:absent", r"the module sys \(built in\) has no 'absent'"),
        ("mine:number", r"a int, expected a function factory\(class_name, truncation, device\)"),
        ("mine:tensor", r"returned a Tensor, which is no generator \(it has no model, .*CallableGenerator"),
        ("mine:few", r"mine:few raised TypeError: few\(\) takes 0 positional arguments but 3 were given"),
        ("mine:broken", r"ValueError: no such; to see where, type: python -c 'import mine; mine\.broken\("),
        ("mine:leaves", r"mine:leaves raised SystemExit: 3"),
        ("script:make", r"importing script raised SystemExit: usage: script\.py FILE; .* -c 'import script'"),
        ("lacking:make", r"importing lacking raised ModuleNotFoundError: .* 'no_such_package'"),
        ("inner.models:make", r"importing inner\.models raised ImportError: cannot import name 'helpful'"),
    ],
)
def test_what_goes_wrong_is_one_sentence(reference: str, says: str, folder: Path) -> None:
    with pytest.raises(UsageError, match=says) as caught:
        made(reference)
    assert "\n" not in str(caught.value)


def test_the_command_that_shows_where_it_went_wrong(folder: Path) -> None:
    with pytest.raises(UsageError) as caught:
        made("mine:broken", ["it's $(a sea)"], 0.5)
    words = shlex.split(str(caught.value).partition("type: ")[2])
    assert words[:2] == ["python", "-c"]
    done = subprocess.run([sys.executable, *words[1:]], capture_output=True, text=True, check=False)
    assert "in broken" in done.stderr
    assert """mine.broken("it's $(a sea)", 0.5, "cpu")""" in words[2]
    assert "ValueError: no such\nweights" in done.stderr


def test_arguments_are_checked_before_anything_is_imported(folder: Path) -> None:
    with pytest.raises(UsageError, match="truncation must be above 0"):
        made("lacking:make", truncation=2.0)
    with pytest.raises(UsageError, match="device 'tpu9'"):
        made_by("lacking:make", None, truncation=None, device="tpu9")
