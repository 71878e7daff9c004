"""A thread that draws the newest request of each client and drops stale ones."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Generic, TypeVar

from biggan_directions.errors import GeneratorError

_MOST_CLIENTS = 64  # that are remembered and may wait

Asked = TypeVar("Asked")
Drawn = TypeVar("Drawn")


class Superseded(Exception):
    """A newer request of the same client arrived before this one was drawn."""


@dataclass
class _Client(Generic[Asked, Drawn]):
    """A client's highest request number, and its waiting request, if any."""

    newest: int
    waiting: tuple[Asked, Future[Drawn]] | None = None

    def waits(self) -> bool:
        return self.waiting is not None

    def drop(self, reason: Exception) -> None:
        """End the waiting request, if any, with ``reason``."""
        if self.waiting is not None and self.waiting[1].set_running_or_notify_cancel():
            self.waiting[1].set_exception(reason)
        self.waiting = None


class Painter(Generic[Asked, Drawn]):
    """Draws in a thread of its own, one client after another, and only the newest request of each.

    A request that has been started is finished unless ``draw`` itself checks whether it is stale, so that a
    slider in permanent motion still shows images.

    Args:
        draw: called in the thread with a request and a function that returns whether a newer request of the
            same client is waiting; may raise :class:`Superseded`.
    """

    def __init__(self, draw: Callable[[Asked, Callable[[], bool]], Drawn]) -> None:
        self._draw = draw
        self._clients: OrderedDict[str, _Client[Asked, Drawn]] = OrderedDict()
        self._changed = threading.Condition()
        self._stopped = False
        self._thread = threading.Thread(target=self._run, name="painter", daemon=True)
        self._thread.start()

    def submit(self, client: str, number: int, asked: Asked) -> Future[Drawn]:
        """Queue a request; its future ends with the result, :class:`Superseded` or another error.

        Raises:
            GeneratorError: too many clients wait, or the thread has stopped.
        """
        future: Future[Drawn] = Future()
        with self._changed:
            if self._stopped:
                raise GeneratorError("the server is stopping.")
            known = self._clients.get(client)
            if known is None:
                self._forget_one()
                known = self._clients[client] = _Client(number)
            if number < known.newest:  # a newer request has arrived on another connection
                future.set_exception(Superseded())
                return future
            if known.waits():
                known.drop(Superseded())  # the newer request takes its place in the queue
            else:
                self._clients.move_to_end(client)
            known.newest, known.waiting = number, (asked, future)
            self._changed.notify()
        return future

    def stop(self, timeout: float = 2.0) -> None:
        """Stop drawing; wait up to ``timeout`` seconds for the current request."""
        with self._changed:
            self._stopped = True
            for client in self._clients.values():
                client.drop(GeneratorError("the server is stopping."))
            self._changed.notify()
        self._thread.join(timeout)

    def _forget_one(self) -> None:
        """Make room for a new client by forgetting the one that has been idle for longest."""
        if len(self._clients) < _MOST_CLIENTS:
            return
        idle = next((name for name, client in self._clients.items() if not client.waits()), None)
        if idle is None:
            raise GeneratorError(f"{_MOST_CLIENTS} pages are already waiting for images: close some of them.")
        del self._clients[idle]

    def _run(self) -> None:
        while True:
            with self._changed:
                while (name := self._next()) is None:
                    if self._stopped:
                        return
                    self._changed.wait()
                client = self._clients[name]
                assert client.waiting is not None
                asked, future = client.waiting
                client.waiting = None
            if not future.set_running_or_notify_cancel():
                continue
            try:
                result = self._draw(asked, client.waits)
            except BaseException as error:
                future.set_exception(error)
            else:
                future.set_result(result)

    def _next(self) -> str | None:
        return next((name for name, client in self._clients.items() if client.waits()), None)
