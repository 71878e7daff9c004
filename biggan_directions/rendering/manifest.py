"""What was drawn into a folder and of what, so that a later run draws only what is missing or out of date."""

import base64
import binascii
import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from biggan_directions.errors import FileFormatError
from biggan_directions.files.atomic_write import explained, write_whole
from biggan_directions.files.plain_json import read_json

MANIFEST_NAME = ".render.json"
FORMAT = "biggan-directions/render/1"
_LARGEST_MANIFEST, _LARGEST_STRIPS = 2**24, 2**30  # bytes


@dataclass(frozen=True)
class Strips:
    """An animation's strips for the page, and the height and width of a picture in them."""

    strips: Sequence[bytes]
    size: tuple[int, int]


class Manifest:
    """Of each file in ``folder`` the SHA-256, and what it was drawn of; and strips until there is a page.

    Args:
        folder: where the files are.
        made_of: tells all that decides what they show, such as a checksum.
        resume: whether what is there counts; otherwise all is drawn anew.
    """

    def __init__(self, folder: Path, made_of: str, *, resume: bool) -> None:
        self._folder, self._made_of = folder, made_of
        self._files: dict[str, dict[str, str]] = _read(folder / MANIFEST_NAME) if resume else {}
        for path in folder.glob(".direction*.strips"):
            if not self.has(path.name):
                self._drop(path.name)

    def has(self, name: str, of: str = "") -> bool:
        """Whether a file is there as it was drawn, of the same as now and of ``of``."""
        entry = self._files.get(name)
        if entry is None or entry.get("made_of") != self._made_of + of:
            return False
        try:
            return entry.get("sha256") == _digest((self._folder / name).read_bytes())
        except OSError:
            return False

    def add(self, name: str, of: str = "") -> None:
        """Record a file that is in its place.

        Raises:
            OutputError: the manifest cannot be written.
        """
        path = self._folder / name
        with explained(path):
            self._files[name] = {"made_of": self._made_of + of, "sha256": _digest(path.read_bytes())}
        self._write()

    def keep_strips(self, animation: str, strips: Strips) -> None:
        """Keep an animation's strips beside it until there is a page.

        Raises:
            OutputError: they cannot be written.
        """
        name = _strips_name(animation)
        encoded = [base64.b64encode(strip).decode() for strip in strips.strips]
        content = json.dumps({"size": strips.size, "strips": encoded})
        write_whole(self._folder / name, content.encode())
        self.add(name)

    def strips(self, animation: str) -> Strips | None:
        """The strips that were kept of an animation; None where there are none of the same as now."""
        name = _strips_name(animation)
        if not self.has(name):
            return None
        try:
            content = read_json(self._folder / name, largest=_LARGEST_STRIPS)
            height, width = content["size"]
            strips = [base64.b64decode(strip, validate=True) for strip in content["strips"]]
            return Strips(strips, (int(height), int(width)))
        except (FileFormatError, LookupError, TypeError, ValueError, binascii.Error):
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
        content = {"format": FORMAT, "files": self._files}
        write_whole(self._folder / MANIFEST_NAME, json.dumps(content, indent=1, sort_keys=True).encode())

    def _drop(self, name: str) -> None:
        self._files.pop(name, None)
        with explained(self._folder / name):
            (self._folder / name).unlink(missing_ok=True)


def _strips_name(animation: str) -> str:
    return f".{Path(animation).stem}.strips"


def _read(path: Path) -> dict[str, dict[str, str]]:
    """The files that a manifest names; none where it is absent or damaged: then all is drawn anew."""
    try:
        content: Any = read_json(path, largest=_LARGEST_MANIFEST)
    except FileFormatError:
        return {}
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        return {}
    files = content.get("files")
    if not isinstance(files, dict):
        return {}
    return {str(name): dict(entry) for name, entry in files.items() if isinstance(entry, dict)}


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
