"""A pickle read as data: an interpreter of the few opcodes that plain values and tensors are written with.

No unpickler runs. What a pickle names is compared with a list of words and never imported; a tensor becomes
a description of itself, which whoever reads the storages checks against them.
"""

import struct
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from biggan_directions.files.tensor_view import Storage, TensorView, tensor_view, whole_size

LARGEST_PICKLE = 2**20  # bytes; the tables of a BigGAN-deep-512 take some 200 thousand
_MOST_VALUES = 200_000
_DEEPEST = 32
_LARGEST_KEY = 2**31  # of a whole number as a key: so few that they cannot be made to collide
_WIDEST_NUMBER = 16  # bytes

_STORAGES = {
    "torch HalfStorage": "float16",
    "torch BFloat16Storage": "bfloat16",
    "torch FloatStorage": "float32",
    "torch DoubleStorage": "float64",
    "torch ByteStorage": "uint8",
    "torch CharStorage": "int8",
    "torch ShortStorage": "int16",
    "torch IntStorage": "int32",
    "torch LongStorage": "int64",
}
_ORDERED = "collections OrderedDict"
_TENSOR = "torch._utils _rebuild_tensor_v2"
_PARAMETER = "torch._utils _rebuild_parameter"
_KNOWN = {*_STORAGES, _ORDERED, _TENSOR, _PARAMETER}


class NotPlainError(ValueError):
    """The pickle names something to be called or made that is neither a plain value nor a tensor."""


@dataclass(frozen=True)
class Named:
    """Something that the pickle names, one of ``_KNOWN``."""

    name: str


_MARK = object()


def read_pickle(data: bytes, start: int = 0) -> tuple[Any, int]:
    """The value that a pickle at ``start`` describes, and where the pickle ends.

    Returns:
        dict, list, tuple, str, int, float, bool, None, and :class:`TensorView` for tensors.

    Raises:
        NotPlainError: it names anything else.
        ValueError: it is damaged, or too large or deep.
    """
    reader = _Reader(data, start)
    while not reader.done:
        code = reader.take(1)[0]
        step = _STEPS.get(code)
        if step is None:
            raise ValueError(f"its pickle has the opcode {code:#04x}, which no plain value is written with")
        step(reader)
    return reader.copied(reader.pop()), reader.place


class _Reader:
    """The pickle's stack and memo."""

    def __init__(self, data: bytes, place: int) -> None:
        self.data, self.place, self.done = data, place, False
        self.end = min(len(data), place + LARGEST_PICKLE)
        self.stack: list[Any] = []
        self.memo: dict[int, Any] = {}
        self.values = 0

    def take(self, count: int) -> bytes:
        """The next bytes."""
        if count > self.end - self.place:
            raise ValueError("its pickle ends too early")
        self.place += count
        return self.data[self.place - count : self.place]

    def number(self, size: int) -> int:
        """The next bytes as a length or an index."""
        return int.from_bytes(self.take(size), "little")

    def push(self, value: Any) -> None:
        self.values += 1
        if self.values > _MOST_VALUES:
            raise ValueError(f"its pickle has more than {_MOST_VALUES} values")
        self.stack.append(value)

    def pop(self) -> Any:
        if not self.stack or self.stack[-1] is _MARK:
            raise ValueError("its pickle is damaged")
        return self.stack.pop()

    def pop_to_mark(self) -> list[Any]:
        """Everything above the last mark."""
        found: list[Any] = []
        while self.stack:
            value = self.stack.pop()
            if value is _MARK:
                return found[::-1]
            found.append(value)
        raise ValueError("its pickle is damaged")

    def top(self, kind: type) -> Any:
        """What is filled: a list or a dict."""
        if not self.stack or not isinstance(self.stack[-1], kind):
            raise ValueError("its pickle is damaged")
        return self.stack[-1]

    def copied(self, value: Any, depth: int = 0) -> Any:
        """A copy, which shares nothing that can be changed: no value holds itself, none is there twice."""
        if not isinstance(value, dict | list | tuple):
            return value
        if depth > _DEEPEST:
            raise ValueError(f"its pickle is nested more than {_DEEPEST} deep")
        self.values += len(value)
        if self.values > _MOST_VALUES:
            raise ValueError(f"its pickle has more than {_MOST_VALUES} values")
        if isinstance(value, dict):
            return {key: self.copied(inner, depth + 1) for key, inner in value.items()}
        return type(value)(self.copied(inner, depth + 1) for inner in value)


def _proto(reader: _Reader) -> None:
    if reader.number(1) > 5:
        raise ValueError("its pickle is of a later protocol than 5")


def _stop(reader: _Reader) -> None:
    reader.done = True
    if len(reader.stack) != 1:
        raise ValueError("its pickle is damaged")


def _text(size: int) -> Callable[[_Reader], None]:
    def step(reader: _Reader) -> None:
        # torch writes half a pair of surrogates as Python does, and we show it escaped
        reader.push(reader.take(reader.number(size)).decode("utf-8", "surrogatepass"))

    return step


def _whole(size: int, *, signed: bool = False) -> Callable[[_Reader], None]:
    return lambda reader: reader.push(int.from_bytes(reader.take(size), "little", signed=signed))


def _long(reader: _Reader) -> None:
    size = reader.number(1)
    if size > _WIDEST_NUMBER:
        raise ValueError(f"its pickle has a whole number of {size} bytes")
    reader.push(int.from_bytes(reader.take(size), "little", signed=True))


