"""Files on Google Drive and single files: fetched, checked, kept; each refusal is a few words."""

import json
import socket
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from biggan_directions.errors import WeightsError
from biggan_directions.generators.load import load_generator, read_model, verify
from biggan_directions.generators.weights import drive
from biggan_directions.generators.weights.catalog import CatalogEntry, DriveSource, FileSource
from biggan_directions.generators.weights.locating import (
    cache_status,
    fetch_weights,
    locate_weights,
    model_folder,
)
from tests.support.biggan_checkpoints import packed, small_biggan_state, write_biggan
from tests.support.checkpoints import saved, write_checkpoint
from tests.support.file_server import FileServer, serve
from tests.support.plain_biggan import small_sizes

BODY = saved(small_biggan_state(), older_format=True)
ZIP = packed({"138k/G_ema.pth": BODY, "138k/D.pth": b""}, "zip")
FILE_NAME = "138k.zip"


@pytest.fixture
def server() -> Iterator[FileServer]:
    files = {"/uc?id=abc": ZIP, "/release.tar": packed({"G_ema.pth": BODY}, "tar"), "/G.pth": BODY}
    with serve(files=files) as running:
        yield running


def entry(*sources: DriveSource | FileSource, **changes: Any) -> CatalogEntry:
    usual: dict[str, Any] = {
        "name": "small-biggan",
        "resolution": 32,
        "z_dim": 12,
        "num_classes": 5,
        "truncation": 1.0,
        "weights_bytes": len(BODY),
        "license": "MIT",
        "description": "a small one",
        "weights_name": "G_ema.pth",
        "parameters": small_sizes().parameters(),
        "sources": sources,
    }
    return CatalogEntry(**(usual | changes))


def on_drive(server: FileServer, **changes: Any) -> DriveSource:
    return replace(DriveSource(file_id="abc", file_name=FILE_NAME, host=server.url), **changes)


def at(server: FileServer, path: str, **facts: Any) -> FileSource:
    return FileSource(url=f"{server.url}{path}", file_name=path.strip("/"), **facts)


def test_fetched_from_drive_as_it_is_and_read_with_no_network_later(server: FileServer, cache: Path) -> None:
    seen: list[tuple[int, int | None]] = []
    model = entry(on_drive(server))
    found = fetch_weights(model, progress=lambda *now: seen.append(now))
    assert found.state_path == cache / "small-biggan" / FILE_NAME
    assert found.state_path.read_bytes() == ZIP
    assert seen[-1] == (len(ZIP), len(ZIP))
    record = json.loads((cache / "small-biggan" / "record.json").read_text())
    assert record["source"] == f"{server.url}/uc?id=abc"
    assert list(record["files"]) == [FILE_NAME]
    assert cache_status(model).state == "cached"
    server.requests.clear()
    assert load_generator(model_folder(model), "3").resolution == 32
    assert verify(model).weights.parameters == small_sizes().parameters()
    assert server.requests == []


def test_a_connection_to_drive_that_breaks_is_taken_up(server: FileServer) -> None:
    server.break_after = [5_000]
    assert locate_weights(entry(on_drive(server))).state_path.read_bytes() == ZIP


def test_the_weights_have_one_checksum_whatever_they_are_packed_in(server: FileServer) -> None:
    sources: list[DriveSource | FileSource] = [
        on_drive(server),
        at(server, "/release.tar"),
        at(server, "/G.pth"),
    ]
    found = [read_model(entry(source, name=f"m{place}")) for place, source in enumerate(sources)]
    assert len({model.sha256 for model in found}) == 1


def test_without_gdown_the_mirrors_are_tried(server: FileServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "gdown", None)
    found = locate_weights(entry(on_drive(server), at(server, "/gone.tar"), at(server, "/release.tar")))
    assert found.state_path.name == "release.tar"
    with pytest.raises(WeightsError) as caught:
        locate_weights(entry(on_drive(server), at(server, "/gone.tar"), name="other"))
    lines = [line.strip() for line in str(caught.value).splitlines()]
    assert lines[1:3] == [
        f"{server.url}/uc?id=abc: not tried: gdown is not installed (pip install '.[gdown]')",
        f"{server.url}/gone.tar: HTTP 404 Not Found",
    ]


