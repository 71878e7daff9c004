"""What a pickle would have torch's restricted unpickler do: found out, and judged, before it is done.

``torch.load(weights_only=True)`` runs no code of the file's, but it trusts the file in all else. Torch 2.13
reads 14,000 randomly damaged files without a crash or a hang (``tests/files/test_mutations.py``), but

- a dict with a deeply nested tuple as a key ends the process: segmentation fault, a file of 300 kB;
- a dict with a tuple that shares its parts as a key, and an error message that shows such a list, take time
  without end: 600 bytes;
- ``builtins.bytearray`` of 2^32 takes 4 GB, and ``torch.FloatTensor`` of 2^30 gives as much of whatever was
  in memory before: 400 bytes;
- in the format before 2020 memory is asked for as the file claims (3 % of damaged files claim over 256 MB),
  and a storage that the file leaves out has what was in memory before;
- before torch 2.10 a storage that claims more than the file has is read beyond its end (CVE-2026-24747).

So each opcode is followed as far as it takes to know what is called, with what sizes, and what the keys are.
``pickletools`` reads the opcodes and knows how many values each takes from the stack; no value is made here.
"""

import pickletools
from collections.abc import Iterator
from typing import Any, BinaryIO, NamedTuple

LARGEST_PICKLE = 2**20  # bytes; the tables of a BigGAN-deep-512 take some 200 thousand
_MOST_OPCODES = 400_000
_WIDEST_NUMBER = 2**127
_LARGEST_KEY = 2**31  # of a whole number as a key: so few that they cannot be made to collide
_LARGEST_SIZE = 2**48

_ITEM_BYTES = {
    "torch HalfStorage": 2,
    "torch BFloat16Storage": 2,
    "torch FloatStorage": 4,
    "torch DoubleStorage": 8,
    "torch ByteStorage": 1,
    "torch CharStorage": 1,
    "torch ShortStorage": 2,
    "torch IntStorage": 4,
    "torch LongStorage": 8,
}
_ORDERED = "collections OrderedDict"
_TENSOR = "torch._utils _rebuild_tensor_v2"
_PARAMETER = "torch._utils _rebuild_parameter"
_NAMES = {*_ITEM_BYTES, _ORDERED, _TENSOR, _PARAMETER}
_TAKEN = {
    *("MARK", "STOP", "PROTO", "GLOBAL", "REDUCE", "BUILD", "BINPERSID", "NONE", "NEWTRUE", "NEWFALSE"),
    *("APPEND", "APPENDS", "SETITEM", "SETITEMS", "EMPTY_LIST", "EMPTY_DICT"),
    *("EMPTY_TUPLE", "TUPLE", "TUPLE1", "TUPLE2", "TUPLE3"),
    *("BININT", "BININT1", "BININT2", "LONG1", "BINFLOAT", "BINUNICODE"),
    *("BINGET", "LONG_BINGET", "BINPUT", "LONG_BINPUT"),
}
_OPCODES = {code.code.encode("latin-1"): code for code in pickletools.opcodes if code.name in _TAKEN}


class NotPlainError(ValueError):
    """The pickle names something to be called or made that is neither a plain value nor a tensor."""


class _Node(NamedTuple):
    """A value as the pickle describes it: the opcode that leaves it, what that says, the values it takes."""

    opcode: str
    says: Any
    parts: tuple[Any, ...] = ()


def check_pickle(file: BinaryIO) -> dict[str, int]:
    """Check the pickle at the file's place, and leave the file behind it.

    Returns:
        the storages that its tensors need: the bytes of each, by key.

    Raises:
        NotPlainError: it names anything but plain values and tensors.
        ValueError: it is damaged, too large, or would have torch do harm; the message says what.
    """
    stack: list[_Node] = []
    marks: list[int] = []
    memo: dict[Any, _Node] = {}
    storages: dict[str, _Node] = {}
    for count, (code, says) in enumerate(_opcodes(file)):
        if count > _MOST_OPCODES:
            raise ValueError(f"its pickle has more than {_MOST_OPCODES} opcodes")
        if code.name == "PROTO" and says != 2:
            raise ValueError(f"its pickle is of protocol {says}, expected 2, which torch.save writes")
        if code.name == "MARK":
            marks.append(len(stack))
            continue
        wanted = code.stack_before
        marked = pickletools.markobject in wanted
        start = marks.pop() - wanted.index(pickletools.markobject) if marked else len(stack) - len(wanted)
        if start < (marks[-1] if marks else 0):  # what lies below a mark is out of reach
            raise ValueError("its pickle is damaged")
        parts, stack[start:] = tuple(stack[start:]), []
        if code.name.endswith("PUT"):
            memo[says] = stack[-1]
        elif code.name.endswith("GET"):
            stack.append(memo[says])
        elif code.stack_after:
            node = _checked(_Node(code.name, says, parts))
            stack.append(node)
            if node.opcode == "BINPERSID" and storages.setdefault(node.says[0], node) != node:
                raise ValueError("two tensors disagree on their storage")
    if stack or marks:
        raise ValueError("its pickle is damaged")
    return {key: node.says[1] * node.says[2] for key, node in storages.items()}


