"""A small checkpoint on a server of the test's own, and a cache of the test's own."""

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from biggan_directions.generators.weights import download
from biggan_directions.generators.weights.download import file_sha256
from tests.support.checkpoints import write_checkpoint
from tests.support.file_server import FileServer, serve
from tests.support.small_weights import COMMIT, REPO


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache of the test's own, and no patience."""
    monkeypatch.setenv("BIGGAN_DIRECTIONS_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
    monkeypatch.setattr(download, "_FIRST_PAUSE_S", 0.0)
    return tmp_path / "cache"


@pytest.fixture(scope="session")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small checkpoint in the older format, as the published files are."""
    return write_checkpoint(tmp_path_factory.mktemp("published"), older_format=True)


@pytest.fixture(scope="session")
def sha256(published: Path) -> str:
    return file_sha256(published / "pytorch_model.bin")


@pytest.fixture
def server(published: Path) -> Iterator[FileServer]:
    bodies = {name: (published / name).read_bytes() for name in ("config.json", "pytorch_model.bin")}
    files = {f"/{name}": body for name, body in bodies.items()}
    files |= {f"/{REPO}/resolve/{COMMIT}/{name}": body for name, body in bodies.items()}
    with serve(files=files, commit=COMMIT) as running:
        yield running


@pytest.fixture
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("the network was used")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
