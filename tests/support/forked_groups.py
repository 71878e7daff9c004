"""Process groups: forked from a process that has torch loaded, or started by torchrun itself."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from torch._C._distributed_c10d import TCPStore  # torch.distributed has it, but does not say so

from tests.support.elsewhere import forked

LAUNCHER = (sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node")
LIMIT_S = 120.0  # for machines with as many cores as there are workers on them
_CODES = "codes.json"


class Job(NamedTuple):
    """A group of ``size`` processes, each of which calls a function of a module and ends with its result."""

    size: int
    member: Callable[..., int]
    arguments: tuple[Any, ...]


class Ran(NamedTuple):
    """The exit codes of a group's processes, and all that they said."""

    codes: list[int]
    out: str
    err: str


def command(size: int, *arguments: str) -> Job:
    """A command line, by a group."""
    return Job(size, _main, arguments)


def run_groups(folder: Path, *jobs: Job) -> list[Ran]:
    """Run groups in a folder, one after another."""
    for old in (*folder.glob("[0-9]*.out"), *folder.glob("[0-9]*.err")):
        old.unlink()
    process = forked(_run_all, folder, jobs)
    process.join(LIMIT_S * len(jobs))
    assert process.exitcode == 0, process.exitcode
    return [
        Ran(codes, (folder / f"{number}.out").read_text(), (folder / f"{number}.err").read_text())
        for number, codes in enumerate(json.loads((folder / _CODES).read_text()))
    ]


def environment() -> dict[str, str]:
    """Of a process with one thread that finds the package and the tests."""
    return {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(Path(__file__).parents[2])}


def torchrun(size: int, *arguments: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run ``torchrun --nproc-per-node SIZE arguments…`` in a folder."""
    return subprocess.run(
        [*LAUNCHER, str(size), *arguments],
        cwd=folder,
        env=environment(),
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
    )


def _run_all(folder: Path, jobs: tuple[Job, ...]) -> None:
    os.chdir(folder)
    codes = [_fork_group(job, number) for number, job in enumerate(jobs)]
    Path(_CODES).write_text(json.dumps(codes))


def _fork_group(job: Job, number: int) -> list[int]:
    """Fork this process, each copy with its place in the environment; the exit code of each.

    For a process that has drawn nothing yet: its copies have none of its threads. As torchrun does, it keeps
    the store that they meet at.
    """
    store = TCPStore("127.0.0.1", 0, is_master=True, wait_for_workers=False)
    children = []
    for rank in range(job.size):
        child = os.fork()
        if child == 0:
            place = {"RANK": rank, "LOCAL_RANK": rank, "WORLD_SIZE": job.size, "LOCAL_WORLD_SIZE": job.size}
            os.environ.update({name: str(value) for name, value in place.items()})
            os.environ.update(MASTER_ADDR="127.0.0.1", MASTER_PORT=str(store.port))
            os.environ["TORCHELASTIC_USE_AGENT_STORE"] = "True"
            _be_member(partial(job.member, *job.arguments), number)
        children.append(child)
    return [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children]


def _be_member(member: Callable[[], int], number: int) -> None:
    code = 70
    try:
        for name, target in (("out", 1), ("err", 2)):
            os.dup2(os.open(f"{number}.{name}", os.O_WRONLY | os.O_CREAT | os.O_APPEND), target)
        code = member()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def _main(*arguments: str) -> int:
    from biggan_directions.__main__ import main

    sys.argv = ["biggan-directions", *arguments]
    try:
        main()
    except SystemExit as end:
        return int(end.code or 0)
    return 0
