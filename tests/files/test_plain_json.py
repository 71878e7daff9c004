"""JSON files are read in one encoding and up to a size; the sentence names the file and what is wrong."""

from pathlib import Path

import pytest
from msgspec import Struct

from biggan_directions.errors import FileFormatError
from biggan_directions.files.plain_json import read_json


class Record(Struct):
    """What the files hold."""

    size: int
    name: str = ""


def read(content: bytes, folder: Path) -> Record:
    path = folder / "record.json"
    path.write_bytes(content)
    return read_json(path, Record, largest=300_000, what="a record")


def test_a_record_is_read(tmp_path: Path) -> None:
    content = '{"new": [{"size": "4"}], "size": 3, "name": "gr\\u00f6ßer"}'.encode()
    assert read(content, tmp_path) == read(b"\xef\xbb\xbf" + content, tmp_path) == Record(3, "größer")


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "is not a record: it is not JSON"),
        (b"\xff\xfe{", "it is not JSON"),
        ('{"size": 3}'.encode("utf-16"), "it is not JSON"),
        (b'{"size": 3, "new": ' + b"[" * 100_000 + b"]" * 100_000 + b"}", "it is not JSON"),
        (b'{"size": ' + b"9" * 10_000 + b"}", "it is not JSON"),
        (b'{"size": 3} 4', "it is not JSON"),
        (b"[3]", r"it is \[3\], expected an object"),
        (b'{"size": NaN}', "size is NaN, expected a whole number"),
        (b" " * 300_001, "too large"),
    ],
)
def test_what_is_no_record_is_refused_in_a_sentence(content: bytes, says: str, tmp_path: Path) -> None:
    with pytest.raises(FileFormatError, match=says) as caught:
        read(content, tmp_path)
    assert str(caught.value).startswith(str(tmp_path / "record.json"))


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileFormatError, match=r"absent\.json cannot be read: No such file"):
        read_json(tmp_path / "absent.json", Record, largest=10, what="a record")
