"""A download arrives whole or not at all, and goes on from where it broke off."""

import hashlib
import os
import random
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

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


def arrived(folder: Path) -> Path:
    """The bytes of a download that is not finished: the only file there is."""
    (part,) = folder.iterdir()
    assert part.name.startswith("file.")
    assert part.name.endswith(".part")
    return part


def fetch(server: FileServer, folder: Path, **settings: Any) -> bytes:
    download(f"{server.url}/file", folder / "file", **{"max_bytes": MOST, **settings})
    return (folder / "file").read_bytes()


def break_off(server: FileServer, folder: Path) -> None:
    """Leave 30 pieces of a download that cannot go on, and a server on which it can."""
    server.break_after = [30 * PIECE, *([0] * 5)]
    with pytest.raises(WeightsError, match=f"broke off after {30 * PIECE} of 3000000 bytes"):
        fetch(server, folder)
    assert arrived(folder).read_bytes() == BODY[: 30 * PIECE]
    server.requests = []


def test_a_file_arrives(server: FileServer, tmp_path: Path) -> None:
    seen: list[tuple[int, int | None]] = []
    assert fetch(server, tmp_path, sha256=SHA256, progress=lambda *now: seen.append(now)) == BODY
    assert leftovers(tmp_path) == ["file"]
    assert [done for done, _ in seen] == sorted({done for done, _ in seen})
    assert seen[-1] == (len(BODY), len(BODY))
    assert file_sha256(tmp_path / "file") == SHA256


def test_a_broken_connection_is_taken_up_where_it_broke(server: FileServer, tmp_path: Path) -> None:
    server.break_after = [15 * PIECE, 8 * PIECE]
    assert fetch(server, tmp_path) == BODY
    assert server.asked() == [None, f"bytes={15 * PIECE}-", f"bytes={23 * PIECE}-"]


def test_a_later_run_goes_on_from_what_arrived(server: FileServer, tmp_path: Path) -> None:
    break_off(server, tmp_path)
    seen: list[int] = []
    assert fetch(server, tmp_path, progress=lambda done, _: seen.append(done)) == BODY
    assert server.asked() == [f"bytes={30 * PIECE}-"]
    assert min(seen) > 30 * PIECE


def test_a_file_that_changed_meanwhile_is_fetched_anew(server: FileServer, tmp_path: Path) -> None:
    break_off(server, tmp_path)
    server.files["/file"] = other = bytes(reversed(BODY))
    assert fetch(server, tmp_path) == other


@pytest.mark.parametrize("silent", ["ranges", "etags"])
def test_a_server_that_cannot_resume_sends_it_all(server: FileServer, tmp_path: Path, silent: str) -> None:
    setattr(server, silent, False)
    server.break_after = [1_000_000]
    assert fetch(server, tmp_path) == BODY


@pytest.mark.parametrize("etag", ['W/"weak"', '"' + 300 * "x" + '"', '"../../elsewhere"'])
def test_only_an_etag_that_names_one_version_is_resumed(
    server: FileServer, tmp_path: Path, etag: str
) -> None:
    server.etag = etag
    server.break_after = [15 * PIECE]
    assert fetch(server, tmp_path) == BODY
    resumed = f"bytes={15 * PIECE}-" if etag == '"../../elsewhere"' else None
    assert server.asked() == [None, resumed]
    assert leftovers(tmp_path) == ["file"]


def test_a_server_that_sends_another_range_than_was_asked_for(server: FileServer, tmp_path: Path) -> None:
    server.break_after, server.range_shift = [15 * PIECE], 1
    assert fetch(server, tmp_path) == BODY
    assert server.asked() == [None, f"bytes={15 * PIECE}-", None]


def test_a_server_that_sends_a_range_in_parts(server: FileServer, tmp_path: Path) -> None:
    server.break_after, server.most_of_a_range = [15 * PIECE], 1_200_000
    assert fetch(server, tmp_path) == BODY
    assert len(server.requests) == 3


def test_all_had_arrived_but_was_not_yet_in_place(server: FileServer, tmp_path: Path) -> None:
    break_off(server, tmp_path)
    arrived(tmp_path).write_bytes(BODY)  # as a crash between the last byte and the rename leaves it
    assert fetch(server, tmp_path, sha256=SHA256) == BODY
    assert len(server.requests) == 1


def test_more_here_than_there_begins_again(server: FileServer, tmp_path: Path) -> None:
    break_off(server, tmp_path)
    arrived(tmp_path).write_bytes(BODY + b"more")
    assert fetch(server, tmp_path) == BODY


def test_the_wrong_checksum_leaves_nothing(server: FileServer, tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match=f"SHA-256 {SHA256}, expected {'0' * 64}"):
        fetch(server, tmp_path, sha256="0" * 64)
    assert leftovers(tmp_path) == []


