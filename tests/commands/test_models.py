"""Models on the command line: listed, fetched from a server of the test's own, verified, used offline."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.checkpoints import write_checkpoint
from tests.support.file_server import FileServer, serve

# The command line, with one more model in its catalog: a small one, at two addresses that follow.
MAIN = """
import sys
from biggan_directions.__main__ import main
from biggan_directions.generators.weights import catalog
from biggan_directions.generators.weights import download
sources = tuple(
    catalog.UrlSource(config_url=url + "/config.json", weights_url=url + "/pytorch_model.bin")
    for url in sys.argv[1:3]
)
small = catalog.CatalogEntry(
    name="small", resolution=16, z_dim=4, num_classes=3, truncation=1.0, weights_bytes=200_000,
    license="MIT", description="", sources=sources,
)
catalog.CATALOG += (small,)
download._FIRST_PAUSE_S = 0.0
del sys.argv[1:3]
main()
"""


@pytest.fixture
def server(tmp_path: Path) -> Iterator[FileServer]:
    folder = write_checkpoint(tmp_path / "published", older_format=True)
    with serve(
        files={f"/{name}": (folder / name).read_bytes() for name in ("config.json", "pytorch_model.bin")}
    ) as running:
        yield running


class Shell:
    """A user with a cache of his own."""

    def __init__(self, folder: Path, server: FileServer) -> None:
        self.folder, self.cache, self.server = folder, folder / "cache", server

    def run(self, *arguments: str, **environment: str) -> "subprocess.CompletedProcess[str]":
        addresses = [f"{self.server.url}/gone", self.server.url]
        kept = {name: value for name, value in os.environ.items() if name != "HF_HUB_OFFLINE"}
        return subprocess.run(
            [sys.executable, "-c", MAIN, *addresses, *arguments],
            cwd=self.folder,
            env={**kept, "BIGGAN_DIRECTIONS_CACHE": str(self.cache), "COLUMNS": "80", **environment},
            capture_output=True,
            text=True,
            timeout=120,
        )

    def state(self) -> str:
        rows = json.loads(self.run("models", "--json").stdout)
        return str(next(row["state"] for row in rows if row["name"] == "small"))


@pytest.fixture
def shell(tmp_path: Path, server: FileServer) -> Shell:
    return Shell(tmp_path, server)


def test_the_table_keeps_a_row_to_a_line_of_80_columns(shell: Shell) -> None:
    lines = shell.run("models").stdout.splitlines()
    assert [line.split()[0] for line in lines[1:6]] == [
        "toybox",
        "biggan-deep-128",
        "biggan-deep-256",
        "biggan-deep-512",
        "small",
    ]
    assert all(len(line) <= 80 for line in lines[:6])
    assert "TensorFlow Hub" in lines[6]  # what the assumed licences rest on, once
    assert lines[-1] == "next: biggan-directions models --fetch biggan-deep-128"


def test_fetched_from_the_next_source_then_used_with_no_network(shell: Shell) -> None:
    fetched = shell.run("models", "--fetch", "Small")
    assert fetched.returncode == 0, fetched.stderr
    assert str(shell.cache / "small") in fetched.stdout.replace("\n", "")
    assert shell.server.requests[0][1] == "/gone/config.json"
    assert shell.state() == "cached"
    shell.server.requests.clear()
    checked = json.loads(shell.run("models", "--check", "small", "--json", HF_HUB_OFFLINE="1").stdout)
    assert (
        checked["sha256"]
        == json.loads((shell.cache / "small" / "record.json").read_text())["files"]["pytorch_model.bin"][
            "sha256"
        ]
    )
    learnt = shell.run("learn", "--model", "small", "--class", "1", "--ndirs", "1", "--solver", "random")
    assert learnt.returncode == 0, learnt.stderr
    assert shell.server.requests == []


def test_a_broken_fetch_says_so_and_goes_on_later(shell: Shell) -> None:
    shell.server.break_after = [10**9, 131_072, *([0] * 20)]
    done = shell.run("models", "--fetch", "small")
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert "resumes from there" in done.stderr
    assert shell.state() == "partial"
    shell.server.break_after, shell.server.requests = [], []
    assert shell.run("models", "--fetch", "small").returncode == 0
    assert shell.server.asked("/pytorch_model.bin") == ["bytes=131072-"]


def test_no_connection_is_one_message(shell: Shell) -> None:
    done = shell.run("learn", "--model", "small", "--class", "1", HF_HUB_OFFLINE="1")
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    for part in (f"{shell.server.url}/pytorch_model.bin", str(shell.cache / "small"), "--model toybox works"):
        assert part in done.stderr
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
        assert done.returncode == 1
        assert "SHA-256" in done.stderr
        assert "models --fetch small" in done.stderr
    assert shell.run("models", "--fetch", "small").returncode == 0
    assert shell.run("models", "--check", "small").returncode == 0


def test_what_does_not_load_is_not_taken(shell: Shell, tmp_path: Path) -> None:
    """A source whose file has the size of weights and is none: nothing says so but its tensors."""
    shell.server.files["/gone/config.json"] = shell.server.files["/config.json"]
    shell.server.files["/gone/pytorch_model.bin"] = bytes(len(shell.server.files["/pytorch_model.bin"]))
    assert shell.run("models", "--fetch", "small").returncode == 0
    assert shell.run("models", "--check", "small").returncode == 0


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
    assert done.returncode == code
    assert says in done.stderr
    assert "Traceback" not in done.stderr


def test_a_truncation_that_is_not_stored_moves_and_is_said(shell: Shell) -> None:
    folder = str(shell.folder / "published")
    arguments = ("learn", "--model", folder, "--class", "1", "--ndirs", "1", "--solver", "random")
    done = shell.run(*arguments, "--truncation", "0.7")  # three rows: 0, 0.5 and 1
    assert done.returncode == 0, done.stderr
    assert "truncation 0.7 is not stored: using the nearest, 0.5" in done.stderr