def _opcodes(file: BinaryIO) -> Iterator[tuple[pickletools.OpcodeInfo, Any]]:
    """Each opcode and its argument; ``pickletools.genops`` would read the arguments of any opcode."""
    for byte in iter(lambda: file.read(1), b"."):
        if not byte:
            raise ValueError("its pickle ends too early")
        if byte not in _OPCODES:
            raise ValueError(
                f"its pickle has the opcode 0x{byte.hex()}, which no plain value is written with"
            )
        argument = _OPCODES[byte].arg
        yield _OPCODES[byte], None if argument is None else argument.reader(file)
    yield _OPCODES[b"."], None


def _checked(node: _Node) -> _Node:
    """The node, where torch does no harm with it; that of a call says what it calls."""
    match node:
        case _Node("GLOBAL", name) if name not in _NAMES:
            raise NotPlainError(name.replace(" ", ".")[:100])
        case _Node("LONG1", number) if abs(number) >= _WIDEST_NUMBER:
            raise ValueError("its pickle has a whole number of more than 16 bytes")
        case _Node("SETITEM" | "SETITEMS", _, (target, *items)):
            if not _is_dict(target) or len(items) % 2:
                raise ValueError("its pickle is damaged")
            if not all(map(_is_key, items[::2])):
                raise ValueError("its pickle has a key that is neither text nor a small whole number")
        case _Node("BUILD", _, parts) if not all(map(_is_dict, parts)):
            raise ValueError("its pickle is damaged")
        case _Node("REDUCE", _, (function, arguments)):
            _check_call(function, _items(arguments))
            return _Node("REDUCE", function.says)
        case _Node("BINPERSID", _, (words,)):
            return _Node("BINPERSID", _storage(_items(words)))
    return node


def _is_dict(node: _Node) -> bool:
    made = node.opcode == "REDUCE" and node.says == _ORDERED
    return made or node.opcode in ("EMPTY_DICT", "SETITEM", "SETITEMS", "BUILD")


def _is_key(node: _Node) -> bool:
    return node.opcode == "BINUNICODE" or (type(node.says) is int and abs(node.says) < _LARGEST_KEY)


def _items(node: _Node) -> tuple[_Node, ...]:
    """The items of a tuple; a list may yet get others."""
    if "TUPLE" not in node.opcode:
        raise ValueError("a tensor is not described as torch does it")
    return node.parts


def _storage(words: tuple[_Node, ...]) -> tuple[str, int, int]:
    """A storage's key, how many numbers it has, and the bytes of one."""
    match words:
        case (
            _Node("BINUNICODE", "storage"),
            _Node("GLOBAL", kind),
            _Node("BINUNICODE", key),
            _Node("BINUNICODE"),
            _Node(_, int(count)),
            *rest,
        ) if kind in _ITEM_BYTES and key.isdecimal() and all(node.opcode == "NONE" for node in rest):
            return key, _whole(count), _ITEM_BYTES[kind]
    raise ValueError("a storage is not described as torch does it")


def _check_call(function: _Node, arguments: tuple[_Node, ...]) -> None:
    """See that torch is called as it calls itself."""
    match (function.opcode, function.says), arguments:
        case ("GLOBAL", name), () if name == _ORDERED:
            pass
        case ("GLOBAL", name), (_Node("REDUCE", made), _, _) if (name, made) == (_PARAMETER, _TENSOR):
            pass
        case ("GLOBAL", name), (_Node("BINPERSID", (_, count, _)), offset, size, stride, _, _) if (
            name == _TENSOR
        ):
            sizes, strides = ([_whole(node.says) for node in _items(each)] for each in (size, stride))
            _check_view(count, _whole(offset.says), sizes, strides)
        case _:
            raise ValueError("a tensor is not described as torch does it")


def _check_view(count: int, offset: int, size: list[int], stride: list[int]) -> None:
    """See that a tensor lies within its storage and that no two of its numbers share a place."""
    if len(size) != len(stride) or len(size) > 8:
        raise ValueError("a tensor has not one stride for each of its dimensions")
    extent = 1  # numbers between the first and the last
    for step, length in sorted(zip(stride, size, strict=True)):
        if length > 1 and step < extent:
            raise ValueError("a tensor's strides make its numbers overlap")
        extent += step * (length - 1) if length else 0
    if offset + (0 if 0 in size else extent) > count:
        raise ValueError("a tensor reaches outside its storage")


def _whole(value: Any) -> int:
    if type(value) is not int or not 0 <= value < _LARGEST_SIZE:
        raise ValueError("a size, a stride or a place is not a whole number of sane size")
    return value
