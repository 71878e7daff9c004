"""Names of directions in their file: the rules, the lock, and that nothing is half-written."""

import os
from pathlib import Path

import pytest
import torch

from biggan_directions.directions import Directions
from biggan_directions.errors import FileFormatError, OutputError, UsageError
from biggan_directions.runs.folder import held
from biggan_directions.runs.naming import rename
from biggan_directions.toybox import true_directions
from tests.explore.conftest import NASTY, toybox_directions


@pytest.fixture
def path(tmp_path: Path) -> Path:
    toybox_directions().save(tmp_path / "directions.pt")
    return tmp_path / "directions.pt"


def test_names_are_kept_and_all_else_is_as_before(path: Path) -> None:
    found = rename(path, {2: " wheels ", 0: ""})
    again = Directions.load(path)
    assert found.names == again.names == ("", NASTY, "wheels")
    assert torch.equal(again.directions, toybox_directions().directions)
    assert (again.model, again.classes) == (toybox_directions().model, toybox_directions().classes)
    assert os.listdir(path.parent) == ["directions.pt"]
    assert rename(path, {0: "wheels", 2: "turn"}).names == ("wheels", NASTY, "turn")  # names change places


@pytest.mark.parametrize(
    ("names", "says"),
    [
        ({2: "azimuth"}, "direction 0 is named 'azimuth' already: choose another name"),
        ({2: "\uff41zimuth "}, "direction 0 is named 'azimuth' already"),
        ({1: "a", 2: "a"}, "direction 2 is named 'a' already"),
        ({0: "a\u202e\n", 2: "a\u202e\n"}, "named 'a\ufffd' already"),
        ({2: " \uff17"}, "is a number, which is not a name"),
        ({3: "x"}, "there is no direction 3: this file has 0 to 2"),
        ({2: "x" * 1001}, "has 1001 characters: expected at most 1000"),
    ],
)
def test_a_name_that_cannot_be_is_refused_and_nothing_is_written(
    path: Path, names: dict[int, str], says: str
) -> None:
    before = path.read_bytes()
    with pytest.raises(UsageError, match=says):
        rename(path, names)
    assert path.read_bytes() == before


def test_a_file_without_a_place_for_names_is_refused(tmp_path: Path) -> None:
    torch.save(true_directions()[1], tmp_path / "bare.pt")
    with pytest.raises(UsageError, match=r"bare\.pt is a bare matrix, which has no place for names"):
        rename(tmp_path / "bare.pt", {0: "turn"})
    with pytest.raises(FileFormatError):
        rename(tmp_path / "not" / "there.pt", {0: "turn"})
    assert os.listdir(tmp_path) == ["bare.pt"]


def test_while_another_run_writes_into_the_folder_nothing_is_named(path: Path) -> None:
    before = path.read_bytes()
    with held(path.parent), pytest.raises(OutputError, match="another run is writing") as refused:
        rename(path, {2: "wheels"})
    assert "--out" not in str(refused.value)
    assert path.read_bytes() == before
    rename(path, {2: "wheels"})


def test_directions_that_were_learnt_anew_are_not_named_for_the_old_ones(path: Path) -> None:
    old = Directions.load(path).directions
    rename(path, {2: "wheels"}, expected=old)
    with pytest.raises(UsageError, match="now holds other directions"):
        rename(path, {2: "turn"}, expected=old.flip(0))
    assert Directions.load(path).names[2] == "wheels"


def test_a_full_disk_leaves_the_file_as_it_was(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = path.read_bytes()

    def full(self: Path, content: bytes) -> int:
        with self.open("wb") as file:
            file.write(content[: len(content) // 2])
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(OutputError, match="No space left on device") as refused:
        rename(path, {2: "wheels"})
    assert "--out" not in str(refused.value)
    assert path.read_bytes() == before
    assert os.listdir(path.parent) == ["directions.pt"]
