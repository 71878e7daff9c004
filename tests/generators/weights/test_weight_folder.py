"""The two files in a folder that somebody filled: found, and only read."""

import os
import shutil
from pathlib import Path

import pytest

from biggan_directions.errors import FileFormatError, UsageError, WeightsError
from biggan_directions.generators.biggan_deep.layout import load_state
from biggan_directions.generators.load import verify
from biggan_directions.generators.weights.locating import locate_weights


def test_by_path_and_only_read(published: Path, tmp_path: Path, no_network: None) -> None:
    folder = tmp_path / "mine"
    shutil.copytree(published, folder)
    before = sorted(os.listdir(folder))
    for given in (folder, str(folder)):
        found = locate_weights(given)
        assert found.state_path == folder / "pytorch_model.bin"
    assert verify(folder).sha256 == found.sha256
    assert sorted(os.listdir(folder)) == before


def test_by_a_bare_name(published: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copytree(published, tmp_path / "mine")
    monkeypatch.chdir(tmp_path)
    assert locate_weights("mine").state_path == Path("mine/pytorch_model.bin")


def test_under_the_names_that_the_files_have_where_they_are_published(
    published: Path, tmp_path: Path
) -> None:
    for name in ("config.json", "pytorch_model.bin"):
        shutil.copy(published / name, tmp_path / f"biggan-deep-128-{name}")
    load_state(locate_weights(tmp_path))


def test_several_that_could_be_meant(published: Path, tmp_path: Path) -> None:
    shutil.copy(published / "config.json", tmp_path)
    for name in ("a.bin", "b.bin"):
        shutil.copy(published / "pytorch_model.bin", tmp_path / name)
    with pytest.raises(WeightsError, match=r"a.bin and b.bin: which is meant\?"):
        locate_weights(tmp_path)


def test_lacking_one(published: Path, tmp_path: Path) -> None:
    shutil.copy(published / "config.json", tmp_path)
    with pytest.raises(WeightsError, match=r"lacks weights: expected in it config\.json"):
        locate_weights(tmp_path)


def test_no_such_folder(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="there is no folder"):
        locate_weights(tmp_path / "gone")
    with pytest.raises(UsageError, match="nor a folder of that name"):
        locate_weights("gone")


def test_with_a_wrong_tensor(published: Path, tmp_path: Path) -> None:
    shutil.copytree(published, tmp_path / "mine")
    (tmp_path / "mine" / "pytorch_model.bin").write_bytes(b"rubbish" * 20_000)
    with pytest.raises(FileFormatError, match="not a checkpoint of plain tensors"):
        verify(tmp_path / "mine")
