"""What the manifest says of files counts only where it is sound, and the files are as it says."""

import base64
import json
from pathlib import Path
from typing import Any

import pytest

from biggan_directions.rendering.manifest import MANIFEST_NAME, Manifest, Strips

STRIPS = Strips([b"one", b"\x00\xff"], (64, 32))


def drawn(folder: Path) -> Path:
    (folder / "a.gif").write_bytes(b"picture")
    made = Manifest(folder, "these", resume=False)
    made.add("a.gif")
    made.keep_strips("direction_00.gif", STRIPS)
    return folder / MANIFEST_NAME


def test_a_later_run_finds_what_is_there(tmp_path: Path) -> None:
    drawn(tmp_path)
    found = Manifest(tmp_path, "these", resume=True)
    assert found.has("a.gif")
    assert not found.has("a.gif", of="others")
    assert found.strips("direction_00.gif") == STRIPS
    (tmp_path / "a.gif").write_bytes(b"another")
    assert not found.has("a.gif")
    assert not Manifest(tmp_path, "others", resume=True).has(".direction_00.strips")


def test_the_files_are_as_documented(tmp_path: Path) -> None:
    content = json.loads(drawn(tmp_path).read_text())
    assert content["format"] == "biggan-directions/render/1"
    assert set(content["files"]["a.gif"]) == {"made_of", "sha256"}
    kept = json.loads((tmp_path / ".direction_00.strips").read_text())
    assert kept == {"strips": [base64.b64encode(strip).decode() for strip in STRIPS.strips], "size": [64, 32]}


@pytest.mark.parametrize(
    "changes",
    [
        {"format": "biggan-directions/render/2"},
        {"files": []},
        {"files": {"a.gif": 3}},
        {"files": {"a.gif": {"made_of": "these"}}},
    ],
)
def test_a_damaged_manifest_keeps_nothing(changes: dict[str, Any], tmp_path: Path) -> None:
    path = drawn(tmp_path)
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))
    assert not Manifest(tmp_path, "these", resume=True).has("a.gif")


@pytest.mark.parametrize(
    "content",
    ["{", "[]", '{"size": [1, 2]}', '{"size": [1], "strips": []}', '{"size": [1, 2], "strips": ["?"]}'],
)
def test_damaged_strips_are_none(content: str, tmp_path: Path) -> None:
    made = Manifest(tmp_path, "these", resume=False)
    name = ".direction_00.strips"
    (tmp_path / name).write_text(content)
    made.add(name)
    assert made.strips("direction_00.gif") is None
