"""A solver's own settings: declare them, read them from text or a file, write them as plain values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any, Literal, get_args, get_origin, get_type_hints

import msgspec

from biggan_directions.errors import UsageError

_KINDS = {int: "a whole number", float: "a number", bool: "true or false", str: "text"}


def setting(default: Any, *, help: str, source: str) -> Any:
    """Declare a field of a solver's settings dataclass.

    Args:
        default: the default; None if the solver chooses the value.
        help: a description in one line.
        source: the source of the default: a paper, the authors' code, a measurement.

    >>> from dataclasses import dataclass
    >>> @dataclass(frozen=True, kw_only=True)
    ... class Settings:
    ...     steps: int = setting(100, help="Steps to take.", source="arXiv:2008.10599")
    >>> Settings().steps, declared(Settings)[0].help
    (100, 'Steps to take.')
    """
    return field(default=default, metadata={"help": help, "source": source})


@dataclass(frozen=True, kw_only=True)
class NoSettings:
    """The settings of a solver that has none of its own."""


@dataclass(frozen=True, kw_only=True)
class Declared:
    """A declared setting: name, default, kind of value in words, help and source."""

    name: str
    default: Any
    kind: str
    help: str
    source: str


def declared(settings: type[Any]) -> list[Declared]:
    """The settings of a solver's dataclass, in their order."""
    hints = get_type_hints(settings)
    return [
        Declared(
            name=item.name,
            default=plain(item.default),
            kind=_kind(hints[item.name]),
            help=item.metadata.get("help", ""),
            source=item.metadata.get("source", ""),
        )
        for item in fields(settings)
    ]


def read_settings(
    settings: type[Any], options: Mapping[str, Any], *, solver: str, strict: bool = False
) -> Any:
    """Make a solver's settings from values, or from text typed by a user.

    Args:
        settings: the dataclass.
        options: values by name; a list may be text with commas, such as ``8, 16``.
        solver: name of the solver, for errors.
        strict: refuse text where a number is expected.

    Raises:
        UsageError: a name is unknown, a value is of the wrong type or out of range.

    >>> from dataclasses import dataclass
    >>> @dataclass(frozen=True, kw_only=True)
    ... class Settings:
    ...     steps: int = 3
    >>> read_settings(Settings, {"steps": "5"}, solver="mine").steps
    5
    >>> read_settings(Settings, {"steps": "many"}, solver="mine")
    Traceback (most recent call last):
    biggan_directions.errors.UsageError: mine's setting steps must be a whole number, got 'many'
    """
    hints = get_type_hints(settings)
    known = [item.name for item in fields(settings)]
    values = {}
    for name, value in options.items():
        if name not in known:
            raise UsageError(
                f"solver {solver} has no setting '{name}': "
                + (f"it has {', '.join(known)}" if known else "it has none of its own")
                + f"; see biggan-directions solvers {solver}"
            )
        try:
            values[name] = _converted(value, hints[name], strict=strict)
        except (msgspec.ValidationError, ValueError) as error:
            raise UsageError(
                f"{solver}'s setting {name} must be {_kind(hints[name])}, got {str(value)[:40]!r}"
            ) from error
    return settings(**values)


def plain_values(settings: Any) -> dict[str, Any]:
    """The fields of a settings dataclass as plain values by name; a list becomes text with commas."""
    return {item.name: plain(getattr(settings, item.name)) for item in fields(settings)}


def plain(value: Any) -> Any:
    """A setting's value as text, number or None.

    >>> plain((8, 16)), plain(0.5)
    ('8, 16', 0.5)
    """
    return ", ".join(map(str, value)) if isinstance(value, list | tuple) else value


def _converted(value: Any, hint: Any, *, strict: bool) -> Any:
    """Convert a value to the type of its hint; text becomes a list if one is expected, even if strict."""
    if _is_list(hint) and isinstance(value, str):
        value, strict = [part.strip() for part in value.split(",")], False
    return msgspec.convert(value, type=hint, strict=strict)


def _is_list(hint: Any) -> bool:
    return any(get_origin(part) in (tuple, list) for part in (hint, *get_args(hint)))


def _kind(hint: Any) -> str:
    """A type in words."""
    if get_origin(hint) is Literal:
        return f"one of {', '.join(map(str, get_args(hint)))}"
    if get_origin(hint) in (tuple, list):
        return f"{_KINDS.get(get_args(hint)[0], 'values').removeprefix('a ')}s with commas between them"
    parts = [part for part in get_args(hint) if part is not type(None)]
    if parts and get_origin(hint) is not None:  # X | None
        return " or ".join(map(_kind, parts))
    return _KINDS.get(hint, str(hint))
