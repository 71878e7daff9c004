"""Weights arrive once, from whichever source gives them, and are the same bytes at every load."""

import json
import os
import shutil
import signal
import socket
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path

import pytest

from biggan_directions.errors import OutputError, WeightsError
from biggan_directions.generators.biggan_deep.layout import load_state
from biggan_directions.generators.load import verify
from biggan_directions.generators.weights.catalog import CatalogEntry, find_model
from biggan_directions.generators.weights.locating import (
    cache_folder,
    cache_status,
    fetch_weights,
    locate_weights,
    model_folder,
)
from biggan_directions.generators.weights.weight_folder import WeightFiles
from tests.support.checkpoints import write_checkpoint
from tests.support.disks import files_no_larger_than, make_read_only, small_disk
from tests.support.file_server import FileServer, serve
from tests.support.small_weights import COMMIT, at, locate_elsewhere, small


def test_fetched_recorded_and_loadable(server: FileServer, published: Path, sha256: str, cache: Path) -> None:
    entry = small(at(server.url))
    seen: list[tuple[int, int | None]] = []
    found = locate_weights(entry, progress=lambda done, total: seen.append((done, total)))
    size = (published / "pytorch_model.bin").stat().st_size
    assert found.sha256 == sha256
    assert found.state_path.read_bytes() == (published / "pytorch_model.bin").read_bytes()
    assert seen[-1] == (size, size)
    assert sorted(os.listdir(cache / "small")) == [".lock", "config.json", "pytorch_model.bin", "record.json"]
    record = json.loads((cache / "small" / "record.json").read_text())
    assert record["source"] == f"{server.url}/pytorch_model.bin"
    assert record["files"]["pytorch_model.bin"] == {"size": size, "sha256": found.sha256}
    assert load_state(found)[0].output_dim == 16


def test_a_warm_cache_is_read_without_network_or_writing(
    server: FileServer, monkeypatch: pytest.MonkeyPatch, cache: Path
) -> None:
    entry = small(at(server.url))
    first = locate_weights(entry)
    before = {path: path.stat().st_mtime_ns for path in cache.rglob("*")}
    count = len(server.requests)
    with monkeypatch.context() as patch:
        patch.setattr(socket.socket, "connect", None)
        patch.setattr(socket, "getaddrinfo", None)
        assert locate_weights(entry) == first
        assert locate_weights(entry, offline=True) == first
        assert fetch_weights(entry) == first
        assert verify(entry).sha256 == first.sha256
    assert len(server.requests) == count
    assert {path: path.stat().st_mtime_ns for path in cache.rglob("*")} == before


class TestSourcesInOrder:
    def test_the_next_where_one_has_nothing(self, server: FileServer) -> None:
        found = locate_weights(small(at(f"{server.url}/gone"), at(server.url)))
        load_state(found)
        asked = [path for _, path, _ in server.requests]
        assert asked == ["/gone/config.json", "/config.json", "/pytorch_model.bin"]

    def test_the_next_where_one_has_only_half(self, server: FileServer) -> None:
        server.files["/half/config.json"] = server.files["/config.json"]
        load_state(locate_weights(small(at(f"{server.url}/half"), at(server.url))))

    def test_the_next_where_one_shows_a_web_page(self, server: FileServer) -> None:
        page = b"<html>Please log in to the network of this hotel</html>"
        server.files |= {"/hotel/config.json": page, "/hotel/pytorch_model.bin": page}
        with pytest.raises(WeightsError, match="could not be fetched"):
            locate_weights(small(at(f"{server.url}/hotel")))
        assert [path.name for path in model_folder(small()).rglob("*") if path.is_file()] == [".lock"]
        load_state(locate_weights(small(at(f"{server.url}/hotel"), at(server.url))))

    def test_the_next_where_one_has_another_file(self, server: FileServer) -> None:
        load_state(locate_weights(small(at(server.url, sha256="0" * 64), at(server.url))))

    def test_the_next_where_one_is_of_another_model(self, server: FileServer, tmp_path: Path) -> None:
        other = write_checkpoint(tmp_path / "other", num_classes=4)
        for name in ("config.json", "pytorch_model.bin"):
            server.files[f"/other/{name}"] = (other / name).read_bytes()
        found = locate_weights(small(at(f"{server.url}/other"), at(server.url)))
        assert load_state(found)[0].num_classes == 3

    def test_bytes_of_two_sources_are_never_joined(self, server: FileServer, sha256: str) -> None:
        body, server.etag = server.files["/pytorch_model.bin"], '"both say so"'
        server.files |= {"/a/config.json": server.files["/config.json"], "/a/pytorch_model.bin": body[::-1]}
        server.break_after = [10**9, *([70_000] + [0] * 5), 10**9]
        found = locate_weights(small(at(f"{server.url}/a"), at(server.url)))
        assert found.sha256 == sha256


