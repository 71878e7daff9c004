"""An output folder, which one run at a time writes into."""

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
    """A folder locked by this run: see :func:`held`. ``inode`` tells its lock file from a later one."""

    path: Path
    inode: tuple[int, int]

    def check(self) -> None:
        """Refuse to write if the folder is no longer the one that was locked.

        Raises:
            OutputError: the folder was moved or removed, or its disk is gone; nothing is written to what took
                its place.
        """
        there = None
        with explained(self.path), contextlib.suppress(FileNotFoundError, NotADirectoryError):
            there = _inode(self.path / LOCK_NAME)
        if there != self.inode:
            raise OutputError(
                f"the output folder {self.path} was moved or removed during the run: restore it and use "
                "--resume, or start again with another --out"
            )


@contextlib.contextmanager
def held(path: Path, *, remedy: str = "") -> Iterator[RunFolder]:
    """Make a folder if need be, and lock it until the block or the process ends, however it ends.

    The system releases the lock of a process that is killed, so that no lock is ever stale. Files that a
    killed process had half written are removed. ``remedy`` ends an error's sentence where there is no
    ``--out`` to choose.

    Raises:
        OutputError: another run has locked the folder, or the folder cannot be written.
    """
    made = [folder for folder in (path, *path.parents) if not folder.exists()]
    lock = FileLock(path / LOCK_NAME, timeout=0)
    with explained(path / LOCK_NAME, *([remedy] if remedy else [])):
        path.mkdir(parents=True, exist_ok=True)
        try:
            lock.acquire()
        except Timeout:
            otherwise = "" if remedy else ", or choose another folder with --out"
            raise OutputError(f"another run is writing into {path}: wait until it ends{otherwise}") from None
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


def is_held(path: Path) -> bool:
    """Whether a run works in the folder now; it is not held up by the question."""
    lock = FileLock(path / LOCK_NAME, timeout=0)
    try:
        if (path / LOCK_NAME).exists():
            lock.acquire()
            lock.release()
    except Timeout:
        return True
    except OSError:  # such as a folder that is not ours to write in
        pass
    return False


def _inode(path: Path) -> tuple[int, int]:
    found = path.stat()
    return found.st_dev, found.st_ino
