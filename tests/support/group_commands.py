"""Command lines, each by a process group forked from one.

``python -m tests.support.group_commands JOBS``, where JOBS is JSON.

A job is ``[size, argument, …]``; what its processes say goes to ``JOB.out`` and ``JOB.err``. Their exit codes
are printed as JSON.
"""

from __future__ import annotations

import json
import os
import sys
from functools import partial

import biggan_directions.learning.run
import biggan_directions.metrics.scoring
import biggan_directions.runs.render
import biggan_directions.toybox.packed  # noqa: F401  # imported once, before forking
from biggan_directions.__main__ import main
from tests.support.forked_groups import fork_group


def member(job: int, arguments: list[str]) -> int:
    """Be one process of a command."""
    for name, number in (("out", 1), ("err", 2)):
        os.dup2(os.open(f"{job}.{name}", os.O_WRONLY | os.O_CREAT | os.O_APPEND), number)
    sys.argv = ["biggan-directions", *arguments]
    try:
        main()
    except SystemExit as end:
        return int(end.code or 0)
    finally:
        sys.stdout.flush()
    return 0


if __name__ == "__main__":
    codes = []
    for job, (size, *arguments) in enumerate(json.loads(sys.argv[1])):
        codes.append(fork_group(size, partial(member, job, arguments)))
    sys.stdout.write(json.dumps(codes))
