"""One file from one address: resumed where it broke off, checked, and put in place only when it is whole.

The libraries that could do this do a part: pooch and torch.hub begin a broken download again, and so does
huggingface-hub across runs. The bytes of a download are kept beside the target as ``NAME.part``, with what
the server called that version of the file, so that a later run goes on only if it is still the same file.
"""

import contextlib
import hashlib
import json
import os
import shutil
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import requests

from biggan_directions.errors import FileFormatError, OutputError, WeightsError
from biggan_directions.files.atomic_write import explained, write_whole
from biggan_directions.files.plain_json import read_json

Progress = Callable[[int, int | None], None]
"""Called with the bytes there are so far and the bytes there will be (None where the server does not say)."""

CACHE_REMEDY = "Make room or set BIGGAN_DIRECTIONS_CACHE to a folder that can be written."

_PIECE_BYTES = 64 * 1024  # what is lost of a piece that breaks off
_BLOCK_BYTES = 1024 * 1024
_TRIES = 6
_FIRST_PAUSE_S = 0.5  # doubled after each try
_LARGEST_NOTE_BYTES = 64 * 1024
_TIMEOUT_S = (10.0, 60.0)  # to connect, and between two pieces of data
_TRANSIENT_STATUS = frozenset({408, 425, 429, 500, 502, 503, 504})

_UNRESOLVED = (
    "Failed to resolve",
    "Name or service not known",
    "getaddrinfo failed",
    "nodename nor servname",
)
_REASONS = (
    (
        ("NameResolutionError", "name resolution", *_UNRESOLVED),
        "its name cannot be resolved: is there a network?",
    ),
    (("Connection refused", "actively refused"), "the connection was refused"),
    (("timed out", "Timeout"), "no answer in time"),
    (("CERTIFICATE_VERIFY_FAILED",), "its certificate cannot be verified"),
    (("Network is unreachable", "No route to host"), "it cannot be reached from here"),
    (("ProxyError",), "the proxy cannot be reached"),
)


class _BrokenOff(Exception):
    """A transfer that stopped part of the way: worth another try."""


def download(
    url: str,
    target: Path,
    *,
    max_bytes: int,
    headers: Mapping[str, str] | None = None,
    sha256: str | None = None,
    progress: Progress | None = None,
) -> None:
    """Fetch ``url`` into ``target``, whose folder exists. The target appears whole or not at all.

    A connection that breaks is taken up again a few times; what has arrived by then is kept for the next
    call.

    Args:
        max_bytes: a file larger than this is refused.
        headers: sent along, for example an access token.
        sha256: the checksum that the file must have.
        progress: called as the bytes arrive.

    Raises:
        WeightsError: the address gave no such file; the message is the reason alone.
        OutputError: the file cannot be written here.
    """
    part = _Part(target)
    with requests.Session() as session:
        for attempt in range(_TRIES):
            try:
                _transfer(session, url, part, max_bytes=max_bytes, headers=headers or {}, progress=progress)
                break
            except _BrokenOff as reason:
                if attempt == _TRIES - 1:
                    raise WeightsError(
                        f"{reason}, {_TRIES} times; what arrived is kept for next time"
                    ) from reason
                time.sleep(_FIRST_PAUSE_S * 2**attempt)
            except requests.RequestException as error:
                if attempt == 0 or attempt == _TRIES - 1:
                    raise WeightsError(plain_reason(error)) from error
                time.sleep(_FIRST_PAUSE_S * 2**attempt)
    if sha256 is not None and (got := file_sha256(part.path)) != sha256:
        part.drop()
        raise WeightsError(f"the file has SHA-256 {got}, expected {sha256}")
    part.put_in_place()


def file_sha256(path: Path) -> str:
    """The SHA-256 of a file, in hexadecimal."""
    digest = hashlib.sha256()
    with path.open("rb", buffering=0) as file:
        while block := file.read(_BLOCK_BYTES):
            digest.update(block)
    return digest.hexdigest()


def plain_reason(error: Exception) -> str:
    """Why there was no answer, in a few words: what HTTP clients say is a nest of class names."""
    text = f"{type(error).__name__} {error}"
    for signs, meaning in _REASONS:
        if any(sign in text for sign in signs):
            return meaning
    detail = str(error).strip().partition("\n")[0][:200]
    return f"no answer ({type(error).__name__}{': ' if detail else ''}{detail})"


def explain_write_errors(path: Path) -> contextlib.AbstractContextManager[None]:
    """Turn an error of the file system into a sentence about ``path``, which is in the cache."""
    return explained(path, CACHE_REMEDY)


