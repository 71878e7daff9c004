"""``config.json`` of a model's folder: what all architectures have in common there."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from biggan_directions.errors import FileFormatError
from biggan_directions.files.plain_json import read_json
from biggan_directions.generators.classes.class_table import ClassEntry, ClassTable, is_name

LARGEST_CONFIG_BYTES = 2**20  # ImageNet's thousand classes with all of their names take 60 kB
_MOST_NAMES = 100  # of one class
_LONGEST_NAME = 200  # characters


def read_config_values(path: Path) -> dict[str, Any]:
    """The JSON object in a ``config.json``, its values unchecked.

    Raises:
        FileFormatError: the file cannot be read, is larger than a configuration can be, or is no JSON object.
    """
    return read_json(path, dict[str, Any], largest=LARGEST_CONFIG_BYTES, what="a model's config.json")


def read_class_list(path: Path, count: int) -> ClassTable | None:
    """The classes that a ``config.json`` lists under ``classes``; None where it lists none.

    Each item is a name, or an object with ``name`` or ``names``, the usual one first.

    Args:
        path: the file.
        count: how many classes the model has.

    Raises:
        FileFormatError: the list has another length, or an item that is not a name.
    """
    listed = read_config_values(path).get("classes")
    if listed is None:
        return None
    try:
        return _table(listed, count)
    except ValueError as error:
        raise FileFormatError(f"{path} has a list of classes that cannot be used: {error}") from error


def _table(listed: object, count: int) -> ClassTable:
    """The table of a list from JSON, or a ValueError that says which item is wrong."""
    if not isinstance(listed, list):
        raise ValueError(f"classes is a {type(listed).__name__}, expected a list")
    if len(listed) != count:
        raise ValueError(f"classes has {len(listed)} items, but the model has {count} classes")
    return ClassTable(ClassEntry(index=index, names=_names(item, index)) for index, item in enumerate(listed))


def _names(item: object, index: int) -> tuple[str, ...]:
    found: object = [item]
    if isinstance(item, Mapping):
        found = item.get("names", [item.get("name")])
    if not isinstance(found, list) or not 1 <= len(found) <= _MOST_NAMES or not all(map(_fits, found)):
        raise ValueError(
            f"class {index} must be a name, or an object with names: text of at most {_LONGEST_NAME} "
            "characters with a letter or a digit"
        )
    return tuple(found)


def _fits(name: object) -> bool:
    return isinstance(name, str) and len(name) <= _LONGEST_NAME and is_name(name)
