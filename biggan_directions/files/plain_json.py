"""Read JSON with a size limit and a given type."""

import codecs
import json
from pathlib import Path
from typing import TypeVar

from biggan_directions.errors import FileFormatError
from biggan_directions.files.plain_file import opened
from biggan_directions.files.validation import validated

_T = TypeVar("_T")


def read_json(path: Path, kind: type[_T], *, largest: int, what: str) -> _T:
    """Read a JSON file of at most ``largest`` bytes as a ``kind``.

    Args:
        path: the file.
        kind: a type supported by :func:`~biggan_directions.files.validation.validated`.
        largest: maximum size of such a file in bytes.
        what: what the file should be, for the error, such as "a scorecard".

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
    """Parse JSON text in UTF-8.

    Raises:
        ValueError: it is not JSON, or has an overlong number or too deep nesting.
    """
    try:
        # msgspec's own decoder refuses the lone surrogates that a folder's name may contain;
        # given bytes, json would try other encodings and import their codecs
        value: object = json.loads(raw.decode())
    except (ValueError, RecursionError) as error:
        raise ValueError("it is not JSON") from error
    return value
