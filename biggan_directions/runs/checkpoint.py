"""A run's state on disk, from which it is taken up again: checkpoint.pt beside directions.pt."""

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
from biggan_directions.learning.result import Progress
from biggan_directions.runs.folder import RunFolder
from biggan_directions.runs.interrupt import Interrupted
from biggan_directions.version import made_with

CHECKPOINT_NAME = "checkpoint.pt"
FORMAT = "biggan-directions/checkpoint/1"
_REMEDY = "Free some space, and go on with --resume."
_LARGEST_FILE = 2**35  # bytes; reading takes no more memory than the file has
_EVERY_S = 5.0  # what a kill may cost
_SHARE = 0.05  # of the time, at most, goes into writing: a state may be large, and a disk slow


class Checkpoint:
    """The latest state of the run in ``folder``: written now and then, and when the run is stopped.

    As a context it writes the state when the run is interrupted
    (:class:`~biggan_directions.runs.interrupt.Interrupted`), or another of its processes is gone.

    Args:
        folder: what the run holds.
        device: where the run draws: results are the same bytes on the same kind of device alone.
    """

    def __init__(self, folder: RunFolder, *, device: str) -> None:
        self.path = folder.path / CHECKPOINT_NAME
        self._folder = folder
        self._made_with = {**made_with(), "device": device}
        self._latest: dict[str, Any] | None = None
        self._next = time.monotonic() + _EVERY_S

    def exists(self) -> bool:
        """Whether there is one on disk."""
        return self.path.exists()

    def load(self) -> tuple[dict[str, Any] | None, list[str]]:
        """The state on disk, None where there is none; and what is not as it was when it was written.

        Raises:
            FileFormatError: the file is damaged, or is something else.
        """
        if not self.exists():
            return None, []
        content = read_torch_file(self.path, largest=_LARGEST_FILE, what="a checkpoint")
        if not isinstance(content, dict) or content.get("format") != FORMAT:
            raise _damaged(self.path)
        try:
            state, before = dict(content["state"]), dict(content["made_with"])
        except (KeyError, TypeError, ValueError) as error:
            raise _damaged(self.path) from error
        return state, [
            f"the run was begun with {name} {before.get(name)} and goes on with {now}: "
            "the result may differ in its last digits"
            for name, now in self._made_with.items()
            if before.get(name) != now
        ]

    @contextmanager
    def taking_up(self) -> Iterator[None]:
        """While a run takes up its state, a part of which may first be read after many steps.

        Raises:
            FileFormatError: the state is not one of a run's; with the file's name, and what to do.
        """
        try:
            yield
        except FileFormatError as error:
            raise _damaged(self.path, f" ({error})") from error

    def offer(self, step: Progress) -> None:
        """Take note of a step's state, and write it where it is time to.

        Raises:
            OutputError: it cannot be written; the one that was written before is intact.
        """
        self._latest = step.state
        if time.monotonic() >= self._next:
            self.write()

    def write(self) -> None:
        """Write the latest state, if there is one.

        Raises:
            OutputError: it cannot be written; the one that was written before is intact.
        """
        if self._latest is None:
            return
        start = time.monotonic()
        content = io.BytesIO()  # torch.save itself does not report a full disk as an OSError
        torch.save({"format": FORMAT, "made_with": self._made_with, "state": self._latest}, content)
        self._folder.check()
        write_whole(self.path, content.getvalue(), remedy=_REMEDY)
        end = time.monotonic()
        self._next = end + max(_EVERY_S, (end - start) / _SHARE)

    def remove(self) -> None:
        """Remove it, where there is one: the run is finished, or begins again.

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
        if isinstance(error, (Interrupted, ProcessGroupError)):
            self.write()
        if isinstance(error, Interrupted):
            error.resumes = self.exists()


def _damaged(path: Path, why: str = "") -> FileFormatError:
    return FileFormatError(f"{path} is not a checkpoint, or is damaged{why}: start anew with --force")
