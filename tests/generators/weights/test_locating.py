"""Weights arrive once, from whichever source gives them, and are the same bytes at every load."""

import json
import os
import shutil
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from biggan_directions.errors import FileFormatError, OutputError, UsageError, WeightsError
from biggan_directions.generators.biggan_deep.layout import load_state
from biggan_directions.generators.load import verify
from biggan_directions.generators.weights import download as download_module
from biggan_directions.generators.weights.catalog import (
    CatalogEntry,
    HubSource,
    Source,
    UrlSource,
    find_model,
)
from biggan_directions.generators.weights.download import file_sha256
from biggan_directions.generators.weights.locating import (
    WeightFiles,
    cache_folder,
    cache_status,
    fetch_weights,
    locate_weights,
    model_folder,
)
from tests.support.checkpoints import write_checkpoint
from tests.support.file_server import FileServer, serve

COMMIT = "c98e5e826ec6dc3dabaa01b7703d86c34fad5342"
REPO = "someone/small-biggan"
LOCATE = (
    "locate_weights(CatalogEntry(name='small', resolution=16, z_dim=4, num_classes=3, truncation=1.0, "
    "weights_bytes=200_000, license='', description='', sources=(source,))).sha256"
)


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache of the test's own, and no patience."""
    monkeypatch.setenv("BIGGAN_DIRECTIONS_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
    monkeypatch.setattr(download_module, "_FIRST_PAUSE_S", 0.0)
    return tmp_path / "cache"


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small checkpoint in the older format, as the published files are."""
    return write_checkpoint(tmp_path_factory.mktemp("published"), older_format=True)


@pytest.fixture
def server(published: Path) -> Iterator[FileServer]:
    bodies = {name: (published / name).read_bytes() for name in ("config.json", "pytorch_model.bin")}
    files = {f"/{name}": body for name, body in bodies.items()}
    files |= {f"/{REPO}/resolve/{COMMIT}/{name}": body for name, body in bodies.items()}
    with serve(files=files, commit=COMMIT) as running:
        yield running


def small(*sources: Source, name: str = "small") -> CatalogEntry:
    return CatalogEntry(
        name=name,
        resolution=16,
        z_dim=4,
        num_classes=3,
        truncation=0.4,
        weights_bytes=200_000,
        license="MIT",
        description="a small one",
        sources=sources,
    )


def at(url: str, **facts: str) -> UrlSource:
    return UrlSource(config_url=f"{url}/config.json", weights_url=f"{url}/pytorch_model.bin", **facts)


def hub(server: FileServer, **facts: str) -> HubSource:
    return HubSource(**{"repo_id": REPO, "revision": COMMIT, "endpoint": server.url, **facts})


@pytest.fixture
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("the network was used")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)


def test_fetched_recorded_and_loadable(server: FileServer, published: Path, cache: Path) -> None:
    entry = small(at(server.url))
    seen: list[tuple[int, int | None]] = []
    found = locate_weights(entry, progress=lambda done, total: seen.append((done, total)))
    size = (published / "pytorch_model.bin").stat().st_size
    assert found.sha256 == file_sha256(published / "pytorch_model.bin")
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
        assert [path for _, path, _ in server.requests] == [
            "/gone/config.json",
            "/config.json",
            "/pytorch_model.bin",
        ]

    def test_the_next_where_one_has_only_half(self, server: FileServer) -> None:
        server.files["/half/config.json"] = server.files["/config.json"]
        load_state(locate_weights(small(at(f"{server.url}/half"), at(server.url))))

    def test_the_next_where_one_shows_a_web_page(self, server: FileServer) -> None:
        page = b"<html>Please log in to the network of this hotel</html>"
        server.files |= {"/hotel/config.json": page, "/hotel/pytorch_model.bin": page}
        load_state(locate_weights(small(at(f"{server.url}/hotel"), at(server.url))))

    def test_the_next_where_one_has_another_file(self, server: FileServer) -> None:
        load_state(locate_weights(small(at(server.url, sha256="0" * 64), at(server.url))))

    def test_the_next_where_one_is_of_another_model(self, server: FileServer, tmp_path: Path) -> None:
        other = write_checkpoint(tmp_path / "other", num_classes=4)
        for name in ("config.json", "pytorch_model.bin"):
            server.files[f"/other/{name}"] = (other / name).read_bytes()
        found = locate_weights(small(at(f"{server.url}/other"), at(server.url)))
        assert load_state(found)[0].num_classes == 3

    def test_bytes_of_two_sources_are_never_joined(self, server: FileServer, published: Path) -> None:
        body = server.files["/pytorch_model.bin"]
        server.files |= {"/a/config.json": server.files["/config.json"], "/a/pytorch_model.bin": body[::-1]}
        server.break_after = [10**9, *([70_000] + [0] * 5), 10**9]
        found = locate_weights(small(at(f"{server.url}/a"), at(server.url)))
        assert found.sha256 == file_sha256(published / "pytorch_model.bin")


def test_a_fetch_that_failed_goes_on_later(server: FileServer, published: Path) -> None:
    entry = small(at(server.url))
    server.break_after = [10**9, 131_072, *([0] * 20)]
    with pytest.raises(WeightsError, match="broke off after 131072 of") as caught:
        locate_weights(entry)
    assert "goes on from there" in str(caught.value)
    status = cache_status(entry)
    assert status.state == "partial"
    assert status.bytes_on_disk > 131_072
    server.break_after, server.requests = [], []
    found = locate_weights(entry)
    assert found.sha256 == file_sha256(published / "pytorch_model.bin")
    assert [headers.get("Range") for headers in server.asked("/pytorch_model.bin")] == ["bytes=131072-"]
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
    assert "goes on from there" not in message
    assert cache_status(entry).state == "absent"


def test_published_models_say_the_same_with_no_connection(no_network: None) -> None:
    with pytest.raises(WeightsError) as caught:
        locate_weights("biggan-deep-128", offline=True)
    message = str(caught.value)
    assert f"https://huggingface.co/osanseviero/BigGAN-deep-128/tree/{COMMIT}: not tried: offline" in message
    assert "biggan-deep-128-pytorch_model.bin: not tried: offline" in message


@pytest.mark.parametrize("value", ["1", "true", "YES"])
def test_the_hubs_offline_switch(server: FileServer, monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", value)
    with pytest.raises(WeightsError, match="not tried: offline"):
        locate_weights(small(at(server.url), hub(server)))
    assert server.requests == []
    assert locate_weights(small(at(server.url)), offline=False).sha256


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
            with pytest.raises(WeightsError, match=r"SHA-256 is .* expected .*models --fetch small"):
                look(entry)

    def test_cut_short(self, entry: CatalogEntry, cache: Path) -> None:
        path = cache / "small" / "pytorch_model.bin"
        os.truncate(path, 1000)
        assert cache_status(entry).state == "damaged"
        with pytest.raises(WeightsError, match=rf"{path} has changed .* has 1000 bytes, expected"):
            locate_weights(entry)

    def test_the_configuration(self, entry: CatalogEntry, cache: Path) -> None:
        (cache / "small" / "config.json").write_text("{}")
        with pytest.raises(WeightsError, match=r"config.json has changed"):
            locate_weights(entry)

    @pytest.mark.parametrize(
        "text", ["", "{}", "[]", '{"format": "biggan-directions-weights/1", "files": {"a": 1}}']
    )
    def test_the_record(self, entry: CatalogEntry, cache: Path, text: str) -> None:
        (cache / "small" / "record.json").write_text(text)
        assert cache_status(entry).state == "damaged"
        with pytest.raises(WeightsError, match=r"record.json cannot be read.*models --fetch small"):
            locate_weights(entry)

    def test_fetching_mends_it(self, entry: CatalogEntry, published: Path, cache: Path) -> None:
        (cache / "small" / "pytorch_model.bin").write_bytes(b"rubbish")
        found = fetch_weights(entry)
        assert found.sha256 == file_sha256(published / "pytorch_model.bin")
        assert locate_weights(entry) == found

    def test_a_fetch_that_fails_leaves_what_there_was(self, entry: CatalogEntry, cache: Path) -> None:
        path = cache / "small" / "pytorch_model.bin"
        path.write_bytes(b"rubbish")
        with pytest.raises(WeightsError, match="could not be fetched"):
            fetch_weights(entry, offline=True)
        assert path.read_bytes() == b"rubbish"


def test_two_at_once_fetch_once(server: FileServer, published: Path) -> None:
    server.pause_s = 0.2
    entry = small(at(server.url))
    found: list[WeightFiles] = []
    threads = [threading.Thread(target=lambda: found.append(locate_weights(entry))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [files.sha256 for files in found] == [file_sha256(published / "pytorch_model.bin")] * 4
    assert len(server.asked("/pytorch_model.bin")) == 1


def test_two_processes_at_once_fetch_once(server: FileServer, published: Path) -> None:
    server.pause_s = 0.5
    code = (
        "import sys\n"
        "from biggan_directions.generators.weights.catalog import CatalogEntry, UrlSource\n"
        "from biggan_directions.generators.weights.locating import locate_weights\n"
        "url = sys.argv[1]\n"
        "source = UrlSource(config_url=url + '/config.json', weights_url=url + '/pytorch_model.bin')\n"
        f"print({LOCATE})\n"
    )
    command = [sys.executable, "-c", code, server.url]
    running = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    said = [process.communicate(timeout=120)[0].strip() for process in running]
    assert said == [file_sha256(published / "pytorch_model.bin")] * 2
    assert len(server.asked("/pytorch_model.bin")) == 1


def test_a_cache_that_cannot_be_written(server: FileServer, cache: Path) -> None:
    cache.write_text("a file where the folder should be")
    with pytest.raises(OutputError, match="BIGGAN_DIRECTIONS_CACHE"):
        locate_weights(small(at(server.url)))


class TestHub:
    def test_fetched_by_revision(self, server: FileServer, published: Path) -> None:
        found = locate_weights(small(hub(server)))
        assert found.sha256 == file_sha256(published / "pytorch_model.bin")
        paths = {path for _, path, _ in server.requests}
        assert paths == {f"/{REPO}/resolve/{COMMIT}/{name}" for name in ("config.json", "pytorch_model.bin")}

    def test_a_broken_connection_is_taken_up(self, server: FileServer, published: Path) -> None:
        server.break_after = [10**9, 131_072]
        found = locate_weights(small(hub(server)))
        assert found.sha256 == file_sha256(published / "pytorch_model.bin")
        assert server.asked("/pytorch_model.bin")[1]["Range"] == "bytes=131072-"

    def test_the_mirror_that_the_hubs_own_switch_names(
        self, server: FileServer, tmp_path: Path, published: Path
    ) -> None:
        code = (
            "from biggan_directions.generators.weights.catalog import CatalogEntry, HubSource\n"
            "from biggan_directions.generators.weights.locating import locate_weights\n"
            f"source = HubSource(repo_id={REPO!r}, revision={COMMIT!r})\n"
            f"print({LOCATE})\n"
        )
        environment = {**os.environ, "HF_ENDPOINT": server.url, "HF_HOME": str(tmp_path / "hf")}
        done = subprocess.run(
            [sys.executable, "-c", code],
            env=environment,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.stdout.strip() == file_sha256(published / "pytorch_model.bin"), done.stderr
        assert done.stderr == ""  # the library shows no progress of its own, nor does the Hub's

    def test_another_revision_is_refused(self, server: FileServer) -> None:
        server.commit = "f" * 40
        with pytest.raises(WeightsError, match=f"is of commit {'f' * 40}, expected {COMMIT}"):
            locate_weights(small(hub(server)))

    def test_another_file_is_refused(self, server: FileServer) -> None:
        with pytest.raises(WeightsError, match=f"expected {'0' * 64}"):
            locate_weights(small(hub(server, sha256="0" * 64)))

    def test_the_next_source_where_the_hub_has_nothing(self, server: FileServer) -> None:
        load_state(locate_weights(small(hub(server, repo_id="someone/gone"), at(server.url))))

    def test_what_another_tool_has_fetched_is_used_offline(
        self, server: FileServer, published: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        from huggingface_hub import constants, hf_hub_download

        monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
        for name in ("config.json", "pytorch_model.bin"):
            hf_hub_download(REPO, name, revision=COMMIT, endpoint=server.url, cache_dir=tmp_path / "hub")
        server.requests = []
        found = locate_weights(small(hub(server)), offline=True)
        assert found.sha256 == file_sha256(published / "pytorch_model.bin")
        assert server.requests == []


class TestFolder:
    def test_by_path_and_only_read(self, published: Path, tmp_path: Path, no_network: None) -> None:
        folder = tmp_path / "mine"
        shutil.copytree(published, folder)
        before = sorted(os.listdir(folder))
        for given in (folder, str(folder)):
            found = locate_weights(given)
            assert found.state_path == folder / "pytorch_model.bin"
        assert verify(folder).sha256 == found.sha256
        assert sorted(os.listdir(folder)) == before

    def test_by_a_bare_name(self, published: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        shutil.copytree(published, tmp_path / "mine")
        monkeypatch.chdir(tmp_path)
        assert locate_weights("mine").state_path == Path("mine/pytorch_model.bin")

    def test_under_the_names_that_the_files_have_where_they_are_published(
        self, published: Path, tmp_path: Path
    ) -> None:
        for name in ("config.json", "pytorch_model.bin"):
            shutil.copy(published / name, tmp_path / f"biggan-deep-128-{name}")
        load_state(locate_weights(tmp_path))

    def test_several_that_could_be_meant(self, published: Path, tmp_path: Path) -> None:
        shutil.copy(published / "config.json", tmp_path)
        for name in ("a.bin", "b.bin"):
            shutil.copy(published / "pytorch_model.bin", tmp_path / name)
        with pytest.raises(WeightsError, match=r"a.bin and b.bin: which is meant\?"):
            locate_weights(tmp_path)

    def test_lacking_one(self, published: Path, tmp_path: Path) -> None:
        shutil.copy(published / "config.json", tmp_path)
        with pytest.raises(WeightsError, match=r"lacks weights: expected in it config\.json"):
            locate_weights(tmp_path)

    def test_no_such_folder(self, tmp_path: Path) -> None:
        with pytest.raises(UsageError, match="there is no folder"):
            locate_weights(tmp_path / "gone")
        with pytest.raises(UsageError, match="nor a folder of that name"):
            locate_weights("gone")

    def test_with_a_wrong_tensor(self, published: Path, tmp_path: Path) -> None:
        shutil.copytree(published, tmp_path / "mine")
        (tmp_path / "mine" / "pytorch_model.bin").write_bytes(b"rubbish" * 20_000)
        with pytest.raises(FileFormatError, match="not a checkpoint of plain tensors"):
            verify(tmp_path / "mine")


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

    def test_files_of_another_model_are_refused(self, published: Path) -> None:
        entry = replace(small(at("http://127.0.0.1:9")), resolution=32)
        shutil.copytree(published, model_folder(entry))
        with pytest.raises(
            WeightsError, match=r"is not of small: .* are \(16, 4, 3\), expected \(32, 4, 3\)"
        ):
            locate_weights(entry)


class TestWhere:
    def test_chosen(self, cache: Path) -> None:
        assert cache_folder() == cache
        assert model_folder(find_model("biggan-deep-128")) == cache / "biggan-deep-128"

    def test_the_users_cache(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.delenv("BIGGAN_DIRECTIONS_CACHE")
        monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
        assert cache_folder() == tmp_path / "biggan-directions"
        monkeypatch.setenv("XDG_CACHE_HOME", "relative/paths/do/not/count")
        monkeypatch.setenv("HOME", str(tmp_path / "home"))
        monkeypatch.setattr(sys, "platform", "linux")
        assert cache_folder() == tmp_path / "home" / ".cache" / "biggan-directions"


def test_verify_names_what_to_type_where_there_is_nothing() -> None:
    with pytest.raises(WeightsError, match="models --fetch small"):
        verify(small(at("http://127.0.0.1:9")))
