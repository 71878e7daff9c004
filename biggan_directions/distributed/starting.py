"""How the processes that torchrun has started become a process group."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import torch
import torch.distributed as dist
from torch.distributed.distributed_c10d import PrefixStore
from torch.distributed.rendezvous import rendezvous

from biggan_directions.distributed.launched import processes
from biggan_directions.distributed.process_group import ALONE, ProcessGroup
from biggan_directions.errors import ProcessGroupError

# A process that has nothing left to do waits for the longest piece of work, such as a class at 512 px on a
# CPU. That a process has died is known at once: this bounds the wait for one that is stuck.
_PATIENCE = timedelta(hours=12)
_MEETING = timedelta(minutes=5)


@contextmanager
def joined(*, timeout: timedelta = _PATIENCE) -> Iterator[ProcessGroup]:
    """The process group that torchrun started this process in, until the block ends; else a group of one.

    NCCL connects the processes where each has a GPU of its own, gloo elsewhere.

    Args:
        timeout: how long to wait for a process that is connected but does not answer.

    Raises:
        ProcessGroupError: the other processes cannot be reached.
    """
    size = processes()
    if size == 1:
        yield ALONE
        return
    own = torch.device("cpu")
    if torch.cuda.is_available() and torch.cuda.device_count() >= int(
        os.environ.get("LOCAL_WORLD_SIZE", "1")
    ):
        own = torch.device("cuda", int(os.environ.get("LOCAL_RANK", "0")))
        torch.cuda.set_device(own)
    try:
        store, rank, size = next(rendezvous("env://", timeout=_MEETING))
        dist.init_process_group(
            "nccl" if own.type == "cuda" else "gloo",
            store=PrefixStore("process group", store),
            rank=rank,
            world_size=size,
            timeout=timeout,
        )
    except (RuntimeError, ValueError) as error:
        raise ProcessGroupError(
            f"the {size} processes cannot reach each other ({str(error).splitlines()[0]}): start them with "
            "torchrun"
        ) from error
    group = ProcessGroup(rank, size, device=own, store=store)
    try:
        yield group
    except BaseException:
        if group.leads:
            group.first_to_tell()  # the leader's own error is the one to print: the others stay silent
        raise
    # Not if the block failed: processes that still wait for this one would not be released.
    dist.destroy_process_group()
