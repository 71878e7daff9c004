"""Run a script in several processes, as torchrun starts them, one thread each."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from torch._C._distributed_c10d import TCPStore  # torch.distributed has it, but does not say so

ROOT = Path(__file__).parents[2]
LAUNCHER = ("-m", "torch.distributed.run", "--standalone", "--nproc-per-node")
LIMIT_S = 120.0  # for machines with as many cores as there are workers on them


def python(*arguments: str, folder: Path = ROOT, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run Python with one thread and with these variables in its environment."""
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=folder,
        env=environment(**variables),
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
    )


def environment(**variables: str) -> dict[str, str]:
    """Of a process with one thread that finds the package and the tests."""
    return {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT), **variables}


def torchrun(
    size: int, *arguments: str, folder: Path = ROOT, **variables: str
) -> subprocess.CompletedProcess[str]:
    """Run ``torchrun --nproc-per-node SIZE arguments…``."""
    return python(*LAUNCHER, str(size), *arguments, folder=folder, **variables)


def fork_group(size: int, member: Callable[[], int]) -> list[int]:
    """Run ``member`` in ``size`` copies of this process, each with its place in the environment.

    For a process that has drawn nothing yet: its copies have none of its threads. As torchrun does, it keeps
    what they meet at.

    Returns:
        The exit code of each.
    """
    store = TCPStore("127.0.0.1", 0, is_master=True, wait_for_workers=False)
    children = []
    for rank in range(size):
        child = os.fork()
        if child == 0:
            place = {"RANK": rank, "LOCAL_RANK": rank, "WORLD_SIZE": size, "LOCAL_WORLD_SIZE": size}
            os.environ.update({name: str(value) for name, value in place.items()})
            os.environ.update(MASTER_ADDR="127.0.0.1", MASTER_PORT=str(store.port))
            os.environ["TORCHELASTIC_USE_AGENT_STORE"] = "True"
            code = 70
            try:
                code = member()
            finally:
                sys.stderr.flush()
                os._exit(code)
        children.append(child)
    return [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children]