def test_a_busy_server_is_asked_again(server: FileServer, tmp_path: Path) -> None:
    server.statuses = [503, 429]
    assert fetch(server, tmp_path) == BODY


@pytest.mark.parametrize("status", [403, 404, 500])
def test_refusals_are_told(server: FileServer, tmp_path: Path, status: int) -> None:
    server.statuses = [status] * 20
    with pytest.raises(WeightsError, match=f"HTTP {status}"):
        fetch(server, tmp_path)
    assert leftovers(tmp_path) == []
    assert len(server.requests) == (6 if status == 500 else 1)


def test_a_web_page_in_place_of_the_file_is_refused_and_what_arrived_is_kept(
    server: FileServer, tmp_path: Path
) -> None:
    break_off(server, tmp_path)
    server.content_type = "text/html; charset=utf-8"
    server.files["/file"] = b"<html>Please log in to the network of this hotel</html>"
    with pytest.raises(WeightsError, match="a web page was sent in place of the file"):
        fetch(server, tmp_path)
    assert arrived(tmp_path).read_bytes() == BODY[: 30 * PIECE]


def test_a_file_too_large_is_refused_before_it_is_fetched(server: FileServer, tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match="3000000 bytes, expected at most 1000"):
        fetch(server, tmp_path, max_bytes=1000)
    assert leftovers(tmp_path) == []


def test_nobody_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_FIRST_PAUSE_S", 60.0)  # which would be noticed
    begun = time.monotonic()
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{unused.getsockname()[1]}/file"
    with pytest.raises(WeightsError, match="connection was refused"):
        download(url, tmp_path / "file", max_bytes=MOST)
    with pytest.raises(WeightsError, match="its name cannot be resolved"):
        download("http://no-such-host.invalid/file", tmp_path / "file", max_bytes=MOST)
    assert time.monotonic() - begun < 30


def test_a_server_that_is_silent_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "TIMEOUT_S", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/file"
        with pytest.raises(WeightsError, match="no answer in time"):
            download(url, tmp_path / "file", max_bytes=MOST)


def test_a_full_disk_leaves_no_half_file(server: FileServer, tmp_path: Path) -> None:
    says = r"Cannot write .*: File too large.*BIGGAN_DIRECTIONS_CACHE"
    with files_no_larger_than(1_500_000), pytest.raises(OutputError, match=says):
        fetch(server, tmp_path)
    assert leftovers(tmp_path) == []


def test_a_disk_too_small_is_said_before_it_is_full(
    server: FileServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = shutil.disk_usage(tmp_path)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage._replace(free=2_000_000))
    with pytest.raises(OutputError, match="3000000 bytes are needed and 2000000 are free"):
        fetch(server, tmp_path)
    assert leftovers(tmp_path) == []


def test_an_interrupt_keeps_what_arrived(server: FileServer, tmp_path: Path) -> None:
    def interrupt(done: int, total: int | None) -> None:
        if done > 1_000_000:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fetch(server, tmp_path, progress=interrupt)
    assert not (tmp_path / "file").exists()
    kept = arrived(tmp_path).stat().st_size
    assert kept > 1_000_000
    server.requests = []
    fetch(server, tmp_path)
    assert server.asked()[0] == f"bytes={kept}-"
    assert (tmp_path / "file").read_bytes() == BODY


def test_a_download_that_is_killed_is_resumed(server: FileServer, tmp_path: Path) -> None:
    server.stall_after = [20 * PIECE]
    code = (
        "import sys\n"
        "from pathlib import Path\n"
        "from biggan_directions.generators.weights.download import download\n"
        "show = lambda *seen: print(*seen, flush=True)\n"
        "download(sys.argv[1], Path(sys.argv[2]), max_bytes=10**8, progress=show)\n"
    )
    command = [sys.executable, "-c", code, f"{server.url}/file", str(tmp_path / "file")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert any(line == f"{20 * PIECE} {len(BODY)}\n" for line in process.stdout)
        process.kill()
    assert arrived(tmp_path).read_bytes() == BODY[: 20 * PIECE]
    server.requests = []
    assert fetch(server, tmp_path) == BODY
    assert server.asked()[0] == f"bytes={20 * PIECE}-"


@pytest.mark.skipif(os.geteuid() == 0, reason="root writes anywhere")
def test_a_folder_that_cannot_be_written(server: FileServer, tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    try:
        with pytest.raises(OutputError, match="Permission denied"):
            fetch(server, tmp_path)
    finally:
        tmp_path.chmod(0o700)


def test_a_disk_that_cannot_be_written(server: FileServer, tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", 1 << 20) as disk:
        make_read_only(disk)
        with pytest.raises(OutputError, match="Read-only file system"):
            download(f"{server.url}/file", disk / "file", max_bytes=MOST)
