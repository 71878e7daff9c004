"""The processes of one run: pieces of work are dealt out, and every process receives the results.

All processes run the same program. Pieces are dealt out by their number, and results come back in the order
of these numbers, so that no sum depends on how many processes there are.

Results travel by torch's object collectives. These wait inside torch, for hours if need be, where Python acts
on no signal; therefore each runs in a thread of its own, and the main thread waits at a lock, which a signal
interrupts. They unpickle what the other processes send, as torchrun's own rendezvous does: see SECURITY.md.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from typing import Any, TypeVar

import torch
import torch.distributed as dist
from torch.distributed.distributed_c10d import Store

from biggan_directions.errors import BigganDirectionsError, ProcessGroupError, UsageError

_T = TypeVar("_T")


class ProcessGroup:
    """The processes of one run. A group of one process exchanges nothing and needs no torch.distributed.

    Args:
        rank: the number of this process, from 0; process 0 leads: it alone prints and writes.
        size: how many processes there are.
        device: where exchanged tensors lie: on the CPU for gloo, on this process's GPU for NCCL.
        store: where the processes met; it outlives them.
    """

    def __init__(
        self, rank: int = 0, size: int = 1, *, device: torch.device | None = None, store: Store | None = None
    ) -> None:
        self.rank, self.size = rank, size
        self.device = torch.device("cpu") if device is None else device
        self._store = store

    @property
    def leads(self) -> bool:
        """Whether this is the process that prints and writes."""
        return self.rank == 0

    def rounds(self, items: range) -> Iterator[range]:
        """Split the items into consecutive ranges of one item for each process.

        >>> list(ProcessGroup(0, 3).rounds(range(5)))
        [range(0, 3), range(3, 5)]
        """
        for start in range(0, len(items), self.size):
            yield items[start : start + self.size]

    def share(self, items: Sequence[int], work: Callable[[int], torch.Tensor]) -> Iterator[torch.Tensor]:
        """Do a piece of work for each item, dealt out in turn, and give every process all the results.

        Args:
            items: the same in every process.
            work: gives a tensor on the CPU.

        Yields:
            The result of each item, in the order of the items.

        Raises:
            BigganDirectionsError: a piece failed; the first of them, in every process.
            ProcessGroupError: a process has ended or does not answer.
        """
        if self.size == 1:
            yield from map(work, items)
            return
        mine = self._own(items, lambda item: work(item).numpy())
        yield from map(torch.from_numpy, self._in_order(self._gathered(mine), len(items)))

    def collect(self, items: Sequence[int], work: Callable[[int], _T]) -> list[_T]:
        """Do a piece of work for each item, dealt out in turn, and give the leader alone the results.

        Returns:
            The result of each item, in the order of the items; nothing in the other processes.

        Raises:
            As :meth:`share`.
        """
        if self.size == 1:
            return [work(item) for item in items]
        mine = self._own(items, work)
        failures = [done if isinstance(done, BigganDirectionsError) else None for done in mine]
        self._in_order(self._gathered(failures), len(items))
        parts = self._gathered(mine, to_all=False)
        return self._in_order(parts, len(items)) if self.leads else []

    def together(self, work: Callable[[], _T]) -> _T:
        """Do the same work in every process; if it fails in one, it fails in all.

        Raises:
            As :meth:`share`.
        """
        if self.size == 1:
            return work()
        done: list[_T] = []

        def own(_item: int) -> None:
            done.append(work())

        self._in_order(self._gathered(self._own(range(self.size), own)), self.size)
        return done[0]

    def broadcast(self, value: _T) -> _T:
        """The leader's value in every process; tensors are to be on the CPU.

        What each process could compute for itself may differ in its last bits from one machine to another.

        Raises:
            ProcessGroupError: a process has ended or does not answer.
        """
        if self.size == 1:
            return value
        held = [value]
        self._exchange(lambda: dist.broadcast_object_list(held, src=0))
        return held[0]

    def check_same(self, **values: Any) -> None:
        """See that plain values are the same in every process.

        Raises:
            UsageError: one of them differs; the message names it.
            ProcessGroupError: a process has ended or does not answer.
        """
        if self.size == 1:
            return
        first, *others = self._gathered(values)
        for rank, other in enumerate(others, start=1):
            for name in values:
                if other[name] != first[name]:
                    raise UsageError(
                        f"process {rank} of {self.size} has other {name} than process 0: start all processes "
                        "with the same command, the same version and the same weights"
                    )

    def first_to_tell(self) -> bool:
        """Whether no other process has asked this before: of those that end early, one prints the reason."""
        try:
            return self._store is None or self._store.add("told", 1) == 1
        except RuntimeError:  # the process that kept the store has ended
            return True

    def _own(self, items: Sequence[int], work: Callable[[int], object]) -> list[Any]:
        """The results of this process's items; if one fails, its error in its place, and none after it."""
        done: list[Any] = []
        for item in items[self.rank :: self.size]:
            try:
                done.append(work(item))
            except ProcessGroupError:
                raise
            except BigganDirectionsError as error:
                return [*done, error]
        return done

    def _in_order(self, parts: Sequence[Sequence[Any]], count: int) -> list[Any]:
        """The results of all processes in the order of the items; the first that is an error is raised."""
        found = []
        for place in range(count):
            turn, rank = divmod(place, self.size)
            if isinstance(parts[rank][turn], BigganDirectionsError):
                raise parts[rank][turn]
            found.append(parts[rank][turn])
        return found

    def _gathered(self, mine: Any, *, to_all: bool = True) -> list[Any]:
        """What each process has, by rank; of no use in a process that it does not go to."""
        parts: list[Any] = [None] * self.size
        if to_all:
            self._exchange(lambda: dist.all_gather_object(parts, mine))
        else:
            self._exchange(lambda: dist.gather_object(mine, parts if self.leads else None, dst=0))
        parts[self.rank] = mine  # an error with its traceback
        return parts

    def _exchange(self, collective: Callable[[], object]) -> None:
        """Run a collective in a thread, and wait for it in a way that a signal interrupts."""
        answer: Future[None] = Future()

        def run() -> None:
            try:
                if self.device.type == "cuda":
                    torch.cuda.set_device(self.device)  # each thread has its own
                collective()
                answer.set_result(None)
            except BaseException as error:
                answer.set_exception(error)

        threading.Thread(target=run, daemon=True).start()  # a daemon: it does not hold up the end
        try:
            answer.result()
        except RuntimeError as error:  # gloo's, and NCCL's DistBackendError
            raise ProcessGroupError(
                f"one of the {self.size} processes has ended or no longer answers: start all of them again, "
                "learn and render with --resume, in any number of processes",
                ours_to_tell=self.first_to_tell(),
            ) from error


ALONE = ProcessGroup()
