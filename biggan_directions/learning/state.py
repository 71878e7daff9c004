"""Check that the settings stored in a run's state are those of the run that resumes from it."""

from __future__ import annotations

from typing import Any

from biggan_directions.errors import FileFormatError, UsageError


def check_plain(found: Any, name: str) -> None:
    """Check that a part of a state is a dict of lists, text and numbers without tensors, to be compared.

    Raises:
        FileFormatError: it is not.
    """
    if not isinstance(found, dict):
        raise FileFormatError(f"{name} is of type {type(found).__name__}, expected dict")
    rest = [*found.values()]
    while rest:
        value = rest.pop()
        if isinstance(value, list | tuple):
            rest += value
        elif not (value is None or isinstance(value, str | int | float)):
            raise FileFormatError(f"{name} holds a value of type {type(value).__name__}")


def check_same(found: dict[str, Any] | None, expected: dict[str, Any]) -> None:
    """Refuse to resume from a state that was made with other settings."""
    found = found or {}
    for name, value in expected.items():
        if name not in found or found[name] != value:
            raise UsageError(
                f"the run to resume was made with {name.replace('_', ' ')} {found.get(name)}, not "
                f"{value}: give the same settings, or start a new run"
            )