def test_a_fetch_that_failed_goes_on_later(server: FileServer, sha256: str) -> None:
    entry = small(at(server.url))
    server.break_after = [10**9, 131_072, *([0] * 20)]
    with pytest.raises(WeightsError, match="broke off after 131072 of") as caught:
        locate_weights(entry)
    assert "resumes from there" in str(caught.value)
    status = cache_status(entry)
    assert status.state == "partial"
    assert status.bytes_on_disk == 131_072
    server.break_after, server.requests = [], []
    found = locate_weights(entry)
    assert found.sha256 == sha256
    assert server.asked("/pytorch_model.bin") == ["bytes=131072-"]
    assert cache_status(entry).state == "cached"


def test_nothing_worked(cache: Path) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        nobody = f"http://127.0.0.1:{unused.getsockname()[1]}"
    with serve() as empty:
        entry = small(at(nobody), at(empty.url))
        with pytest.raises(WeightsError) as caught:
            locate_weights(entry)
    message = str(caught.value)
    assert f"{nobody}/pytorch_model.bin: the connection was refused" in message
    assert f"{empty.url}/pytorch_model.bin: HTTP 404" in message
    assert str(cache / "small") in message
    assert "--model FOLDER" in message
    assert "--model toybox" in message
    assert "resumes from there" not in message
    assert cache_status(entry).state == "absent"


def test_published_models_say_the_same_with_no_connection(no_network: None) -> None:
    with pytest.raises(WeightsError) as caught:
        locate_weights("biggan-deep-128", offline=True)
    message = str(caught.value)
    assert f"https://huggingface.co/osanseviero/BigGAN-deep-128/tree/{COMMIT}: not tried: offline" in message
    assert "biggan-deep-128-pytorch_model.bin: not tried: offline" in message


