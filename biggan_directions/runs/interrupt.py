"""Ctrl-C and SIGTERM as an exception, so that what a run has is saved before it ends."""

from __future__ import annotations

import contextlib
import signal
import time
from collections.abc import Iterator, Sequence
from types import FrameType

from biggan_directions.distributed.launched import processes
from biggan_directions.files.escaping import shell_word

_SIGNALS = (signal.SIGINT, signal.SIGTERM)
_ONE_PRESS_S = 1.0  # a terminal and a wrapper may both send the signal of one key that is pressed


class Interrupted(BaseException):
    """The run is asked to end. ``resumes``: it can be taken up where it stopped."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.exit_code = 128 + number
        self.resumes = False

    def sentence(self, arguments: Sequence[str]) -> str:
        """One line that says so, with the command that goes on, for a command line with these arguments.

        >>> stop = Stopped(2)
        >>> stop.sentence(["inspect", "a.pt"])
        'interrupted'
        >>> stop.resumes = True
        >>> stop.sentence(["learn", "--class", "tiger cat", "--force"])
        "interrupted; to go on: biggan-directions learn --class 'tiger cat' --resume"
        """
        several = processes() > 1  # torchrun ends all where one has ended
        said = "interrupted, or one of the processes has ended" if several else "interrupted"
        if not self.resumes:
            return said
        program = "torchrun … -m biggan_directions" if several else "biggan-directions"
        words = [word for word in arguments if word not in ("--force", "--resume")]
        command = " ".join(map(shell_word, [*words, "--resume"]))
        return f"{said}; to go on: {program} {command}"


@contextlib.contextmanager
def resumable() -> Iterator[None]:
    """While a run can be taken up where it is stopped."""
    try:
        yield
    except Interrupted as stopped:
        stopped.resumes = True
        raise


class _Listener:
    """Raises :class:`Stopped` at the first signal; a later one ends the process at once."""

    def __init__(self) -> None:
        self.stopped: Interrupted | None = None
        self._since = 0.0

    def __call__(self, number: int, _frame: FrameType | None) -> None:
        if self.stopped is None:
            self.stopped, self._since = Interrupted(number), time.monotonic()
            raise self.stopped
        if time.monotonic() - self._since > _ONE_PRESS_S:
            signal.signal(number, signal.SIG_DFL)
            signal.raise_signal(number)


_listener = _Listener()


def listen() -> None:
    """From now on, raise :class:`Stopped` where one of the signals comes that is not ignored."""
    for number in _SIGNALS:
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, _listener)


def ignore() -> None:
    """From now on, let the signals pass: the process is ending, and says why itself."""
    for number in _SIGNALS:
        signal.signal(number, signal.SIG_IGN)


def check() -> None:
    """Raise again what was raised where Python cannot pass it on, such as in a finalizer."""
    if _listener.stopped is not None:
        raise _listener.stopped
