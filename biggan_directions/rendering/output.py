"""Files that are either whole or not there: written beside, then renamed."""

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

from biggan_directions.errors import OutputError


def check_writable(path: Path) -> None:
    """Refuse a place where ``path`` could not be made, before any work is done for it.

    Raises:
        OutputError: what is there, or above it, is not a folder that can be written.
    """
    folder = path.parent
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    if not folder.is_dir() or not os.access(folder, os.W_OK):
        why = "cannot be written" if folder.is_dir() else "is not a folder"
        raise OutputError(f"Cannot write {path}: {folder} {why}. Choose another --out.")


@contextlib.contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Give a path beside ``path`` to write to; flush it to disk and rename it when the block ends well.

    Whatever goes wrong, nothing half-written stays and what was at ``path`` is as before. The folder is made
    if need be.

    Raises:
        OutputError: the system refused (disk full, no permission, folder gone).
    """
    beside = path.with_name(f".{path.stem}.{os.getpid()}.part{path.suffix}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield beside
        with open(beside, "rb+") as file:
            os.fsync(file.fileno())
        os.replace(beside, path)
    except OSError as error:
        raise OutputError(
            f"Cannot write {path}: {error.strerror or error}. Free some space or choose another --out."
        ) from error
    finally:
        with contextlib.suppress(OSError):
            beside.unlink(missing_ok=True)
