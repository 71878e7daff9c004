"""Check the state from which a run resumes, because it may come from an untrusted file."""

from __future__ import annotations

from typing import Any

import torch

from biggan_directions.errors import FileFormatError


def check_like(found: Any, like: Any, name: str) -> None:
    """Check that a part of a state has the keys, types, shapes and dtypes of ``like``, and finite tensors.

    Args:
        found: the part to check.
        like: an example of a valid part; its numbers do not matter.
        name: name of the part, for the error.

    Raises:
        FileFormatError: the part is not valid; the message names it.

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
    elif isinstance(like, list):
        if len(found) != len(like):
            raise FileFormatError(f"{name} has {len(found)} parts, expected {len(like)}")
        for index, part in enumerate(like):
            check_like(found[index], part, f"{name}[{index}]")
    elif isinstance(like, torch.Tensor):
        if (found.shape, found.dtype) != (like.shape, like.dtype):
            raise FileFormatError(
                f"{name} is {found.dtype} of shape {tuple(found.shape)}, "
                f"expected {like.dtype} of shape {tuple(like.shape)}"
            )
        if not bool(torch.isfinite(found).all()):
            raise FileFormatError(f"{name} has numbers that are not finite")


def check_done(done: int, most: int, name: str) -> None:
    """Check the number of units done.

    Raises:
        FileFormatError: it is below 0 or above ``most``.
    """
    if not 0 <= done <= most:
        raise FileFormatError(f"{name} is {done}, expected 0 to {most}")
