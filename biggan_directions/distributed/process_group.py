"""Several processes that work on one thing: who does what, and how all come to know of it.

Every process runs the same program. Pieces of work are dealt out by their number and come back in the order
of their numbers, so that no sum depends on how many processes there are.
"""

from __future__ import annotations

import hashlib
import io
import json
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, TypeVar

import torch
import torch.distributed as dist
from torch.distributed.distributed_c10d import Store

from biggan_directions import errors
from biggan_directions.errors import BigganDirectionsError, ProcessGroupError, UsageError

_LOOK_S = 5e-5  # between two looks at whether the others have answered, at first
_LONGEST_LOOK_S = 5e-3  # and later: a signal is acted on after no more than this
_FAILED = -1  # in place of a piece's length

_T = TypeVar("_T")


class ProcessGroup:
    """The processes of one run. A team of one talks to nobody and needs no torch.distributed.

    Args:
        rank: this process, from 0; 0 leads: it alone prints and writes.
        size: how many there are.
        device: where tensors lie that the processes exchange: the CPU for gloo, a GPU for NCCL.
        store: what they met at; it outlives them.

    Attributes:
        seconds: spent on exchanges so far, waiting for the slower ones included.
        received: bytes that this process has been sent so far.
    """

    def __init__(
        self,
        rank: int = 0,
        size: int = 1,
        *,
        device: torch.device | None = None,
        store: Store | None = None,
    ) -> None:
        self.rank, self.size = rank, size
        self.device = torch.device("cpu") if device is None else device
        self._store = store
        self.seconds = 0.0
        self.received = 0

    @property
    def leads(self) -> bool:
        """Whether this is the process that prints and writes."""
        return self.rank == 0

    def rounds(self, items: range) -> Iterator[range]:
        """The items in runs of one for each process.

        >>> list(Team(0, 3).rounds(range(5)))
        [range(0, 3), range(3, 5)]
        """
        for start in range(0, len(items), self.size):
            yield items[start : start + self.size]

    def share(self, items: Sequence[int], work: Callable[[int], torch.Tensor]) -> Iterator[torch.Tensor]:
        """Do a piece of work for each item, dealt out in turn, and tell every process all that came of it.

        Args:
            items: the same in every process.
            work: gives a float64 vector on the CPU, of any length.

        Yields:
            What came of each item, in the order of the items.

        Raises:
            BigganDirectionsError: a piece failed; the first of them, in every process.
            ProcessGroupError: a process is gone.
        """
        if self.size == 1:
            yield from map(work, items)
            return
        for content in self._exchanged(items, lambda item: _bytes_of(work(item)), to_all=True):
            yield torch.frombuffer(content, dtype=torch.float64) if content else torch.empty(0).double()

    def collect(self, items: Sequence[int], work: Callable[[int], bytes]) -> list[bytes]:
        """Do a piece of work for each item, dealt out in turn, and tell the leader alone what came of it.

        Returns:
            What came of each item, in the order of the items; empty in the others.

        Raises:
            As :meth:`share`.
        """
        if self.size == 1:
            return [work(item) for item in items]
        return [bytes(content) for content in self._exchanged(items, work, to_all=False)]

    def together(self, work: Callable[[], _T]) -> _T:
        """Do the same work in every process; where it fails in one, it fails in all.

        Raises:
            As :meth:`share`.
        """
        if self.size == 1:
            return work()
        done: list[_T] = []

        def own(_item: int) -> bytes:
            done.append(work())
            return b""

        self._exchanged(range(self.size), own, to_all=True)
        return done[0]

    def broadcast(self, value: _T) -> _T:
        """The leader's value in every process: plain values and tensors on the CPU.

        What each could reckon for itself may differ in its last bits from one kind of machine to another.

        Raises:
            ProcessGroupError: a process is gone.
        """
        if self.size == 1:
            return value
        content = io.BytesIO()
        if self.leads:
            torch.save(value, content)
        sent = self._broadcast(content.getvalue())
        broadcast: _T = torch.load(io.BytesIO(sent), map_location="cpu", weights_only=True)
        return broadcast

    def check_same(self, **what: Any) -> None:
        """See that plain values are the same in every process.

        Raises:
            UsageError: one is not; it is named.
            ProcessGroupError: a process is gone.
        """
        if self.size == 1:
            return
        for name, value in what.items():
            digest = hashlib.sha256(json.dumps(value, sort_keys=True, default=str).encode()).digest()

            def own(_item: int, digest: bytes = digest) -> bytes:
                return digest

            said = self._exchanged(range(self.size), own, to_all=True)
            for rank, other in enumerate(said):
                if other != said[0]:
                    raise UsageError(
                        f"process {rank} of {self.size} has other {name} than process 0: start all with "
                        "the same command, the same version and the same weights"
                    )

    def _exchanged(
        self, items: Sequence[int], work: Callable[[int], bytes], *, to_all: bool
    ) -> list[bytearray]:
        """Deal out items and exchange what came of them: first how long it is, then the bytes."""
        each = -(-len(items) // self.size)
        lengths = torch.zeros(each, dtype=torch.int64)
        mine: list[bytes] = []
        failure: BigganDirectionsError | None = None
        for turn, item in enumerate(items[self.rank :: self.size]):
            try:
                mine.append(work(item))
                lengths[turn] = len(mine[-1])
            except ProcessGroupError:
                raise
            except BigganDirectionsError as error:
                lengths[turn], failure = _FAILED, error
                break
        table = torch.stack(self._gathered(lengths))
        self._raise_first(table, failure)
        most = int(table.sum(dim=1).max())
        body = torch.zeros(most, dtype=torch.uint8)
        whole = b"".join(mine)
        if whole:
            body[: len(whole)] = torch.frombuffer(bytearray(whole), dtype=torch.uint8)
        parts = self._gathered(body, to_all=to_all) if most else [body] * self.size
        if not (to_all or self.leads):
            return []
        ends = table.cumsum(dim=1)
        found = []
        for place in range(len(items)):
            turn, rank = divmod(place, self.size)
            end = int(ends[rank, turn])
            part = parts[rank][end - int(table[rank, turn]) : end]
            found.append(bytearray(part.numpy().tobytes()))
        return found

    def _raise_first(self, table: torch.Tensor, failure: BigganDirectionsError | None) -> None:
        """Raise the failure of the first item that failed, which one process would have met."""
        failed = [(turn, rank) for rank, turn in (table == _FAILED).nonzero().tolist()]
        if not failed:
            return
        _, first = min(failed)
        words = "" if failure is None else json.dumps([type(failure).__name__, str(failure)])
        kind, message = json.loads(self._broadcast(words.encode(), source=first))
        if failure is not None and first == self.rank:
            raise failure
        raise getattr(errors, kind, BigganDirectionsError)(message)

    def _gathered(self, tensor: torch.Tensor, *, to_all: bool = True) -> list[torch.Tensor]:
        """The tensors of all, which are of one shape, on the CPU; nothing where they go to the leader."""
        tensor = tensor.to(self.device)
        there = to_all or self.leads
        parts = [torch.empty_like(tensor) for _ in range(self.size)] if there else []
        with self._answered():
            if to_all:
                _await(dist.all_gather(parts, tensor, async_op=True))
            else:
                _await(dist.gather(tensor, parts if there else None, dst=0, async_op=True))
            found = [part.cpu() for part in parts]
        self.received += sum(part.nbytes for part in found)
        return found

    def _broadcast(self, content: bytes, *, source: int = 0) -> bytes:
        """The bytes of one process, in every process."""
        length = torch.tensor([len(content)], device=self.device)
        with self._answered():
            _await(dist.broadcast(length, source, async_op=True))
            body = torch.empty(int(length), dtype=torch.uint8, device=self.device)
            if self.rank == source:
                body.copy_(torch.frombuffer(bytearray(content), dtype=torch.uint8))
            _await(dist.broadcast(body, source, async_op=True))
            sent = body.cpu().numpy().tobytes()
        self.received += len(sent)
        return sent

    def first_to_tell(self) -> bool:
        """Whether no other process has asked this before: of those that end early, one speaks."""
        try:
            return self._store is None or self._store.add("told", 1) == 1
        except RuntimeError:  # who kept the store is gone
            return True

    @contextmanager
    def _answered(self) -> Iterator[None]:
        """Time an exchange; that it failed means that some process is gone."""
        start = time.perf_counter()
        try:
            yield
        except RuntimeError as error:  # gloo's, and NCCL's DistBackendError
            raise ProcessGroupError(
                f"one of the {self.size} processes has ended or no longer answers: start again, learn and "
                "render with --resume, in any number of processes",
                ours_to_tell=self.first_to_tell(),
            ) from error
        finally:
            self.seconds += time.perf_counter() - start


ALONE = ProcessGroup()


def _await(work: Any) -> None:
    """Wait for an exchange without shutting out signals, as waiting inside of torch does."""
    pause = _LOOK_S
    while not work.is_completed():
        time.sleep(pause)
        pause = min(2 * pause, _LONGEST_LOOK_S)
    work.wait()


def _bytes_of(vector: torch.Tensor) -> bytes:
    if vector.dtype != torch.float64:
        raise TypeError(f"expected a float64 vector, got {vector.dtype}")
    return vector.contiguous().numpy().tobytes()
