"""Each kind of source gives a model's files, or says in a few words why it does not."""

import socket
import time
from pathlib import Path

import pytest
from huggingface_hub import constants

from biggan_directions.errors import WeightsError
from biggan_directions.generators.biggan_deep.layout import load_state
from biggan_directions.generators.weights import sources
from biggan_directions.generators.weights.locating import locate_weights
from tests.support.file_server import FileServer
from tests.support.small_weights import COMMIT, REPO, at, hub, locate_elsewhere, small


def test_the_hubs_offline_switch(server: FileServer) -> None:
    for kind in ("hub", "url"):
        assert "not tried: offline" in locate_elsewhere(kind, server.url, HF_HUB_OFFLINE="1").end().out
    assert server.requests == []


def test_the_caller_overrules_the_hubs_offline_switch(
    server: FileServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    with pytest.raises(WeightsError, match="not tried: offline"):
        locate_weights(small(at(server.url)))
    assert locate_weights(small(at(server.url)), offline=False).sha256


def test_fetched_by_revision(server: FileServer, sha256: str) -> None:
    found = locate_weights(small(hub(server)))
    assert found.sha256 == sha256
    paths = {path for _, path, _ in server.requests}
    assert paths == {f"/{REPO}/resolve/{COMMIT}/{name}" for name in ("config.json", "pytorch_model.bin")}


def test_a_broken_connection_is_taken_up(server: FileServer, sha256: str) -> None:
    server.break_after = [10**9, 131_072]
    found = locate_weights(small(hub(server)))
    assert found.sha256 == sha256
    assert server.asked("/pytorch_model.bin")[1] == "bytes=131072-"


def test_a_later_run_resumes(server: FileServer, sha256: str) -> None:
    server.break_after = [10**9, 131_072, *([0] * 20)]
    with pytest.raises(WeightsError, match="resumes from there"):
        locate_weights(small(hub(server)))
    server.break_after, server.requests = [], []
    found = locate_weights(small(hub(server)))
    assert found.sha256 == sha256
    assert server.asked("/pytorch_model.bin") == ["bytes=131072-"]


def test_nothing_is_printed_where_it_does_not_answer() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        done = locate_elsewhere("hub", f"http://127.0.0.1:{unused.getsockname()[1]}").end()
    assert "config.json: the connection was refused" in done.out
    assert done.err == ""


def test_a_hub_that_does_not_answer_is_left_at_once(
    server: FileServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sources, "TIMEOUT_S", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as silent, socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        ports = silent.getsockname()[1], unused.getsockname()[1]
        mirrors = [hub(server, endpoint=f"http://127.0.0.1:{port}") for port in ports]
        begun = time.monotonic()
        with pytest.raises(WeightsError) as caught:
            locate_weights(small(*mirrors, hub(server, repo_id="someone/gone")))
    assert time.monotonic() - begun < 5
    lines = [line.strip() for line in str(caught.value).splitlines()]
    assert lines[1:4] == [
        f"{mirrors[0].address}: config.json: no answer in time",
        f"{mirrors[1].address}: config.json: the connection was refused",
        f"{server.url}/someone/gone/tree/{COMMIT}: config.json: HTTP 404",
    ]


def test_the_mirror_that_the_hubs_own_switch_names(server: FileServer, tmp_path: Path, sha256: str) -> None:
    done = locate_elsewhere("hub", server.url, HF_HOME=str(tmp_path / "hf")).end()
    assert done.out.strip() == sha256, done.err
    assert done.err == ""  # the library shows no progress of its own, nor does the Hub's


def test_another_revision_is_refused(server: FileServer) -> None:
    server.commit = "f" * 40
    with pytest.raises(WeightsError, match=f"is of commit {'f' * 40}, expected {COMMIT}"):
        locate_weights(small(hub(server)))


def test_another_file_is_refused(server: FileServer) -> None:
    with pytest.raises(WeightsError, match=f"expected {'0' * 64}"):
        locate_weights(small(hub(server, sha256="0" * 64)))


def test_a_file_that_is_not_what_the_hub_says_is_refused(server: FileServer) -> None:
    server.linked_etag = "1" * 64
    with pytest.raises(WeightsError, match=f"expected {'1' * 64}"):
        locate_weights(small(hub(server)))


def test_the_next_source_where_the_hub_has_nothing(server: FileServer) -> None:
    load_state(locate_weights(small(hub(server, repo_id="someone/gone"), at(server.url))))


def test_what_another_tool_has_fetched_is_used_offline(
    server: FileServer, sha256: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from huggingface_hub import hf_hub_download

    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    for name in ("config.json", "pytorch_model.bin"):
        hf_hub_download(REPO, name, revision=COMMIT, endpoint=server.url, cache_dir=tmp_path / "hub")
    server.requests = []
    found = locate_weights(small(hub(server)), offline=True)
    assert found.sha256 == sha256
    assert server.requests == []
    damaged = small(hub(server, sha256="0" * 64), name="damaged")
    with pytest.raises(WeightsError, match="not tried: offline"):
        locate_weights(damaged, offline=True)