def test_with_no_connection_it_says_where_to_put_the_file(cache: Path) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        host = f"http://127.0.0.1:{unused.getsockname()[1]}"
        model = entry(DriveSource(file_id="abc", file_name=FILE_NAME, host=host))
        for offline, says in ((False, "the connection was refused"), (True, "not tried: offline")):
            with pytest.raises(WeightsError) as caught:
                locate_weights(model, offline=offline)
            assert f"{host}/uc?id=abc: {says}" in str(caught.value)
            assert (
                "If you can get G_ema.pth (or a zip or tar that holds it) in another way, put it into "
                + str(cache / "small-biggan")
                in str(caught.value)
            )
    write_biggan(cache / "small-biggan")
    assert locate_weights(model, offline=True).state_path.name == "G_ema.pth"
    assert (cache / "small-biggan" / "record.json").is_file()


def test_a_silent_drive_is_given_up(server: FileServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(drive, "TIMEOUT_S", 0.2)
    monkeypatch.setattr(drive, "_RETRIES", 0)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        host = f"http://127.0.0.1:{silent.getsockname()[1]}"
        with pytest.raises(WeightsError, match="no answer in time"):
            locate_weights(entry(on_drive(server, host=host)))


PAGE = b"<!DOCTYPE html><html><head><title>Google Drive - Quota exceeded</title></head></html>"


def refusals(server: FileServer) -> dict[str, tuple[DriveSource | FileSource, str]]:
    server.files |= {
        "/uc?id=page": PAGE,
        "/uc?id=two": packed({"a/G_ema.pth": BODY, "b/G_ema.pth": BODY}, "zip"),
        "/uc?id=large": saved(small_biggan_state(replace(small_sizes(), channels=(32, 16, 16, 8)))),
    }
    return {
        "quota": (on_drive(server, file_id="page"), "is a web page, not a checkpoint"),
        "two": (on_drive(server, file_id="two"), "which is meant"),
        "another size": (
            on_drive(server, file_id="large"),
            rf"not of small-biggan: it has [0-9,]+ parameters, expected {small_sizes().parameters():,}",
        ),
        "absent": (on_drive(server, file_id="gone"), "HTTP 404"),
        "too large": (on_drive(server, largest_bytes=1000), f"has {len(ZIP)} bytes, expected at most 1000"),
        "another": (on_drive(server, sha256="00ff"), "expected 00ff"),
        "another file": (at(server, "/G.pth", sha256="00ff"), "expected 00ff"),
    }


KINDS = ["quota", "two", "another size", "absent", "too large", "another", "another file"]


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_refused_leaves_nothing_and_the_next_source_is_asked(
    kind: str, server: FileServer, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(drive, "_RETRIES", 0)
    source, says = refusals(server)[kind]
    with pytest.raises(WeightsError, match=says):
        locate_weights(entry(source))
    assert cache_status(entry()).state in ("absent", "partial")
    assert not [path for path in (cache / "small-biggan").iterdir() if path.suffix in (".pth", ".zip")]
    assert locate_weights(entry(source, at(server, "/release.tar"))).state_path.name == "release.tar"


def test_a_checksum_may_be_known_by_its_beginning(server: FileServer) -> None:
    import hashlib

    beginning = hashlib.sha256(BODY).hexdigest()[:8]
    assert locate_weights(entry(at(server, "/G.pth", sha256=beginning))).sha256.startswith(beginning)


def test_deep_weights_under_this_name(server: FileServer, cache: Path) -> None:
    write_checkpoint(cache / "small-biggan")
    with pytest.raises(
        WeightsError, match=r"is not of small-biggan: .* \(16, 4, 3\), expected \(32, 12, 5\)"
    ):
        locate_weights(entry(), offline=True)


def test_damaged_weights_of_another_name_give_way(server: FileServer, cache: Path) -> None:
    write_biggan(cache / "small-biggan")
    model = entry(on_drive(server))
    locate_weights(model)
    (cache / "small-biggan" / "G_ema.pth").write_bytes(b"damaged")
    with pytest.raises(WeightsError, match=r"G_ema.pth has changed since it was first used"):
        locate_weights(model)
    assert cache_status(model).state == "damaged"
    fetch_weights(model)
    assert locate_weights(model).state_path.name == FILE_NAME
    assert not (cache / "small-biggan" / "G_ema.pth").exists()
