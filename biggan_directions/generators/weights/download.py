"""One file from one address: resumed where it broke off, checked, and put in place only once it is whole.

The Hub's files come this way too. ``hf_hub_download`` (huggingface-hub 2.4) deletes what arrived when it
fails, so that a later run begins again; it compares sizes and no checksums; and it tries a Hub that refuses
connections for 23 seconds, and a silent one for six minutes.
"""

import errno
import hashlib
import os
import re
import shutil
import socket
import ssl
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from urllib.parse import quote, unquote

import requests

from biggan_directions.errors import WeightsError
from biggan_directions.files.atomic_write import explained

Progress = Callable[[int, int | None], None]
"""Called with the bytes there are so far and the bytes there will be (None where the server does not say)."""

CACHE_REMEDY = "Make room or set BIGGAN_DIRECTIONS_CACHE to a folder that can be written."

_CHUNK_BYTES = 64 * 1024  # a chunk that breaks off is lost
_TRIES = 6
_FIRST_PAUSE_S = 0.5  # doubled after each try
TIMEOUT_S = 10.0  # to connect, and between two chunks
_REASONS = (
    (requests.exceptions.ProxyError, "the proxy cannot be reached"),
    (socket.gaierror, "its name cannot be resolved: is there a network?"),
    (ConnectionRefusedError, "the connection was refused"),
    (ssl.SSLCertVerificationError, "its certificate cannot be verified"),
    (TimeoutError, "no answer in time"),
)


class _BrokenOff(Exception):
    """A transfer that is worth another try."""


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

    A connection that breaks is resumed a few times; what has arrived by then is kept for the next call.

    Args:
        max_bytes: a file larger than this is refused.
        headers: sent along, for example an access token.
        sha256: the checksum that the file must have, or its beginning.
        progress: called as the bytes arrive.

    Raises:
        WeightsError: the address gave no such file; the message is the reason alone.
        OutputError: the file cannot be written here.
    """
    with explained(target, CACHE_REMEDY):
        for attempt in range(_TRIES):
            try:
                part = _transfer(
                    url, headers or {}, target, max_bytes, progress or (lambda done, total: None)
                )
                break
            except (_BrokenOff, requests.RequestException) as error:
                broken_off = isinstance(error, _BrokenOff)
                if attempt == _TRIES - 1 or (attempt == 0 and not broken_off):
                    reason = f"{error}, {_TRIES} times" if broken_off else plain_reason(error)
                    raise WeightsError(reason) from error
                time.sleep(_FIRST_PAUSE_S * 2**attempt)
        if sha256 is not None and not (got := file_sha256(part)).startswith(sha256):
            part.unlink()
            raise WeightsError(f"the file has SHA-256 {got}, expected {sha256}")
        os.replace(part, target)


def file_sha256(path: Path) -> str:
    """The SHA-256 of a file, in hexadecimal."""
    digest = hashlib.sha256()
    with path.open("rb", buffering=0) as file:
        while block := file.read(1024 * 1024):
            digest.update(block)
    return digest.hexdigest()


def plain_reason(error: Exception) -> str:
    """Why there was no answer, in a few words: the messages of HTTP clients are nests of class names."""
    if (response := getattr(error, "response", None)) is not None:
        return f"HTTP {response.status_code}"
    cause: BaseException | None = error
    while cause is not None:
        for kind, reason in _REASONS:
            if isinstance(cause, kind):
                return reason
        cause = cause.__cause__ or cause.__context__
    return f"no answer ({type(error).__name__}: {str(error).strip().partition(chr(10))[0][:200]})"


def _transfer(url: str, headers: Mapping[str, str], target: Path, max_bytes: int, progress: Progress) -> Path:
    """One request, for the whole file or for what is missing of it; returns where its bytes are."""
    part, offset, etag = _arrived(target)
    asked = {**headers, "Accept-Encoding": "identity"}  # a range of compressed bytes could not be appended
    if offset:
        asked |= {"Range": f"bytes={offset}-", "If-Range": etag}
    with requests.get(url, headers=asked, stream=True, timeout=TIMEOUT_S) as response:
        status, told = response.status_code, response.headers
        sent_range = told.get("Content-Range", "")
        if status == 416 and offset and sent_range == f"bytes */{offset}":
            return part  # all of it had arrived
        if status in (408, 425, 429) or status >= 500:
            raise _BrokenOff(f"HTTP {status} {response.reason}")
        if status not in (200, 206, 416):
            raise WeightsError(f"HTTP {status} {response.reason}")
        if told.get("Content-Type", "").startswith("text/html"):
            raise WeightsError("a web page was sent in place of the file")
        if status == 200:
            part.unlink(missing_ok=True)
            part, size = _part(target, told.get("ETag", "")), told.get("Content-Length", "")
        elif offset and (found := re.fullmatch(rf"bytes {offset}-\d+/(\d+)", sent_range)):
            size = found[1]
        else:
            part.unlink(missing_ok=True)
            raise _BrokenOff("the server did not send the part of the file that was asked for")
        total, broken = int(size) if size.isdecimal() else None, None
        try:
            _append(response, part, total, max_bytes, progress)
        except requests.RequestException as error:
            broken = error
        except (OSError, WeightsError):
            part.unlink(missing_ok=True)  # a full disk is no place for half a file
            raise
    arrived = part.stat().st_size
    if broken or (total is not None and arrived < total):  # a server may send less than it was asked for
        whole = "an unknown number of" if total is None else total
        raise _BrokenOff(f"the connection broke off after {arrived} of {whole} bytes") from broken
    return part


def _append(
    response: requests.Response, part: Path, total: int | None, max_bytes: int, progress: Progress
) -> None:
    """Append the body of a response to the bytes that have arrived."""
    if total is not None and total > max_bytes:
        raise WeightsError(f"the file has {total} bytes, expected at most {max_bytes}")
    with part.open("ab") as file:
        missing, free = (total or 0) - file.tell(), shutil.disk_usage(part.parent).free
        if missing > free:
            raise OSError(errno.ENOSPC, f"{missing} bytes are needed and {free} are free")
        for chunk in response.iter_content(_CHUNK_BYTES):
            file.write(chunk)
            if file.tell() > (total or max_bytes):
                raise WeightsError("the server sends more bytes than the file should have")
            progress(file.tell(), total)
        os.fsync(file.fileno())


def _part(target: Path, etag: str) -> Path:
    """Where the bytes of one version of a file are kept: named after its ETag, or after none to rely on."""
    version = "" if etag.startswith("W/") else quote(etag, safe="")
    return target.with_name(f"{target.name}.{version if len(version) < 150 else ''}.part")


def _arrived(target: Path) -> tuple[Path, int, str]:
    """The bytes of an earlier try, how many of them can be resumed, and the ETag of their version."""
    part = next(target.parent.glob(f"{target.name}.*.part"), _part(target, ""))
    etag = unquote(part.name.removeprefix(f"{target.name}.").removesuffix(".part"))
    return part, part.stat().st_size if etag else 0, etag
