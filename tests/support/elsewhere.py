"""Processes forked from one that has torch loaded: they begin at once, and share nothing with the test.

What a user types is run by ``main`` in such a process, with signals, locks and an environment of its own.
"""

import multiprocessing
import os
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from multiprocessing import forkserver
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

_CONTEXT = multiprocessing.get_context("forkserver")
_PRELOADED = ["pytest", "tests.support.preloaded"]
LIMIT_S = 120.0  # of a process that hangs


def forked(target: Callable[..., None], *arguments: Any) -> BaseProcess:
    """A process that has begun to run a function of a module."""
    os.environ.setdefault("OMP_NUM_THREADS", "1")  # threads do not outlive a fork
    _CONTEXT.set_forkserver_preload(_PRELOADED)
    forkserver.ensure_running()
    process = _CONTEXT.Process(target=target, args=arguments, daemon=True)
    process.start()
    return process


@dataclass(frozen=True)
class Done:
    """How a process ended: ``code`` as a shell has it, and what it said."""

    code: int
    out: str
    err: str
    seconds: float


class Elsewhere:
    """A process that runs a function of a module."""

    def __init__(self, target: Callable[..., None], *arguments: Any) -> None:
        self._said = [Path(tempfile.mkstemp()[1]) for _ in range(2)]
        for path in self._said:
            path.chmod(0o666)
        self._start = time.monotonic()
        self._process = forked(_saying, self._said, target, *arguments)

    @property
    def running(self) -> bool:
        """Whether it has not ended yet."""
        return self._process.exitcode is None

    def send(self, number: int) -> None:
        """Send a signal, where it still runs."""
        if self.running and self._process.pid is not None:
            os.kill(self._process.pid, number)

    def end(self) -> Done:
        """Wait until it has ended."""
        self._process.join(LIMIT_S)
        if self.running:
            self._process.kill()
            self._process.join()
        code = self._process.exitcode
        assert code is not None
        said = [path.read_text() for path in self._said]
        for path in self._said:
            path.unlink()
        return Done(code if code >= 0 else 128 - code, said[0], said[1], time.monotonic() - self._start)


def typed(*arguments: str, folder: Path, **environment: str) -> Done:
    """Run a command in a folder to its end."""
    return Elsewhere(run_main, arguments, folder, environment).end()


def run_main(arguments: Sequence[str], folder: Path, environment: Mapping[str, str] | None = None) -> None:
    """What the process of a command does."""
    os.environ.update(environment or {})
    os.chdir(folder)
    sys.argv = ["biggan-directions", *arguments]
    from biggan_directions.__main__ import main

    main()


def _saying(said: list[Path], target: Callable[..., None], *arguments: Any) -> None:
    for number, path in enumerate(said, start=1):
        os.dup2(os.open(path, os.O_WRONLY), number)
    target(*arguments)
