"""The directory of a zip archive as torch writes it: entries stored as they are, one after another.

Nothing is unpacked, so that an entry has the bytes that it takes in the file and no more. A directory that
claims otherwise (compression, entries that overlap or lie outside, two of one name) is refused.
"""

import struct
import zlib
from io import BufferedReader
from typing import NamedTuple

from biggan_directions.files.plain_file import read_into_buffer

_MOST_ENTRIES = 20_000  # a BigGAN-deep has under a thousand tensors
_LARGEST_DIRECTORY = 4 * 2**20  # bytes
_END = struct.Struct("<4s4H2LH")
_LOCATOR = struct.Struct("<4sLQL")
_END_64 = struct.Struct("<4sQ2H2L4Q")
_CENTRAL = struct.Struct("<4s6H3L5H2L")
_LOCAL = struct.Struct("<4s5H3L2H")
_FULL_16, _FULL_32 = 0xFFFF, 0xFFFFFFFF  # "see the 64-bit field"
_ENCRYPTED = 0x0001 | 0x0040 | 0x2000


class Entry(NamedTuple):
    """A file within the archive: where its bytes begin, how many, and their CRC-32."""

    start: int
    size: int
    crc: int


class _Listed(NamedTuple):
    name: bytes
    size: int
    crc: int
    header: int


def read_directory(file: BufferedReader, size: int) -> dict[str, Entry]:
    """The entries of an archive of ``size`` bytes, by name.

    Raises:
        ValueError: it is not such an archive; the message says why.
    """
    place, length, count = _find_directory(file, size)
    listed = _listed(bytes(read_into_buffer(file, place, length)), count)
    found: dict[str, Entry] = {}
    free = 0
    for one in sorted(listed, key=lambda one: one.header):
        if one.header < free:
            raise ValueError("entries of the archive overlap")
        start = one.header + _LOCAL.size
        if start > place:
            raise ValueError("an entry of the archive lies outside it")
        signature, _, _, method, *_, name_length, extra_length = _LOCAL.unpack(
            read_into_buffer(file, one.header, _LOCAL.size)
        )
        if signature != b"PK\x03\x04" or method != 0 or name_length != len(one.name):
            raise ValueError("an entry of the archive is not what its directory says")
        start += name_length + extra_length
        free = start + one.size
        if free > place:
            raise ValueError("an entry of the archive lies outside it")
        name = one.name.decode()
        if name in found:
            raise ValueError("two entries of the archive have one name")
        found[name] = Entry(start, one.size, one.crc)
    return found


def read_entry(file: BufferedReader, entry: Entry) -> bytearray:
    """An entry's bytes.

    Raises:
        ValueError: they do not have its checksum.
    """
    content = read_into_buffer(file, entry.start, entry.size)
    if zlib.crc32(content) != entry.crc:
        raise ValueError("the checksum of an entry of the archive is wrong")
    return content


def _find_directory(file: BufferedReader, size: int) -> tuple[int, int, int]:
    """Where the directory begins, its bytes, and how many entries it has."""
    end = size - _END.size
    if end < 0:
        raise ValueError("it is too short for an archive")
    signature, disk, other_disk, here, count, length, place, comment = _END.unpack(
        read_into_buffer(file, end, _END.size)
    )
    if signature != b"PK\x05\x06" or comment:
        raise ValueError("the end of the archive is missing")
    if count == _FULL_16 or length == _FULL_32 or place == _FULL_32:
        if end < _LOCATOR.size + _END_64.size:
            raise ValueError("the end of the archive is damaged")
        end -= _LOCATOR.size
        signature, disk, end_64, disks = _LOCATOR.unpack(read_into_buffer(file, end, _LOCATOR.size))
        if signature != b"PK\x06\x07" or disk or disks != 1 or end_64 > end - _END_64.size:
            raise ValueError("the end of the archive is damaged")
        end = end_64
        signature, _, _, _, disk, other_disk, here, count, length, place = _END_64.unpack(
            read_into_buffer(file, end, _END_64.size)
        )
        if signature != b"PK\x06\x06":
            raise ValueError("the end of the archive is damaged")
    if disk or other_disk or here != count or place + length > end:
        raise ValueError("the directory of the archive is damaged")
    if count > _MOST_ENTRIES or length > _LARGEST_DIRECTORY:
        raise ValueError(f"the archive claims {count} entries")
    return place, length, count


def _listed(directory: bytes, count: int) -> list[_Listed]:
    found = []
    place = 0
    for _ in range(count):
        if len(directory) - place < _CENTRAL.size:
            raise ValueError("the directory of the archive ends too early")
        head = _CENTRAL.unpack_from(directory, place)
        signature, flags, method, crc, packed, size = head[0], head[3], head[4], head[7], head[8], head[9]
        name_length, extra_length, comment_length, disk, header = *head[10:14], head[16]
        place += _CENTRAL.size
        name = directory[place : place + name_length]
        extra = directory[place + name_length : place + name_length + extra_length]
        place += name_length + extra_length + comment_length
        if signature != b"PK\x01\x02" or place > len(directory) or disk:
            raise ValueError("the directory of the archive is damaged")
        if method or flags & _ENCRYPTED:
            raise ValueError("its entries are compressed or encrypted, which torch does not do")
        size, packed, header = _widened(extra, size, packed, header)
        if size != packed:
            raise ValueError("an entry of the archive claims another size than it has")
        found.append(_Listed(name, size, crc, header))
    return found


def _widened(extra: bytes, *values: int) -> list[int]:
    """Sizes and places, each from the 64-bit fields where the usual one is full."""
    place, wide = 0, b""
    while place + 4 <= len(extra):
        kind, length = struct.unpack_from("<2H", extra, place)
        if kind == 1:
            wide = extra[place + 4 : place + 4 + length]
        place += 4 + length
    found = []
    for value in values:
        if value == _FULL_32:
            if len(wide) < 8:
                raise ValueError("the directory of the archive lacks a size")
            value, wide = int.from_bytes(wide[:8], "little"), wide[8:]
        found.append(value)
    return found
