"""Which direction is meant: by number or by name, the same in every command."""

from __future__ import annotations

from collections.abc import Sequence

from biggan_directions.errors import UsageError
from biggan_directions.files.escaping import printable


def index_of(direction: str, names: Sequence[str]) -> int:
    """The index of the direction with this number or, if it is not a number, with this name.

    A number is never taken for a name, so that commands copied from a page work whatever the names are.

    Args:
        direction: the number or the whole name.
        names: one per direction; "" for a direction without a name.

    Raises:
        UsageError: there is no such direction, or several have the name.

    >>> index_of("1", ["hue", ""]), index_of("hue", ["hue", ""])
    (1, 0)
    """
    if direction.isascii() and direction.isdecimal():
        if len(direction) < 6 and int(direction) < len(names):
            return int(direction)
        raise _no_direction(direction, names)
    called = [index for index, name in enumerate(names) if name and name == direction]
    if len(called) > 1:
        raise UsageError(
            f"directions {', '.join(map(str, called))} are all named '{printable(direction)}': use a number, "
            f"or name one of them anew, for example: biggan-directions name FILE {called[1]}=NAME"
        )
    if called:
        return called[0]
    raise _no_direction(direction, names)


def indices_of(text: str, names: Sequence[str]) -> list[int] | None:
    """The indices of the directions in a list such as ``hue,3``; None for ``all``.

    Args:
        text: numbers and names, separated by commas, or one name that has commas itself.
        names: one per direction.

    Raises:
        UsageError: as of :func:`index_of`.

    >>> indices_of("zoom,2,0", ["", "zoom", ""]), indices_of("near, far", ["", "near, far"])
    ([1, 2, 0], [1])
    """
    if text == "all":
        return None
    if text in names and text:
        return [index_of(text, names)]
    return [index_of(part.strip(), names) for part in text.split(",")]


def _no_direction(direction: str, names: Sequence[str]) -> UsageError:
    known = ", ".join(printable(name) for name in names if name)
    numbers = f"0 to {len(names) - 1}" + (f", and the names {known}" if known else "")
    return UsageError(f"there is no direction '{printable(direction)}': this file has {numbers}")
