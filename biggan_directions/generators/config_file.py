"""``config.json`` of a model's folder: what all architectures have in common there."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

from msgspec import Meta, Struct

from biggan_directions.errors import FileFormatError
from biggan_directions.files.plain_json import read_json
from biggan_directions.files.validation import shown
from biggan_directions.generators.classes.class_table import ClassEntry, ClassTable, is_name

_LONGEST_LICENSE = 200  # characters
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


def class_list(table: ClassTable) -> list[str | dict[str, list[str]]]:
    """A table as :func:`read_class_list` reads it.

    >>> class_list(ClassTable([ClassEntry(index=0, names=("mug",)), ClassEntry(index=1, names=("a", "b"))]))
    ['mug', {'names': ['a', 'b']}]
    """
    return [entry.names[0] if len(entry.names) == 1 else {"names": list(entry.names)} for entry in table]


def license_in(values: Mapping[str, Any]) -> str | None:
    """The licence that a ``config.json`` names under ``license``; None where it names none."""
    found = values.get("license")
    return found[:_LONGEST_LICENSE] if isinstance(found, str) and found.strip() else None


def truncation_in(values: Mapping[str, Any], path: Path) -> float | None:
    """The truncation that suits a model, by the key ``truncation`` of its ``config.json``, or None.

    Raises:
        FileFormatError: it is no number in (0, 1]; ``path`` is named.
    """
    found = values.get("truncation")
    if found is None:
        return None
    if type(found) not in (int, float) or not 0 < found <= 1:
        raise FileFormatError(
            f"{path} has truncation {shown(found)}, expected a number above 0 and at most 1"
        )
    return float(found)


def _names(item: str | _Named) -> tuple[str, ...]:
    if isinstance(item, str):
        return (item,)
    return tuple(item.names or ([item.name] if item.name is not None else []))
