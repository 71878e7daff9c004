"""A run's state on disk, from which the run is resumed: checkpoint.pt beside directions.pt."""

from __future__ import annotations

import io
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any

import torch

from biggan_directions.errors import FileFormatError, ProcessGroupError
from biggan_directions.files.atomic_write import explained, write_whole
from biggan_directions.files.torch_file import read_torch_file
from biggan_directions.learning.state import check_plain
from biggan_directions.runs.folder import RunFolder
from biggan_directions.runs.interrupt import Interrupted
from biggan_directions.version import made_with

CHECKPOINT_NAME = "checkpoint.pt"
FORMAT = "biggan-directions/checkpoint/1"
_REMEDY = "Free some space, and continue the run with --resume."
_LARGEST_FILE = 2**35  # bytes; reading takes no more memory than the file has
_EVERY_S = 5.0
_SHARE = 0.05  # of the time, at most, goes into writing: a state may be large, and a disk slow


class Checkpoint:
    """The latest state of the run in ``folder``: written every few seconds, and when the run is stopped.

    As a context it also writes the state when the run is interrupted, by
    :class:`~biggan_directions.runs.interrupt.Interrupted` or KeyboardInterrupt, or when another of its
    processes has ended.

    Args:
        folder: the run's folder, locked by it.
        arithmetic: what the last digits of images depend on, such as the kind of device: a run that is
            resumed gives the same bytes only where this is the same.
        every_s: seconds between two writes, at least, where not five: the work that is lost when a run is
            killed.
    """

    def __init__(self, folder: RunFolder, *, arithmetic: str, every_s: float | None = None) -> None:
        self.folder = folder
        self.path = folder.path / CHECKPOINT_NAME
        self._made_with = {**made_with(), "device": arithmetic}
        self._latest: dict[str, Any] | None = None
        self._every_s = _EVERY_S if every_s is None else every_s
        self._next = time.monotonic() + self._every_s

    def load(self) -> tuple[dict[str, Any] | None, list[str]]:
        """Read the state from the disk.

        Returns:
            The state, or None if there is none, and a sentence for everything that was different when it was
            written.

        Raises:
            FileFormatError: the file is damaged, or is something else.
        """
        if not self.path.exists():
            return None, []
        state, before = _read(self.path)
        return state, [
            f"the run was started with {name} {before.get(name)} and is resumed with {now}: "
            "the result may differ in its last digits"
            for name, now in self._made_with.items()
            if before.get(name) != now
        ]

    @contextmanager
    def resuming(self) -> Iterator[None]:
        """While a run continues from its state, parts of which may be read only after many steps.

        Raises:
            FileFormatError: the state is not that of a run; the message names the file and the next command.
        """
        try:
            yield
        except FileFormatError as error:
            raise _damaged(self.path, f" ({error})") from error

    def offer(self, state: dict[str, Any]) -> None:
        """Remember the state after a step, and write it if the last time is long enough ago.

        Raises:
            OutputError: the file cannot be written; the one that was written before is intact.
        """
        self._latest = state
        if time.monotonic() >= self._next:
            self.write()

    def forget(self) -> None:
        """Forget the state that was offered last, because it is about to be changed in place."""
        self._latest = None

    def write(self) -> None:
        """Write the latest state, if there is one.

        Raises:
            OutputError: the file cannot be written; the one that was written before is intact.
        """
        if self._latest is None:
            return
        start = time.monotonic()
        content = io.BytesIO()  # torch.save itself does not report a full disk as an OSError
        torch.save({"format": FORMAT, "made_with": self._made_with, "state": self._latest}, content)
        self.folder.check()
        write_whole(self.path, content.getvalue(), remedy=_REMEDY)
        end = time.monotonic()
        self._next = end + max(self._every_s, (end - start) / _SHARE)

    def remove(self) -> None:
        """Remove the file, if there is one: the run is finished.

        Raises:
            OutputError: the system refused.
        """
        with explained(self.path, _REMEDY):
            self.path.unlink(missing_ok=True)

    def __enter__(self) -> Checkpoint:
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, error: BaseException | None, _where: TracebackType | None
    ) -> None:
        if isinstance(error, (Interrupted, KeyboardInterrupt, ProcessGroupError)):
            self.write()
        if isinstance(error, Interrupted):
            error.resumes = self.path.exists()


def read_state(path: Path) -> dict[str, Any]:
    """The state in a checkpoint, whatever it was made with.

    Raises:
        FileFormatError: the file is damaged, or is something else.
    """
    return _read(path)[0]


def read_checkpoint(path: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    """The settings of the run that wrote a checkpoint, and what it says of its generator.

    Raises:
        FileFormatError: the file is damaged, or is something else.
    """
    state, _ = _read(path)
    found = {}
    for part in ("settings", "generator"):
        check_plain(state.get(part), f"{part} of {path}")
        found[part] = state[part]
    return found["settings"], found["generator"]


def _read(path: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    """The state in a file, and what it was made with.

    Raises:
        FileFormatError: the file is damaged, or is something else.
    """
    content = read_torch_file(path, largest=_LARGEST_FILE, what="a checkpoint")
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        raise _damaged(path)
    try:
        return dict(content["state"]), dict(content["made_with"])
    except (KeyError, TypeError, ValueError) as error:
        raise _damaged(path) from error


def _damaged(path: Path, why: str = "") -> FileFormatError:
    return FileFormatError(f"{path} is not a checkpoint, or is damaged{why}: start again with --force")