class TestDamage:
    @pytest.fixture
    def entry(self, server: FileServer) -> CatalogEntry:
        entry = small(at(server.url))
        locate_weights(entry)
        return entry

    def test_one_bit(self, entry: CatalogEntry, cache: Path) -> None:
        path = cache / "small" / "pytorch_model.bin"
        body = bytearray(path.read_bytes())
        body[len(body) // 2] ^= 1
        path.write_bytes(body)
        assert cache_status(entry).state == "cached"  # at a glance; not when looked at
        for look in (locate_weights, verify):
            with pytest.raises(WeightsError, match=r"SHA-256 .* expected .*models --fetch small"):
                look(entry)

    def test_cut_short(self, entry: CatalogEntry, cache: Path) -> None:
        path = cache / "small" / "pytorch_model.bin"
        os.truncate(path, 1000)
        assert cache_status(entry).state == "damaged"
        with pytest.raises(WeightsError, match=rf"{path} has changed .* has 1000 bytes .*, expected"):
            locate_weights(entry)

    def test_the_configuration(self, entry: CatalogEntry, cache: Path) -> None:
        (cache / "small" / "config.json").write_text("{}")
        with pytest.raises(WeightsError, match=r"config.json has changed"):
            locate_weights(entry)

    @pytest.mark.parametrize(
        "text",
        ["", "{}", "[]", '{"source": "", "files": {"a": 1}}', '{"source": "", "files": {"a": {"size": 1}}}'],
    )
    def test_the_record(self, entry: CatalogEntry, cache: Path, text: str) -> None:
        (cache / "small" / "record.json").write_text(text)
        assert cache_status(entry).state == "damaged"
        with pytest.raises(WeightsError, match=r"record.json is not a record: .*models --fetch small"):
            locate_weights(entry)

    def test_fetching_mends_it(self, entry: CatalogEntry, sha256: str, cache: Path) -> None:
        (cache / "small" / "pytorch_model.bin").write_bytes(b"rubbish")
        found = fetch_weights(entry)
        assert found.sha256 == sha256
        assert locate_weights(entry) == found

    def test_a_fetch_that_fails_leaves_what_there_was(self, entry: CatalogEntry, cache: Path) -> None:
        path = cache / "small" / "pytorch_model.bin"
        path.write_bytes(b"rubbish")
        with pytest.raises(WeightsError, match="could not be fetched"):
            fetch_weights(entry, offline=True)
        assert path.read_bytes() == b"rubbish"


def test_two_at_once_fetch_once(server: FileServer, sha256: str) -> None:
    server.pause_s = 0.2
    entry = small(at(server.url))
    found: list[WeightFiles] = []
    threads = [threading.Thread(target=lambda: found.append(locate_weights(entry))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [files.sha256 for files in found] == [sha256] * 4
    assert len(server.asked("/pytorch_model.bin")) == 1


def test_two_processes_at_once_fetch_once(server: FileServer, sha256: str) -> None:
    server.pause_s = 0.5
    running = [locate_elsewhere("url", server.url) for _ in range(2)]
    assert [process.end().out.strip() for process in running] == [sha256] * 2
    assert len(server.asked("/pytorch_model.bin")) == 1


def test_a_fetch_that_is_killed_leaves_nothing_that_is_taken_for_weights(
    server: FileServer, sha256: str, cache: Path
) -> None:
    server.stall_after = [10**9, 131_072]
    process = locate_elsewhere("url", server.url)
    deadline = time.monotonic() + 60
    while not any(path.stat().st_size == 131_072 for path in cache.rglob("*.part")):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    process.send(signal.SIGKILL)
    process.end()
    entry = small(at(server.url))
    assert cache_status(entry).state == "partial"
    with pytest.raises(WeightsError, match="not tried: offline"):
        locate_weights(entry, offline=True)
    server.requests = []
    assert locate_weights(entry).sha256 == sha256
    assert server.asked("/pytorch_model.bin") == ["bytes=131072-"]


def test_a_full_disk_is_said_with_what_to_do(server: FileServer, cache: Path) -> None:
    says = r"Cannot write .*: File too large. Make room or set BIGGAN_DIRECTIONS"
    with files_no_larger_than(100_000), pytest.raises(OutputError, match=says):
        locate_weights(small(at(server.url)))
    assert cache_status(small(at(server.url))).state == "absent"
    assert not list(cache.rglob("*.part"))


def test_a_cache_that_cannot_be_written(server: FileServer, cache: Path) -> None:
    cache.write_text("a file where the folder should be")
    with pytest.raises(OutputError, match="BIGGAN_DIRECTIONS_CACHE"):
        locate_weights(small(at(server.url)))


class TestByHand:
    def test_files_put_into_the_cache_are_taken_and_recorded(
        self, published: Path, cache: Path, no_network: None
    ) -> None:
        entry = small(at("http://127.0.0.1:9"))
        shutil.copytree(published, model_folder(entry))
        assert cache_status(entry).state == "cached"
        found = locate_weights(entry)
        assert (cache / "small" / "record.json").is_file()
        found.state_path.write_bytes(found.state_path.read_bytes()[:-1])
        with pytest.raises(WeightsError, match=rf"delete {cache / 'small' / 'record.json'}"):
            locate_weights(entry)

    def test_a_cache_that_is_read_only_is_used_and_goes_unrecorded(
        self, published: Path, sha256: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        entry = small(at("http://127.0.0.1:9"))
        with small_disk(tmp_path / "disk", 1 << 20) as disk:
            monkeypatch.setenv("BIGGAN_DIRECTIONS_CACHE", str(disk))
            shutil.copytree(published, model_folder(entry))
            make_read_only(disk)
            assert locate_weights(entry).sha256 == sha256
            assert not (disk / "small" / "record.json").exists()

    def test_files_of_another_model_are_refused(self, published: Path) -> None:
        entry = replace(small(at("http://127.0.0.1:9")), resolution=32)
        shutil.copytree(published, model_folder(entry))
        says = r"is not of small: .* are \(16, 4, 3\), expected \(32, 4, 3\)"
        with pytest.raises(WeightsError, match=says):
            locate_weights(entry)


class TestWhere:
    def test_chosen(self, cache: Path) -> None:
        assert cache_folder() == cache
        assert model_folder(find_model("biggan-deep-128")) == cache / "biggan-deep-128"

    @pytest.mark.skipif(sys.platform != "linux", reason="each system has a place of its own")
    def test_the_users_cache(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.delenv("BIGGAN_DIRECTIONS_CACHE")
        monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
        assert cache_folder() == tmp_path / "biggan-directions"
        monkeypatch.setenv("XDG_CACHE_HOME", "relative/paths/do/not/count")
        monkeypatch.setenv("HOME", str(tmp_path / "home"))
        assert cache_folder() == tmp_path / "home" / ".cache" / "biggan-directions"


def test_verify_names_what_to_type_where_there_is_nothing() -> None:
    with pytest.raises(WeightsError, match="models --fetch small"):
        verify(small(at("http://127.0.0.1:9")))
