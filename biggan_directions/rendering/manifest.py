"""What was drawn into a folder and of what, so that a later run draws only what is missing or out of date."""

import hashlib
import json
from pathlib import Path
from typing import Final, Literal

import msgspec

from biggan_directions.errors import FileFormatError
from biggan_directions.files.atomic_write import explained, write_whole
from biggan_directions.files.plain_json import read_json

MANIFEST_NAME = ".render.json"
FORMAT: Final = "biggan-directions/render/1"
_LARGEST_MANIFEST, _LARGEST_STRIPS = 2**24, 2**30  # bytes


class Strips(msgspec.Struct, frozen=True):
    """An animation's strips for the page, base64 in JSON, and the height and width of an image in them."""

    strips: list[bytes]
    size: tuple[int, int]


class _Entry(msgspec.Struct, frozen=True):
    """A file that was drawn: a checksum of all that it was drawn of, and its own."""

    made_of: str
    sha256: str


class _Content(msgspec.Struct):
    format: Literal["biggan-directions/render/1"]
    files: dict[str, _Entry]


class Manifest:
    """Of each file in ``folder`` the SHA-256, and what it was drawn of; and strips until there is a page.

    Args:
        folder: where the files are.
        made_of: tells all that decides what they show, such as a checksum.
        resume: whether what is there counts; otherwise all is drawn anew.
    """

    def __init__(self, folder: Path, made_of: str, *, resume: bool) -> None:
        self._folder, self._made_of = folder, made_of
        self._files: dict[str, _Entry] = _read(folder / MANIFEST_NAME) if resume else {}
        for path in folder.glob(".direction*.strips"):
            if not self.has(path.name):
                self._drop(path.name)

    def has(self, name: str, of: str = "") -> bool:
        """Whether a file is there as it was drawn, of the same as now and of ``of``."""
        entry = self._files.get(name)
        if entry is None or entry.made_of != self._made_of + of:
            return False
        try:
            return entry.sha256 == _digest((self._folder / name).read_bytes())
        except OSError:
            return False

    def add(self, name: str, of: str = "") -> None:
        """Record a file that is in its place.

        Raises:
            OutputError: the manifest cannot be written.
        """
        path = self._folder / name
        with explained(path):
            self._files[name] = _Entry(self._made_of + of, _digest(path.read_bytes()))
        self._write()

    def keep_strips(self, animation: str, strips: Strips) -> None:
        """Keep an animation's strips beside it until there is a page.

        Raises:
            OutputError: they cannot be written.
        """
        name = _strips_name(animation)
        write_whole(self._folder / name, msgspec.json.encode(strips))
        self.add(name)

    def strips(self, animation: str) -> Strips | None:
        """The strips that were kept of an animation; None where there are none of the same as now."""
        name = _strips_name(animation)
        if not self.has(name):
            return None
        try:
            return read_json(self._folder / name, Strips, largest=_LARGEST_STRIPS, what="strips")
        except FileFormatError:
            return None

    def drop_strips(self) -> None:
        """There is a page: forget the strips.

        Raises:
            OutputError: they cannot be removed.
        """
        if kept := list(self._folder.glob(".direction*.strips")):
            for path in kept:
                self._drop(path.name)
            self._write()

    def _write(self) -> None:
        content = msgspec.to_builtins(_Content(FORMAT, self._files))
        write_whole(self._folder / MANIFEST_NAME, json.dumps(content, indent=1, sort_keys=True).encode())

    def _drop(self, name: str) -> None:
        self._files.pop(name, None)
        with explained(self._folder / name):
            (self._folder / name).unlink(missing_ok=True)


def _strips_name(animation: str) -> str:
    return f".{Path(animation).stem}.strips"


def _read(path: Path) -> dict[str, _Entry]:
    """The files that a manifest names; none where it is absent or damaged: then all is drawn anew."""
    try:
        return read_json(path, _Content, largest=_LARGEST_MANIFEST, what="a manifest").files
    except FileFormatError:
        return {}


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
