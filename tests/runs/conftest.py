"""A folder to run in, and what runs leave in it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.killed_runs import ONE, Fault, files, run


@pytest.fixture
def folder(net: Path, tmp_path: Path) -> Path:
    """Where that generator is called ``net``."""
    (tmp_path / "net").symlink_to(net)
    return tmp_path


@pytest.fixture(scope="session")
def alone(net: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """The files of a run that nothing happens to."""
    folder = tmp_path_factory.mktemp("alone")
    (folder / "net").symlink_to(net)
    done = run(ONE, folder)
    assert done.code == 0, done.err
    found = files(folder / "out")
    assert set(found) == {"directions.pt", "scorecard.json"}
    return found


@pytest.fixture(scope="session")
def stopped(net: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """The files of a run that was killed when it began to write directions.pt."""
    folder = tmp_path_factory.mktemp("stopped")
    (folder / "net").symlink_to(net)
    assert run(ONE, folder, fault=Fault("write", 2)).code == 137
    return files(folder / "out")


@pytest.fixture
def leave(folder: Path) -> Callable[[dict[str, bytes]], None]:
    """Put the files of a run into ``FOLDER/out``."""

    def left(content: dict[str, bytes]) -> None:
        (folder / "out").mkdir()
        for name, data in content.items():
            (folder / "out" / name).write_bytes(data)

    return left
