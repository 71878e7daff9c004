"""JSON of a size and a depth that are known beforehand."""

import codecs
import json
from pathlib import Path
from typing import Any

from biggan_directions.errors import FileFormatError
from biggan_directions.files.plain_file import opened

_DEEPEST = 32  # lists within lists: far more than our files have, far less than Python's stack bears


def read_json(path: Path, *, largest: int) -> Any:
    """The value in a JSON file of at most ``largest`` bytes.

    Raises:
        FileFormatError: it cannot be read, is larger, or is not JSON.
    """
    with opened(path, largest) as (file, size):
        raw = file.read(size)
    try:
        # given bytes, json would try other encodings, and import what they need
        value = json.loads(raw.removeprefix(codecs.BOM_UTF8).decode())
    except (ValueError, RecursionError) as error:  # not JSON, not UTF-8, an endless number, endless nesting
        raise FileFormatError(f"{path} is not JSON") from error
    if _deeper_than(value, _DEEPEST):
        raise FileFormatError(f"{path} is not JSON of any use here: it is nested more than {_DEEPEST} deep")
    return value


def _deeper_than(value: Any, depth: int) -> bool:
    level = [value]
    for _ in range(depth + 1):
        level = [
            inner
            for outer in level
            if isinstance(outer, dict | list)
            for inner in (outer.values() if isinstance(outer, dict) else outer)
        ]
    return bool(level)