class _Part:
    """The bytes of a download so far, and the server's name for the version that they are of."""

    def __init__(self, target: Path) -> None:
        self.target = target
        self.path = target.with_name(f"{target.name}.part")
        self._note = target.with_name(f"{target.name}.part.json")

    def resumable(self, url: str) -> tuple[int, str]:
        """How many bytes are worth keeping, and their version; (0, "") where there are none."""
        try:
            note = read_json(self._note, dict, largest=_LARGEST_NOTE_BYTES, what="a note")
            size = self.path.stat().st_size
        except (OSError, FileFormatError):
            return 0, ""
        if not isinstance(note, dict) or note.get("url") != url or not isinstance(note.get("version"), str):
            return 0, ""
        return (size, note["version"]) if note["version"] else (0, "")

    def begin(self, url: str, version: str) -> None:
        """Start again from nothing."""
        self.drop()
        write_whole(self._note, json.dumps({"url": url, "version": version}).encode(), remedy=CACHE_REMEDY)

    def drop(self) -> None:
        """Forget what arrived."""
        self.path.unlink(missing_ok=True)
        self._note.unlink(missing_ok=True)

    def put_in_place(self) -> None:
        with explain_write_errors(self.target):
            os.replace(self.path, self.target)
            self._note.unlink(missing_ok=True)


def _transfer(
    session: requests.Session,
    url: str,
    part: _Part,
    *,
    max_bytes: int,
    headers: Mapping[str, str],
    progress: Progress | None,
) -> None:
    """One request: the whole file, or what is still missing of it."""
    offset, version = part.resumable(url)
    asked = {**headers, "Accept-Encoding": "identity"}  # a range of compressed bytes could not be joined
    if offset:
        asked |= {"Range": f"bytes={offset}-", "If-Range": version}
    with session.get(url, headers=asked, stream=True, timeout=_TIMEOUT_S) as response:
        if response.status_code == 416:  # nothing comes after the bytes that are here
            if offset and response.headers.get("Content-Range") == f"bytes */{offset}":
                return  # all of it had arrived
            part.drop()
            raise _BrokenOff("the file there has changed")
        if response.status_code in _TRANSIENT_STATUS:
            raise _BrokenOff(f"HTTP {response.status_code} {response.reason}")
        if response.status_code not in (200, 206):
            raise WeightsError(f"HTTP {response.status_code} {response.reason}")
        total = _total_bytes(response)
        if response.status_code == 206 and _first_byte(response) != offset:
            part.drop()
            raise _BrokenOff("the server answered with a part of the file that was not asked for")
        if response.status_code == 200:
            offset = 0
            with explain_write_errors(part.path):
                part.begin(url, _version(response))
        if total is not None and total > max_bytes:
            part.drop()
            raise WeightsError(f"the file has {total} bytes, expected at most {max_bytes}")
        _check_space(part, offset, total)
        try:
            _receive(response, part, offset, total, max_bytes, progress)
        except OutputError:
            part.drop()  # a full disk is no place for half a file
            raise


def _receive(
    response: requests.Response,
    part: _Part,
    offset: int,
    total: int | None,
    max_bytes: int,
    progress: Progress | None,
) -> None:
    """Append the body of a response to what there is."""
    pieces = response.iter_content(_PIECE_BYTES)
    with explain_write_errors(part.target), part.path.open("ab") as file:
        while piece := _next_piece(pieces, offset, total):
            offset += len(piece)
            if offset > (max_bytes if total is None else total):
                part.drop()
                raise WeightsError("the server sends more bytes than the file should have")
            file.write(piece)
            file.flush()
            if progress is not None:
                progress(offset, total)
        os.fsync(file.fileno())
    if total is not None and offset < total:
        raise _BrokenOff(f"the connection broke off after {offset} of {total} bytes")


def _next_piece(pieces: Iterator[bytes], offset: int, total: int | None) -> bytes:
    """The next bytes of a body, none at its end."""
    try:
        return next(pieces, b"")
    except requests.RequestException as error:
        whole = "" if total is None else f" of {total}"
        raise _BrokenOff(f"the connection broke off after {offset}{whole} bytes") from error


def _total_bytes(response: requests.Response) -> int | None:
    """The size of the whole file, where the response tells it."""
    if response.status_code == 206:
        size = response.headers.get("Content-Range", "").rpartition("/")[2]
    else:
        size = response.headers.get("Content-Length", "")
    return int(size) if size.isascii() and size.isdigit() else None


def _first_byte(response: requests.Response) -> int | None:
    """Where the part begins that a response holds; None where it does not say, or holds no part."""
    first = response.headers.get("Content-Range", "").removeprefix("bytes ").partition("-")[0]
    return int(first) if first.isascii() and first.isdigit() else None


def _version(response: requests.Response) -> str:
    """What the server calls this version of the file; "" where it gives no name that can be relied on."""
    etag = response.headers.get("ETag", "")
    return "" if etag.startswith("W/") else etag


def _check_space(part: _Part, offset: int, total: int | None) -> None:
    """Refuse what the disk has no room for, before it is full."""
    free = shutil.disk_usage(part.path.parent).free
    if total is not None and total - offset > free:
        part.drop()
        raise OutputError(
            f"{part.target} cannot be written: {total - offset} bytes are needed and {free} are free. "
            "Make room or set BIGGAN_DIRECTIONS_CACHE to a folder on a larger disk"
        )
