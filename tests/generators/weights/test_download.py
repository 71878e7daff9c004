"""A download arrives whole or not at all, and goes on from where it broke off."""

import hashlib
import os
import random
import shutil
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from biggan_directions.errors import OutputError, WeightsError
from biggan_directions.generators.weights import download as module
from biggan_directions.generators.weights.download import download, file_sha256
from tests.support.disks import files_no_larger_than, make_read_only, small_disk
from tests.support.file_server import FileServer, serve

BODY = random.Random(0).randbytes(3_000_000)
SHA256 = hashlib.sha256(BODY).hexdigest()
MOST = 10**8
PIECE = 65_536  # a download is written in pieces of this size: bytes beyond the last whole one are lost


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_FIRST_PAUSE_S", 0.0)


@pytest.fixture
def server() -> Iterator[FileServer]:
    with serve(files={"/file": BODY}) as running:
        yield running


def leftovers(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_file_arrives(server: FileServer, tmp_path: Path) -> None:
    seen: list[tuple[int, int | None]] = []
    download(
        f"{server.url}/file",
        tmp_path / "file",
        max_bytes=MOST,
        sha256=SHA256,
        progress=lambda done, total: seen.append((done, total)),
    )
    assert (tmp_path / "file").read_bytes() == BODY
    assert leftovers(tmp_path) == ["file"]
    assert [done for done, _ in seen] == sorted({done for done, _ in seen})
    assert seen[-1] == (len(BODY), len(BODY))
    assert file_sha256(tmp_path / "file") == SHA256


def test_a_broken_connection_is_taken_up_where_it_broke(server: FileServer, tmp_path: Path) -> None:
    server.break_after = [15 * PIECE, 8 * PIECE]
    download(f"{server.url}/file", tmp_path / "file", max_bytes=MOST)
    assert (tmp_path / "file").read_bytes() == BODY
    assert [headers.get("Range") for headers in server.asked("/file")] == [
        None,
        f"bytes={15 * PIECE}-",
        f"bytes={23 * PIECE}-",
    ]


def test_a_later_run_goes_on_from_what_arrived(server: FileServer, tmp_path: Path) -> None:
    server.break_after = [30 * PIECE, *([0] * 20)]
    with pytest.raises(WeightsError, match=f"broke off after {30 * PIECE} of 3000000 bytes"):
        download(f"{server.url}/file", tmp_path / "file", max_bytes=MOST)
    assert leftovers(tmp_path) == ["file.part", "file.part.json"]
    server.break_after, server.requests = [], []
    seen: list[int] = []
    download(
        f"{server.url}/file",
        tmp_path / "file",
        max_bytes=MOST,
        progress=lambda done, _: seen.append(done),
    )
    assert (tmp_path / "file").read_bytes() == BODY
    assert [headers["Range"] for headers in server.asked("/file")] == [f"bytes={30 * PIECE}-"]
    assert min(seen) > 30 * PIECE


def test_a_file_that_changed_meanwhile_is_fetched_anew(server: FileServer, tmp_path: Path) -> None:
    server.break_after = [30 * PIECE, *([0] * 20)]
    with pytest.raises(WeightsError):
        download(f"{server.url}/file", tmp_path / "file", max_bytes=MOST)
    server.break_after, other = [], bytes(reversed(BODY))
    server.files["/file"] = other
    download(f"{server.url}/file", tmp_path / "file", max_bytes=MOST)
    assert (tmp_path / "file").read_bytes() == other


@pytest.mark.parametrize("silent", ["ranges", "etags"])
def test_a_server_that_cannot_resume_sends_it_all(server: FileServer, tmp_path: Path, silent: str) -> None:
    setattr(server, silent, False)
    server.break_after = [1_000_000]
    download(f"{server.url}/file", tmp_path / "file", max_bytes=MOST)
    assert (tmp_path / "file").read_bytes() == BODY


def test_a_server_that_sends_a_range_in_parts(server: FileServer, tmp_path: Path) -> None:
    server.break_after, server.most_of_a_range = [15 * PIECE], 1_200_000
    download(f"{server.url}/file", tmp_path / "file", max_bytes=MOST)
    assert (tmp_path / "file").read_bytes() == BODY
    assert len(server.requests) == 3


def test_all_had_arrived_but_was_not_yet_in_place(server: FileServer, tmp_path: Path) -> None:
    server.break_after = [30 * PIECE, *([0] * 20)]
    with pytest.raises(WeightsError):
        download(f"{server.url}/file", tmp_path / "file", max_bytes=MOST)
    (tmp_path / "file.part").write_bytes(BODY)  # as a crash between the last byte and the rename leaves it
    server.break_after, server.requests = [], []
    download(f"{server.url}/file", tmp_path / "file", max_bytes=MOST, sha256=SHA256)
    assert (tmp_path / "file").read_bytes() == BODY
    assert len(server.requests) == 1


def test_more_here_than_there_begins_again(server: FileServer, tmp_path: Path) -> None:
    server.break_after = [30 * PIECE, *([0] * 20)]
    with pytest.raises(WeightsError):
        download(f"{server.url}/file", tmp_path / "file", max_bytes=MOST)
    (tmp_path / "file.part").write_bytes(BODY + b"more")
    server.break_after = []
    download(f"{server.url}/file", tmp_path / "file", max_bytes=MOST)
    assert (tmp_path / "file").read_bytes() == BODY


def test_the_wrong_checksum_leaves_nothing(server: FileServer, tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match=f"SHA-256 {SHA256}, expected {'0' * 64}"):
        download(f"{server.url}/file", tmp_path / "file", max_bytes=MOST, sha256="0" * 64)
    assert leftovers(tmp_path) == []


def test_a_busy_server_is_asked_again(server: FileServer, tmp_path: Path) -> None:
    server.statuses = [503, 429]
    download(f"{server.url}/file", tmp_path / "file", max_bytes=MOST)
    assert (tmp_path / "file").read_bytes() == BODY


@pytest.mark.parametrize("status", [403, 404, 500])
def test_refusals_are_told(server: FileServer, tmp_path: Path, status: int) -> None:
    server.statuses = [status] * 20
    with pytest.raises(WeightsError, match=f"HTTP {status}"):
        download(f"{server.url}/file", tmp_path / "file", max_bytes=MOST)
    assert leftovers(tmp_path) == []
    assert len(server.requests) == (6 if status == 500 else 1)


def test_a_file_too_large_is_refused_before_it_is_fetched(server: FileServer, tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match="3000000 bytes, expected at most 1000"):
        download(f"{server.url}/file", tmp_path / "file", max_bytes=1000)
    assert leftovers(tmp_path) == []


def test_nobody_there(tmp_path: Path) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{unused.getsockname()[1]}/file"
    with pytest.raises(WeightsError, match="connection was refused"):
        download(url, tmp_path / "file", max_bytes=MOST)
    with pytest.raises(WeightsError, match="its name cannot be resolved"):
        download("http://no-such-host.invalid/file", tmp_path / "file", max_bytes=MOST)


def test_a_full_disk_leaves_no_half_file(server: FileServer, tmp_path: Path) -> None:
    with (
        files_no_larger_than(1_500_000),
        pytest.raises(OutputError, match=r"Cannot write .*: File too large"),
    ):
        download(f"{server.url}/file", tmp_path / "file", max_bytes=MOST)
    assert leftovers(tmp_path) == []


def test_a_disk_too_small_is_said_before_it_is_full(
    server: FileServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = shutil.disk_usage(tmp_path)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage._replace(free=2_000_000))
    with pytest.raises(OutputError, match="3000000 bytes are needed and 2000000 are free"):
        download(f"{server.url}/file", tmp_path / "file", max_bytes=MOST)
    assert leftovers(tmp_path) == []


def test_an_interrupt_keeps_what_arrived(server: FileServer, tmp_path: Path) -> None:
    def interrupt(done: int, total: int | None) -> None:
        if done > 1_000_000:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        download(f"{server.url}/file", tmp_path / "file", max_bytes=MOST, progress=interrupt)
    assert not (tmp_path / "file").exists()
    kept = (tmp_path / "file.part").stat().st_size
    assert kept > 1_000_000
    server.requests = []
    download(f"{server.url}/file", tmp_path / "file", max_bytes=MOST)
    assert server.asked("/file")[0]["Range"] == f"bytes={kept}-"
    assert (tmp_path / "file").read_bytes() == BODY


@pytest.mark.skipif(os.geteuid() == 0, reason="root writes anywhere")
def test_a_folder_that_cannot_be_written(server: FileServer, tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    try:
        with pytest.raises(OutputError, match="Permission denied"):
            download(f"{server.url}/file", tmp_path / "file", max_bytes=MOST)
    finally:
        tmp_path.chmod(0o700)


def test_a_disk_that_cannot_be_written(server: FileServer, tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", 1 << 20) as disk:
        make_read_only(disk)
        with pytest.raises(OutputError, match="Read-only file system"):
            download(f"{server.url}/file", disk / "file", max_bytes=MOST)
