"""Write files atomically: to a temporary file beside the target, flushed to disk, then renamed."""

import contextlib
import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path

from biggan_directions.errors import OutputError

_ELSEWHERE = "Free some space or choose another --out."
_BESIDE = re.compile(r"\..+\.(?P<process>\d+)\.part(\..+)?")


def check_writable(path: Path) -> None:
    """Check that ``path`` can be written, before any work is done for it.

    Raises:
        OutputError: the nearest existing parent is not a folder, or cannot be written.
    """
    folder = path.parent
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    if not folder.is_dir() or not os.access(folder, os.W_OK):
        why = "cannot be written" if folder.is_dir() else "is not a folder"
        raise OutputError(f"Cannot write {path}: {folder} {why}. Choose another --out.")


@contextlib.contextmanager
def explained(path: Path, remedy: str = _ELSEWHERE) -> Iterator[None]:
    """Turn an error of the file system into a sentence about ``path`` that ends with a remedy."""
    try:
        yield
    except OSError as error:
        raise OutputError(f"Cannot write {path}: {error.strerror or error}. {remedy}") from error


@contextlib.contextmanager
def replacing(path: Path, *, remedy: str = _ELSEWHERE) -> Iterator[Path]:
    """Give a temporary path beside ``path``; when the block succeeds, flush it to disk and rename it.

    After an error the temporary file is removed and ``path`` is unchanged. The folder is made if necessary.
    Temporary files of killed processes are removed by :func:`clear_remains`.

    Raises:
        OutputError: the file system reports an error (disk full, no permission, folder gone); the sentence
            ends with ``remedy``.
    """
    beside = path.with_name(f".{path.stem}.{os.getpid()}.part{path.suffix}")
    try:
        with explained(path, remedy):
            path.parent.mkdir(parents=True, exist_ok=True)
            yield beside
            with open(beside, "rb+") as file:
                os.fsync(file.fileno())
            os.replace(beside, path)
            _flush_names(path.parent)
    finally:
        with contextlib.suppress(OSError):
            beside.unlink(missing_ok=True)


def write_whole(path: Path, content: bytes, *, remedy: str = _ELSEWHERE) -> None:
    """Write ``content`` to ``path``; a reader sees either all of it or the earlier content.

    Raises:
        OutputError: as in :func:`replacing`.
    """
    with replacing(path, remedy=remedy) as beside:
        beside.write_bytes(content)


def clear_remains(folder: Path) -> None:
    """Remove the temporary files of processes that no longer run."""
    for path in folder.iterdir():
        found = _BESIDE.fullmatch(path.name)
        if found and not _runs(int(found["process"])):
            with contextlib.suppress(OSError):
                path.unlink(missing_ok=True)


def _flush_names(folder: Path) -> None:
    """Flush a folder's list of names, so that a rename survives a power cut; not every system can."""
    with contextlib.suppress(OSError):
        listing = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(listing)
        finally:
            os.close(listing)


def _runs(process: int) -> bool:
    """Whether a process with this id is running; always true on Windows, where os.kill would end it."""
    if sys.platform == "win32":
        return True
    try:
        os.kill(process, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:
        return True
    return True
