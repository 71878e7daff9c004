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
    """A signal asks the run to end. ``resumes``: what it has done is saved, and ``--resume`` continues."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.exit_code = 128 + number
        self.resumes = False

    def sentence(self, arguments: Sequence[str]) -> str:
        """One line that says so, with the command that resumes, for a command line with these arguments.

        >>> stop = Interrupted(2)
        >>> stop.sentence(["inspect", "a.pt"])
        'interrupted'
        >>> stop.resumes = True
        >>> stop.sentence(["learn", "--class", "tiger cat", "--force"])
        "interrupted; to resume: biggan-directions learn --class 'tiger cat' --resume"
        """
        several = processes() > 1  # torchrun ends all processes when one has ended
        said = "interrupted, or one of the processes has ended" if several else "interrupted"
        if not self.resumes:
            return said
        program = "torchrun … -m biggan_directions" if several else "biggan-directions"
        words = [word for word in arguments if word not in ("--force", "--resume")]
        command = " ".join(map(shell_word, [*words, "--resume"]))
        return f"{said}; to resume: {program} {command}"


@contextlib.contextmanager
def resumable() -> Iterator[None]:
    """While a run can be resumed after an interrupt."""
    try:
        yield
    except Interrupted as stopped:
        stopped.resumes = True
        raise


class _Listener:
    """Raises :class:`Interrupted` at the first signal; a later one ends the process at once."""

    def __init__(self) -> None:
        self.raised: Interrupted | None = None
        self.postponed = False
        self._since = 0.0

    def __call__(self, number: int, _frame: FrameType | None) -> None:
        if self.raised is None:
            self.raised, self._since = Interrupted(number), time.monotonic()
            if not self.postponed:
                raise self.raised
        if time.monotonic() - self._since > _ONE_PRESS_S:
            signal.signal(number, signal.SIG_DFL)
            signal.raise_signal(number)


_listener = _Listener()


def listen() -> None:
    """From now on, raise :class:`Interrupted` at a SIGINT or SIGTERM, unless the signal is ignored."""
    for number in _SIGNALS:
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, _listener)


def ignore() -> None:
    """From now on, ignore the signals: the process is ending, and prints the reason itself."""
    for number in _SIGNALS:
        signal.signal(number, signal.SIG_IGN)


@contextlib.contextmanager
def postponed() -> Iterator[None]:
    """Raise an interrupt only when the block ends, because a state is changed in place within it."""
    _listener.postponed = True
    try:
        yield
    finally:
        _listener.postponed = False
    check()


def check() -> None:
    """Raise the interrupt again, which Python drops if it was raised in a finalizer, for example."""
    if _listener.raised is not None:
        raise _listener.raised
