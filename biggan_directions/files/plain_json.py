"""JSON of a size and of types that are known beforehand."""

import codecs
import json
from pathlib import Path
from typing import TypeVar

from biggan_directions.errors import FileFormatError
from biggan_directions.files.plain_file import opened
from biggan_directions.files.validation import validated

_T = TypeVar("_T")


def read_json(path: Path, kind: type[_T], *, largest: int, what: str) -> _T:
    """The value in a JSON file of at most ``largest`` bytes, as a ``kind``.

    Args:
        path: of the file.
        kind: a type that :func:`~biggan_directions.files.validation.validated` knows.
        largest: the most bytes that such a file has.
        what: the file is, for the error: "a scorecard".

    Raises:
        FileFormatError: it cannot be read, is larger, is not JSON, or is not of this kind; the sentence names
            the key that is wrong.
    """
    with opened(path, largest) as (file, size):
        raw = file.read(size)
    try:
        return validated(parsed(raw.removeprefix(codecs.BOM_UTF8)), kind)
    except ValueError as error:
        raise FileFormatError(f"{path} is not {what}: {error}") from error


def parsed(raw: bytes) -> object:
    """The value in a JSON text of UTF-8.

    Raises:
        ValueError: it is not JSON, or holds a number or nesting without end.
    """
    try:
        # msgspec's own decoder refuses the lone surrogates that a folder's name may bring in;
        # given bytes, json would try other encodings, and import what they need
        value: object = json.loads(raw.decode())
    except (ValueError, RecursionError) as error:
        raise ValueError("it is not JSON") from error
    return value