def _constant(value: Any) -> Callable[[_Reader], None]:
    return lambda reader: reader.push(value)


def _tuple(count: int) -> Callable[[_Reader], None]:
    def step(reader: _Reader) -> None:
        reader.push(tuple(reversed([reader.pop() for _ in range(count)])))

    return step


def _put(size: int) -> Callable[[_Reader], None]:
    def step(reader: _Reader) -> None:
        _keep(reader, reader.number(size))

    return step


def _keep(reader: _Reader, place: int) -> None:
    value = reader.pop()
    reader.stack.append(value)
    reader.memo[place] = value


def _get(size: int) -> Callable[[_Reader], None]:
    def step(reader: _Reader) -> None:
        place = reader.number(size)
        if place not in reader.memo:
            raise ValueError("its pickle is damaged")
        reader.push(reader.copied(reader.memo[place]))

    return step


def _append(reader: _Reader) -> None:
    value = reader.pop()
    reader.top(list).append(value)


def _appends(reader: _Reader) -> None:
    values = reader.pop_to_mark()
    reader.top(list).extend(values)


def _set_item(reader: _Reader) -> None:
    value, key = reader.pop(), reader.pop()
    _fill(reader.top(dict), [key, value])


def _set_items(reader: _Reader) -> None:
    values = reader.pop_to_mark()
    _fill(reader.top(dict), values)


def _fill(target: dict[Any, Any], values: list[Any]) -> None:
    if len(values) % 2:
        raise ValueError("its pickle is damaged")
    for key, value in zip(values[::2], values[1::2], strict=True):
        if not isinstance(key, str) and not (type(key) is int and abs(key) < _LARGEST_KEY):
            raise ValueError("its pickle has a key that is neither text nor a small whole number")
        target[key] = value


def _global(reader: _Reader) -> None:
    words = []
    for _ in range(2):
        end = reader.data.find(b"\n", reader.place, min(reader.end, reader.place + 200))
        if end < 0:
            raise ValueError("its pickle is damaged")
        words.append(reader.take(end + 1 - reader.place)[:-1].decode())
    reader.push(_named(*words))


def _stack_global(reader: _Reader) -> None:
    name, module = reader.pop(), reader.pop()
    if not isinstance(name, str) or not isinstance(module, str):
        raise ValueError("its pickle is damaged")
    reader.push(_named(module, name))


def _named(module: str, name: str) -> Named:
    if f"{module} {name}" not in _KNOWN:
        raise NotPlainError(f"{module}.{name}"[:100])
    return Named(f"{module} {name}")


def _persistent(reader: _Reader) -> None:
    words = reader.pop()
    if not isinstance(words, tuple) or len(words) not in (5, 6) or words[5:] not in ((), (None,)):
        raise ValueError("a storage is not described as torch does it")
    kind, named, key, location, count = words[:5]
    known = isinstance(named, Named) and named.name in _STORAGES
    if kind != "storage" or not known or not isinstance(key, str) or not isinstance(location, str):
        raise ValueError("a storage is not described as torch does it")
    reader.push(Storage(key, _STORAGES[named.name], whole_size(count)))


def _reduce(reader: _Reader) -> None:
    arguments, named = reader.pop(), reader.pop()
    if not isinstance(named, Named) or not isinstance(arguments, tuple):
        raise ValueError("its pickle is damaged")
    if named.name == _ORDERED and arguments == ():
        reader.push({})
    elif named.name == _TENSOR and len(arguments) in (6, 7):
        reader.push(tensor_view(*arguments[:4]))
    elif named.name == _PARAMETER and len(arguments) == 3 and isinstance(arguments[0], TensorView):
        reader.push(arguments[0])
    else:
        raise ValueError("a tensor is not described as torch does it")


def _build(reader: _Reader) -> None:
    """What torch hangs on a dict of tensors beside its items: passed over."""
    state = reader.pop()
    reader.top(dict)
    if not isinstance(state, dict):
        raise ValueError("its pickle is damaged")


_STEPS: dict[int, Callable[[_Reader], None]] = {
    ord(code): step
    for code, step in {
        "\x80": _proto,
        "\x95": lambda reader: reader.take(8),  # a frame's length: nothing depends on it
        ".": _stop,
        "N": _constant(None),
        "\x88": _constant(True),
        "\x89": _constant(False),
        "K": _whole(1),
        "M": _whole(2),
        "J": _whole(4, signed=True),
        "\x8a": _long,
        "G": lambda reader: reader.push(struct.unpack(">d", reader.take(8))[0]),
        "X": _text(4),
        "\x8c": _text(1),
        "(": lambda reader: reader.push(_MARK),
        "]": lambda reader: reader.push([]),
        "}": lambda reader: reader.push({}),
        ")": lambda reader: reader.push(()),
        "t": lambda reader: reader.push(tuple(reader.pop_to_mark())),
        "\x85": _tuple(1),
        "\x86": _tuple(2),
        "\x87": _tuple(3),
        "q": _put(1),
        "r": _put(4),
        "\x94": lambda reader: _keep(reader, len(reader.memo)),
        "h": _get(1),
        "j": _get(4),
        "a": _append,
        "e": _appends,
        "s": _set_item,
        "u": _set_items,
        "c": _global,
        "\x93": _stack_global,
        "Q": _persistent,
        "R": _reduce,
        "b": _build,
    }.items()
}
