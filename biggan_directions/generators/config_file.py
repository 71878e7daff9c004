"""``config.json`` of a model's folder: what all architectures have in common there."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

from msgspec import Meta, Struct

from biggan_directions.errors import FileFormatError
from biggan_directions.files.plain_json import read_json
from biggan_directions.generators.classes.class_table import ClassEntry, ClassTable, is_name

LARGEST_CONFIG_BYTES = 2**20  # ImageNet's thousand classes with all of their names take 60 kB

_Name = Annotated[str, Meta(max_length=200)]


class _Named(Struct, frozen=True):
    """A class with one name, or several, the usual one first."""

    name: _Name | None = None
    names: Annotated[list[_Name], Meta(max_length=100)] | None = None


class _Listing(Struct, frozen=True):
    """The part of a configuration that lists the classes."""

    classes: list[_Name | _Named] | None = None


def read_config_values(path: Path) -> dict[str, Any]:
    """The JSON object in a ``config.json``, its values unchecked.

    Raises:
        FileFormatError: the file cannot be read, is larger than a configuration can be, or is no JSON object.
    """
    return read_json(path, dict[str, Any], largest=LARGEST_CONFIG_BYTES, what="a model's configuration")


def read_class_list(path: Path, count: int) -> ClassTable | None:
    """The classes that a ``config.json`` lists under ``classes``; None where it lists none.

    Each item is a name, or an object with ``name`` or ``names``, the usual one first.

    Args:
        path: the file.
        count: how many classes the model has.

    Raises:
        FileFormatError: the list has another length, or an item that is not a name.
    """
    kept = read_json(path, _Listing, largest=LARGEST_CONFIG_BYTES, what="a configuration with class names")
    if kept.classes is None:
        return None
    if len(kept.classes) != count:
        raise FileFormatError(
            f"{path} lists {len(kept.classes)} classes, but the model has {count}: list each of them, or none"
        )
    names = [_names(item) for item in kept.classes]
    for index, each in enumerate(names):
        if not each or not all(map(is_name, each)):
            raise FileFormatError(
                f"{path} has no name for class {index}: write one that has a letter or a digit, or an object "
                'with "names"'
            )
    return ClassTable(ClassEntry(index=index, names=each) for index, each in enumerate(names))


def _names(item: str | _Named) -> tuple[str, ...]:
    if isinstance(item, str):
        return (item,)
    return tuple(item.names or ([item.name] if item.name is not None else []))
