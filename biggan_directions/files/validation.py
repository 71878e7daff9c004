"""Validate plain values from files, requests and options with msgspec, with errors in plain words."""

import json
import re
from typing import Any, TypeVar, get_args, get_type_hints

import msgspec

_T = TypeVar("_T")
_LONGEST_SHOWN = 60  # characters of a wrong value
_WORDS = {"int": "a whole number", "float": "a number", "str": "text", "bool": "true or false"}
_WORDS |= {"array": "a list", "object": "an object", "null": "null"}
# Parts of msgspec's messages, such as "Expected `int`, got `str` - at `$.layers[0]`".
_PLACE = re.compile(r"(.*) - at `(key` in `)?\$([^`]*)`", re.DOTALL)
_STEP = re.compile(r"\.(\w+)|\[(\d+|\.\.\.)\]")
_FIELD = re.compile(r"Object (missing required|contains unknown) field `(.*)`", re.DOTALL)
_EXPECTED = re.compile(r"Expected `([^`]*)`([^,]*)(, got .*)?")
_ABSENT = object()


def validated(content: object, kind: type[_T], *, strict: bool = True) -> _T:
    """Convert plain values to a ``kind``: a dataclass, a ``msgspec.Struct``, or another type of msgspec.

    Args:
        content: the result of ``json.loads`` or another reader. Objects that are not plain are refused,
            except where ``kind`` has a dict: there the caller must check for them.
        kind: its annotations say what is allowed; ``Annotated[int, msgspec.Meta(ge=1)]`` sets a limit.
        strict: refuse text where a number or a bool is expected. Use False for values typed by a user, such
            as those of options.

    Raises:
        ValueError: a key is missing, or a value has the wrong type or is out of range. The message names the
            key, the value and what was expected; the caller adds where the values are from.

    >>> from typing import Annotated
    >>> class Block(msgspec.Struct):
    ...     channels: Annotated[int, msgspec.Meta(ge=1)]
    >>> validated({"channels": "8"}, Block, strict=False)
    Block(channels=8)
    >>> validated({"channels": True}, Block)
    Traceback (most recent call last):
    ValueError: channels is true, expected a whole number
    >>> validated({"channels": 0}, Block)
    Traceback (most recent call last):
    ValueError: channels is 0, expected a whole number >= 1
    """
    try:
        return msgspec.convert(content, kind, strict=strict, str_keys=True)
    except msgspec.ValidationError as error:
        raise ValueError(_in_words(str(error), content, kind)) from error
    except UnicodeEncodeError as error:  # msgspec refuses lone surrogates in keys and in text with a limit
        raise ValueError(f"it has text that is not valid Unicode: {shown(error.object)}") from error


def shown(value: object) -> str:
    """A value as JSON, truncated if it is long.

    >>> shown([False, 16, None]), shown(3j)
    ('[false, 16, null]', 'of type complex')
    """
    try:
        text = json.dumps(value)
    except (TypeError, ValueError, RecursionError):
        return f"of type {type(value).__name__}"
    return text if len(text) <= _LONGEST_SHOWN else text[:_LONGEST_SHOWN] + "…"


def _in_words(message: str, found: Any, kind: type) -> str:
    """Rewrite a message of msgspec as a sentence that also has the wrong value."""
    place = _PLACE.fullmatch(message)
    reason, of_a_key, path = place.groups() if place else (message, None, "")
    name = path.lstrip(".")
    if field := _FIELD.fullmatch(reason):
        key = f"{name}.{field[2]}".lstrip(".")
        return f"{key} is missing" if field[1] == "missing required" else f"the key {shown(key)} is unknown"
    if wanted := _EXPECTED.fullmatch(reason):
        expected = " or ".join(_WORDS.get(word, f"a {word}") for word in wanted[1].split(" | ")) + wanted[2]
    elif reason.startswith("Invalid enum value"):
        expected = " or ".join(map(shown, get_args(get_type_hints(kind).get(name)))) or "another value"
    elif reason.endswith(" out of range"):
        expected = "a number from -1.8e308 to 1.8e308"
    else:  # such as a record's own __post_init__
        return f"{name}: {reason}" if name else reason
    if of_a_key:
        return f"a key of {name or 'it'} is not {expected}"
    for key, index in _STEP.findall(path):
        found = _part(found, key or index)
    if found is _ABSENT:  # msgspec does not say which value of a dict is wrong
        return f"{name} is not {expected}"
    return f"{name or 'it'} is {shown(found)}, expected {expected}"


def _part(found: Any, step: str) -> Any:
    """The value at a step of a path, ``_ABSENT`` if it is not known."""
    if isinstance(found, list | tuple):
        return next((item for place, item in enumerate(found) if str(place) == step), _ABSENT)
    return found.get(step, _ABSENT) if isinstance(found, dict) and step != "..." else _ABSENT
