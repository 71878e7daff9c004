"""A file inside an archive is read into memory, and an archive that lies is refused."""

import gzip
import io
import struct
import tarfile
import tracemalloc
import zipfile
from collections.abc import Sequence
from pathlib import Path

import pytest

from biggan_directions.errors import FileFormatError
from biggan_directions.files.packed_file import opened_inside
from tests.support.biggan_checkpoints import packed
from tests.support.checkpoints import saved

LARGEST = 2**30


def first(names: Sequence[str]) -> str:
    if not names:
        raise FileFormatError("it is empty")
    return names[0]


def content(path: Path, *, largest: int = LARGEST) -> tuple[bytes, str]:
    with opened_inside(path, largest, first) as (file, size, where):
        found = file.read()
    assert len(found) == size
    return found, where


@pytest.mark.parametrize("kind", ["zip", "tar", "tgz"])
def test_the_file_that_is_chosen(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "archive"  # whatever it is called
    path.write_bytes(packed({"folder/a": b"one" * 1000, "folder/b": b"two"}, kind))
    seen: list[str] = []

    def second(names: Sequence[str]) -> str:
        seen.extend(names)
        return names[1]

    with opened_inside(path, LARGEST, second) as (file, size, where):
        assert (file.read(), size, where) == (b"two", 3, f"folder/b in {path}")
    assert seen == ["folder/a", "folder/b"]


@pytest.mark.parametrize("body", [saved({"a": 1}), saved({"a": 1}, older_format=True), b"", b"text" * 200])
def test_what_is_no_archive_of_files_is_opened_itself(body: bytes, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(body)
    assert content(tmp_path / "file") == (body, str(tmp_path / "file"))


def with_sizes_that_lie(size: int) -> bytes:
    """A zip whose directory and entry claim that its one file has this size."""
    raw = bytearray(packed({"a": b"\0" * 100}, "zip"))
    struct.pack_into("<L", raw, 22, size)
    struct.pack_into("<L", raw, raw.index(b"PK\x01\x02") + 24, size)
    return bytes(raw)


def with_a_link() -> bytes:
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w") as made:
        link = tarfile.TarInfo("G_ema.pth")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        made.addfile(link)
    return archive.getvalue()


ZEROS = 2**26
BAD = {
    "a zip bomb": (packed({"a": bytes(ZEROS)}, "zip"), "expected at most"),
    "a gzip bomb": (packed({"a": bytes(ZEROS)}, "tgz"), "more comes out of it"),
    "a gzip bomb in a header": (
        gzip.compress(tarfile.TarInfo("a" * 2**26).tobuf(tarfile.GNU_FORMAT)),
        "more comes out of it",
    ),
    "more than it has": (with_sizes_that_lie(10**6), "another size than the archive says"),
    "less than it has": (with_sizes_that_lie(10), "CRC"),
    "a link": (with_a_link(), "it is empty"),
    "too many": (packed({str(place): b"" for place in range(10_001)}, "zip"), "10001 entries"),
    "too many in a tar": (packed({str(place): b"" for place in range(10_001)}, "tar"), "over 10000 entries"),
}


@pytest.mark.parametrize("kind", BAD)
def test_an_archive_that_lies(kind: str, tmp_path: Path) -> None:
    body, says = BAD[kind]
    (tmp_path / "file").write_bytes(body)
    tracemalloc.start()
    try:
        with pytest.raises(FileFormatError, match=says):
            content(tmp_path / "file")
        assert tracemalloc.get_traced_memory()[1] < ZEROS / 4
    finally:
        tracemalloc.stop()


def test_an_encrypted_zip(tmp_path: Path) -> None:
    raw = bytearray(packed({"a": b"body"}, "zip"))
    raw[6] |= 1
    raw[raw.index(b"PK\x01\x02") + 8] |= 1
    (tmp_path / "file").write_bytes(raw)
    with pytest.raises(FileFormatError, match="encrypted"):
        content(tmp_path / "file")


def test_a_method_that_is_not_known(tmp_path: Path) -> None:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_STORED) as made:
        made.writestr("a", b"body")
    raw = bytearray(archive.getvalue())
    for start, offset in ((0, 8), (raw.index(b"PK\x01\x02"), 10)):
        struct.pack_into("<H", raw, start + offset, 99)
    (tmp_path / "file").write_bytes(raw)
    with pytest.raises(FileFormatError, match="damaged archive"):
        content(tmp_path / "file")


def test_too_large(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(packed({"a": b"body" * 100}, "tar"))
    with pytest.raises(FileFormatError, match="too large"):
        content(tmp_path / "file", largest=100)
