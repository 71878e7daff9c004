"""Models on the command line: listed, fetched from a server of the test's own, verified, used offline."""

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from biggan_directions.generators.weights import catalog, download
from tests.support.checkpoints import write_checkpoint
from tests.support.elsewhere import Done, Elsewhere, run_main
from tests.support.file_server import FileServer, serve
from tests.support.small_weights import at, small


def with_small(urls: list[str], arguments: list[str], folder: Path, environment: dict[str, str]) -> None:
    """The command line, with one more model in its catalog: a small one, at these addresses."""
    os.environ.pop("HF_HUB_OFFLINE", None)
    download._FIRST_PAUSE_S = 0.0
    catalog.CATALOG.append(small(*map(at, urls)))
    run_main(arguments, folder, environment)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[FileServer]:
    folder = write_checkpoint(tmp_path / "published", older_format=True)
    files = {f"/{name}": (folder / name).read_bytes() for name in ("config.json", "pytorch_model.bin")}
    with serve(files=files) as running:
        yield running


class Shell:
    """A user with a cache of his own."""

    def __init__(self, folder: Path, server: FileServer) -> None:
        self.folder, self.cache, self.server = folder, folder / "cache", server

    def run(self, *arguments: str, **environment: str) -> Done:
        urls = [f"{self.server.url}/gone", self.server.url]
        own = {"BIGGAN_DIRECTIONS_CACHE": str(self.cache), "COLUMNS": "80", **environment}
        return Elsewhere(with_small, urls, list(arguments), self.folder, own).end()

    def state(self) -> str:
        rows = json.loads(self.run("models", "--json").out)
        return str(next(row["state"] for row in rows if row["name"] == "small"))


@pytest.fixture
def shell(tmp_path: Path, server: FileServer) -> Shell:
    return Shell(tmp_path, server)


def test_the_table_keeps_a_row_to_a_line_of_80_columns(shell: Shell) -> None:
    lines = shell.run("models").out.splitlines()
    published = [f"biggan-deep-{resolution}" for resolution in (128, 256, 512)]
    names = ["toybox", "fashion", *published, "biggan-128", "small"]
    assert [line.split()[0] for line in lines[1:8]] == names
    assert all(len(line) <= 80 for line in lines[:8])
    assert "TensorFlow Hub" in lines[8]  # what the assumed licences rest on, once
    assert "that of its code" in lines[9]
    assert lines[-1] == "next: biggan-directions models --fetch biggan-deep-128"


def test_fetched_from_the_next_source_then_used_with_no_network(shell: Shell) -> None:
    fetched = shell.run("models", "--fetch", "Small")
    assert fetched.code == 0, fetched.err
    assert str(shell.cache / "small") in fetched.out.replace("\n", "")
    assert shell.server.requests[0][1] == "/gone/config.json"
    assert shell.state() == "cached"
    shell.server.requests.clear()
    checked = json.loads(shell.run("models", "--check", "small", "--json", HF_HUB_OFFLINE="1").out)
    record = json.loads((shell.cache / "small" / "record.json").read_text())
    assert checked["sha256"] == record["files"]["pytorch_model.bin"]["sha256"]
    learnt = shell.run("learn", "--model", "small", "--class", "1", "--ndirs", "1", "--solver", "random")
    assert learnt.code == 0, learnt.err
    assert shell.server.requests == []


def test_a_broken_fetch_says_so_and_goes_on_later(shell: Shell) -> None:
    shell.server.break_after = [10**9, 131_072, *([0] * 20)]
    done = shell.run("models", "--fetch", "small")
    assert done.code == 1
    assert "Traceback" not in done.err
    assert "resumes from there" in done.err
    assert shell.state() == "partial"
    shell.server.break_after, shell.server.requests = [], []
    assert shell.run("models", "--fetch", "small").code == 0
    assert shell.server.asked("/pytorch_model.bin") == ["bytes=131072-"]


def test_no_connection_is_one_message(shell: Shell) -> None:
    done = shell.run("learn", "--model", "small", "--class", "1", HF_HUB_OFFLINE="1")
    assert done.code == 1
    assert "Traceback" not in done.err
    for part in (f"{shell.server.url}/pytorch_model.bin", str(shell.cache / "small"), "--model toybox works"):
        assert part in done.err
    assert not list(shell.folder.glob("outputs/**/*.pt"))
    assert shell.server.requests == []


def test_changed_weights_are_not_used_and_check_says_what_to_do(shell: Shell) -> None:
    shell.run("models", "--fetch", "small")
    path = shell.cache / "small" / "pytorch_model.bin"
    body = bytearray(path.read_bytes())
    body[len(body) // 2] ^= 1
    path.write_bytes(body)
    for arguments in (["models", "--check", "small"], ["learn", "--model", "small", "--class", "1"]):
        done = shell.run(*arguments)
        assert done.code == 1
        assert "SHA-256" in done.err
        assert "models --fetch small" in done.err
    assert shell.run("models", "--fetch", "small").code == 0
    assert shell.run("models", "--check", "small").code == 0


def test_what_does_not_load_is_not_taken(shell: Shell, tmp_path: Path) -> None:
    """A source whose file has the size of weights and is none: nothing says so but its tensors."""
    shell.server.files["/gone/config.json"] = shell.server.files["/config.json"]
    shell.server.files["/gone/pytorch_model.bin"] = bytes(len(shell.server.files["/pytorch_model.bin"]))
    assert shell.run("models", "--fetch", "small").code == 0
    assert shell.run("models", "--check", "small").code == 0


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (["--fetch", "nosuch"], 2, "biggan-directions models"),
        (["--check", "nosuch"], 2, "biggan-directions models"),
        (["--check", "small"], 1, "models --fetch small"),
        (["--check", "./nowhere"], 2, "there is no folder"),
        (["--fetch", "small", "--check", "small"], 2, "either"),
    ],
)
def test_bad_input(shell: Shell, arguments: list[str], code: int, says: str) -> None:
    done = shell.run("models", *arguments)
    assert done.code == code
    assert says in done.err
    assert "Traceback" not in done.err


def test_a_truncation_that_is_not_stored_moves_and_is_said(shell: Shell) -> None:
    folder = str(shell.folder / "published")
    arguments = ("learn", "--model", folder, "--class", "1", "--ndirs", "1", "--solver", "random")
    done = shell.run(*arguments, "--truncation", "0.7")  # three rows: 0, 0.5 and 1
    assert done.code == 0, done.err
    assert "truncation 0.7 is not stored: using the nearest, 0.5" in done.err
