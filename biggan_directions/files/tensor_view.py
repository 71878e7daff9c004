"""A tensor as a file describes it: checked against its storage before any memory is given to it."""

import math
from dataclasses import dataclass
from typing import Any

_LARGEST_SIZE = 2**48


@dataclass(frozen=True)
class Storage:
    """A run of numbers kept elsewhere in the file: its key, torch's word for their type, how many."""

    key: str
    dtype: str
    count: int


@dataclass(frozen=True)
class TensorView:
    """A tensor as the pickle describes it. It lies within its storage, and no two numbers share a place."""

    storage: Storage
    offset: int
    size: tuple[int, ...]
    stride: tuple[int, ...]


def tensor_view(storage: Any, offset: Any, size: Any, stride: Any) -> TensorView:
    """Describe a tensor within its storage: no numbers outside it, none shared, so none but the file's.

    Args:
        storage: a :class:`Storage`.
        offset: of its first number there.
        size: of each dimension, at most 8 of them, a tuple of whole numbers.
        stride: the same number of them, in numbers.

    Raises:
        ValueError: it is none of that, reaches outside, or overlaps itself.
    """
    if not isinstance(storage, Storage) or not isinstance(size, tuple) or not isinstance(stride, tuple):
        raise ValueError("a tensor is not described as torch does it")
    found = TensorView(
        storage, whole_size(offset), tuple(map(whole_size, size)), tuple(map(whole_size, stride))
    )
    if len(size) != len(stride) or len(size) > 8:
        raise ValueError("a tensor has not one stride for each of its dimensions")
    if math.prod(count for count in found.size if count) >= _LARGEST_SIZE:
        raise ValueError("a tensor claims more numbers than there can be")
    extent = 1  # numbers between the first and the last
    for step, count in sorted(zip(found.stride, found.size, strict=True)):
        if count > 1 and step < extent:
            raise ValueError("a tensor's strides make its numbers overlap")
        extent += step * (count - 1) if count else 0
    if found.offset + (0 if 0 in found.size else extent) > storage.count:
        raise ValueError("a tensor reaches outside its storage")
    return found


def whole_size(value: Any) -> int:
    """See that a size, a stride or a place is a whole number from 0 to 2^48.

    Raises:
        ValueError: it isn't.
    """
    if type(value) is not int or not 0 <= value < _LARGEST_SIZE:
        raise ValueError("a size, a stride or a place is not a whole number of sane size")
    return value
