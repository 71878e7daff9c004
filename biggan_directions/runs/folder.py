"""A folder that one run writes into at a time."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock, Timeout

from biggan_directions.errors import OutputError
from biggan_directions.files.atomic_write import clear_remains, explained

LOCK_NAME = ".lock"


@dataclass(frozen=True)
class RunFolder:
    """A folder that is held: see :func:`held`. ``inode`` tells its lock from one that came later."""

    path: Path
    inode: tuple[int, int]

    def check(self) -> None:
        """Refuse to write where the folder is no longer the one that is held.

        Raises:
            OutputError: it was removed, renamed, or its disk is gone; nothing is written to what took its
                place.
        """
        there = None
        with explained(self.path), contextlib.suppress(FileNotFoundError, NotADirectoryError):
            there = _inode(self.path / LOCK_NAME)
        if there != self.inode:
            raise OutputError(
                f"{self.path} was removed or renamed while it was written to: what was written is where it "
                "went. Put it back and go on with --resume, or start anew."
            )


@contextlib.contextmanager
def held(path: Path) -> Iterator[RunFolder]:
    """Make a folder if need be, and hold it until the block ends, or the process does, however it ends.

    The system frees the lock of a process that is killed: none is ever stale. What a killed process was
    writing is cleared.

    Raises:
        OutputError: another run holds it, or it cannot be written.
    """
    made = [folder for folder in (path, *path.parents) if not folder.exists()]
    lock = FileLock(path / LOCK_NAME, timeout=0)
    with explained(path / LOCK_NAME):
        path.mkdir(parents=True, exist_ok=True)
        try:
            lock.acquire()
        except Timeout:
            raise OutputError(
                f"another run is writing into {path}: wait until it ends, or choose another --out"
            ) from None
        folder = RunFolder(path, _inode(path / LOCK_NAME))
        clear_remains(path)
    try:
        yield folder
    finally:
        with contextlib.suppress(OSError, OutputError):
            folder.check()
            (path / LOCK_NAME).unlink()
            for empty in made:
                empty.rmdir()
        lock.release()


def _inode(path: Path) -> tuple[int, int]:
    found = path.stat()
    return found.st_dev, found.st_ino
