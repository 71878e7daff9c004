"""Real runs of the command line, to be killed and resumed."""

import os
import signal
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

import torch

from biggan_directions.runs.checkpoint import CHECKPOINT_NAME
from tests.support.elsewhere import LIMIT_S, Done, Elsewhere, run_main

EAGER: Mapping[str, float] = {"runs.checkpoint._EVERY_S": 0.0, "runs.checkpoint._SHARE": 0.5}
"""A checkpoint whenever half of the time allows: short runs have several."""


# On a generator of three classes that draws at once: see the fixture ``folder``.
LEARN = ("learn", "--model", "net", "--ndirs", "2", "--latents", "2")
ONE = (*LEARN, "--class", "1", "--search-dims", "2", "--out", "out")
_ADAM = ("--solver", "adam", "--set", "batch_size=2", "--set")
ADAM = (*ONE, *_ADAM, "steps=8")
ENDLESS = (*ONE, *_ADAM, "steps=100000")


@dataclass(frozen=True)
class Fault:
    """What happens at the ``count``-th call, from 1 on, of write, fsync or replace.

    ``reason`` is an error's number; None: the process is killed there, half of a write done.
    """

    call: str
    count: int
    reason: int | None = None


class Run(Elsewhere):
    """A run under way in ``folder``; sent SIGUSR1, it goes on with the permissions of ``user``."""

    def __init__(
        self,
        arguments: Sequence[str],
        folder: Path,
        constants: Mapping[str, float] | None = None,
        fault: Fault | None = None,
        user: int | None = None,
    ) -> None:
        self.folder = folder
        super().__init__(_child, list(arguments), folder, dict(constants or {}), fault, user)

    def until(self, path: str) -> None:
        """Wait until there is a file of this name in the folder, or the run has ended."""
        while self.running and not (self.folder / path).exists():
            time.sleep(0.002)

    def until_state(self, part: str) -> None:
        """Wait until the checkpoint in the folder ``out`` has this part, or the run has ended."""
        self.until(f"out/{CHECKPOINT_NAME}")
        while self.running and part not in state_in(self.folder):
            time.sleep(0.01)


def run(arguments: Sequence[str], folder: Path, **how: Any) -> Done:
    """Run to the end."""
    return Run(arguments, folder, **how).end()


def files(folder: Path) -> dict[str, bytes]:
    """Everything in a folder, by name."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def started(folder: Path, **how: Any) -> Run:
    """A run of :data:`ENDLESS` that has a checkpoint."""
    begun = Run(ENDLESS, folder, constants=EAGER, **how)
    begun.until(f"out/{CHECKPOINT_NAME}")
    assert begun.running, begun.end().err
    return begun


def state_in(folder: Path) -> dict[str, Any]:
    """What the checkpoint of a run into ``FOLDER/out`` holds, which must be whole."""
    state: dict[str, Any] = torch.load(folder / "out" / CHECKPOINT_NAME, weights_only=True)["state"]
    return state


def steps_in(folder: Path) -> int:
    """Products, latents of the survey and steps in the checkpoint of a run into ``FOLDER/out``."""
    state = state_in(folder)
    taken = state["solver"]["adam"]["matrix"]["done"] if "solver" in state else 0
    surveyed = state["survey"]["count"] if "survey" in state else 0
    return int(state["live"]["count"] + surveyed + taken)


def is_one_line(done: Done, code: int, *words: str) -> None:
    """See that a run ended with this code and one line that has the words."""
    assert done.code == code, done.err
    assert len(done.err.strip().splitlines()) == 1, done.err
    for word in words:
        assert word in done.err


def _child(
    arguments: list[str], folder: Path, constants: dict[str, float], fault: Fault | None, user: int | None
) -> None:
    if user is not None:
        signal.signal(signal.SIGUSR1, lambda *_: os.seteuid(user))
    for place, value in constants.items():
        module, name = place.rsplit(".", 1)
        setattr(import_module(f"biggan_directions.{module}"), name, value)
    if fault is not None:
        _arm(fault)
    try:
        run_main(arguments, folder)
    finally:
        os.seteuid(os.getuid())  # what Python still loads as it ends need not be open to everyone


def _arm(fault: Fault) -> None:
    """Replace the call by one that fails when its time comes."""
    owner: Any = Path if fault.call == "write" else os
    name = "write_bytes" if fault.call == "write" else fault.call
    real, calls = getattr(owner, name), 0

    def armed(*arguments: Any, **named: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls != fault.count:
            return real(*arguments, **named)
        if fault.call == "write":
            real(arguments[0], arguments[1][: len(arguments[1]) // 2])
        if fault.reason is None:
            os.kill(os.getpid(), signal.SIGKILL)
            time.sleep(LIMIT_S)
        raise OSError(fault.reason, os.strerror(fault.reason or 0))

    setattr(owner, name, armed)
