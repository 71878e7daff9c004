"""A run's state as it is taken up again: it may come from anybody's file, and is checked where it is read."""

from __future__ import annotations

from typing import Any

import torch

from biggan_directions.errors import FileFormatError, UsageError


def check_like(found: Any, like: Any, name: str) -> None:
    """See that a part of a state has the keys, types, shapes and dtypes of another, and finite tensors.

    Args:
        found: what is to be taken up.
        like: a part as a run would have it; its numbers do not matter.
        name: of the part, for the error.

    Raises:
        FileFormatError: it is something else; the sentence names the part.

    >>> check_like({"done": 3}, {"done": 0}, "hessians")
    >>> check_like({"done": 3.5}, {"done": 0}, "hessians")
    Traceback (most recent call last):
    biggan_directions.errors.FileFormatError: hessians.done is of type float, expected int
    """
    if type(found) is not type(like):
        raise FileFormatError(f"{name} is of type {type(found).__name__}, expected {type(like).__name__}")
    if isinstance(like, dict):
        if found.keys() != like.keys():
            raise FileFormatError(f"{name} has other keys than {', '.join(map(str, like))}")
        for key, part in like.items():
            check_like(found[key], part, f"{name}.{key}")
    elif isinstance(like, torch.Tensor):
        if (found.shape, found.dtype) != (like.shape, like.dtype):
            raise FileFormatError(
                f"{name} is {found.dtype} of shape {tuple(found.shape)}, "
                f"expected {like.dtype} of shape {tuple(like.shape)}"
            )
        if not bool(torch.isfinite(found).all()):
            raise FileFormatError(f"{name} has numbers that are not finite")


def check_plain(found: Any, name: str) -> None:
    """See that a part of a state is a table that can be compared: of lists, text and numbers, no tensors.

    Raises:
        FileFormatError: it is something else.
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


def check_done(done: int, most: int, name: str) -> None:
    """See that so much can have been done.

    Raises:
        FileFormatError: it is below 0 or above ``most``.
    """
    if not 0 <= done <= most:
        raise FileFormatError(f"{name} is {done}, expected 0 to {most}")


def check_same(found: dict[str, Any] | None, expected: dict[str, Any]) -> None:
    """Refuse to go on from a state that was made with other settings."""
    found = found or {}
    for name, value in expected.items():
        if name not in found or found[name] != value:
            raise UsageError(
                f"the run to go on from was made with {name.replace('_', ' ')} {found.get(name)}, not "
                f"{value}: give the same settings, or start anew"
            )
