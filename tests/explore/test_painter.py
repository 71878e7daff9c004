"""One thread draws, each client's newest request first and only."""

import threading
from collections.abc import Callable, Iterator
from typing import TypeAlias

import pytest

from biggan_directions.errors import GeneratorError
from biggan_directions.explore import Painter, Superseded

Paints: TypeAlias = "Painter[str, str]"
WAIT = 10  # seconds, at most, for what takes none


class Easel:
    """Draws a request when told to go on, and remembers the order."""

    def __init__(self) -> None:
        self.begun = threading.Semaphore(0)
        self.go_on = threading.Semaphore(0)
        self.drawn: list[str] = []
        self.stale: list[bool] = []

    def draw(self, asked: str, stale: Callable[[], bool]) -> str:
        self.begun.release()
        assert self.go_on.acquire(timeout=WAIT)
        self.drawn.append(asked)
        self.stale.append(stale())
        if asked == "bad":
            raise ValueError(asked)
        return asked.upper()


@pytest.fixture
def easel() -> Easel:
    return Easel()


@pytest.fixture
def painter(easel: Easel) -> Iterator[Paints]:
    made = Painter(easel.draw)
    yield made
    easel.go_on.release(100)
    made.stop()


def test_only_the_newest_waiting_request_of_a_client_is_drawn(painter: Paints, easel: Easel) -> None:
    first = painter.submit("me", 1, "first")
    assert easel.begun.acquire(timeout=WAIT)
    dropped = [painter.submit("me", number, "stale") for number in (2, 3, 4)]
    last = painter.submit("me", 5, "last")
    for future in dropped:  # at once, while the first is still being drawn
        with pytest.raises(Superseded):
            future.result(timeout=WAIT)
    assert not last.done()
    easel.go_on.release(2)
    assert (first.result(WAIT), last.result(WAIT)) == ("FIRST", "LAST")
    assert easel.drawn == ["first", "last"]
    assert easel.stale == [True, False]  # what was being drawn could know that a newer one waits


def test_a_request_that_was_overtaken_on_its_way_is_dropped(painter: Paints, easel: Easel) -> None:
    easel.go_on.release(1)
    assert painter.submit("me", 7, "new").result(WAIT) == "NEW"
    with pytest.raises(Superseded):
        painter.submit("me", 6, "old").result(WAIT)
    assert easel.drawn == ["new"]


def test_clients_take_turns_and_do_not_drop_each_others_requests(painter: Paints, easel: Easel) -> None:
    futures = [painter.submit("one", 1, "one/1")]
    assert easel.begun.acquire(timeout=WAIT)
    futures += [painter.submit("one", 2, "one/2"), painter.submit("two", 1, "two/1")]
    easel.go_on.release(1)
    assert easel.begun.acquire(timeout=WAIT)
    futures.append(painter.submit("one", 3, "one/3"))
    easel.go_on.release(3)
    for future in futures:
        future.result(WAIT)
    assert easel.drawn == ["one/1", "one/2", "two/1", "one/3"]


def test_what_goes_wrong_reaches_who_asked_and_the_next_is_drawn(painter: Paints, easel: Easel) -> None:
    easel.go_on.release(2)
    with pytest.raises(ValueError, match="bad"):
        painter.submit("me", 1, "bad").result(WAIT)
    assert painter.submit("me", 2, "good").result(WAIT) == "GOOD"


def test_a_request_that_was_given_up_is_not_drawn(painter: Paints, easel: Easel) -> None:
    painter.submit("me", 1, "first")
    assert easel.begun.acquire(timeout=WAIT)
    assert painter.submit("two", 1, "given up").cancel()
    easel.go_on.release(2)
    assert painter.submit("me", 2, "last").result(WAIT) == "LAST"
    assert easel.drawn == ["first", "last"]


def test_stopping_ends_what_waits(painter: Paints, easel: Easel) -> None:
    painter.submit("me", 1, "first")
    assert easel.begun.acquire(timeout=WAIT)
    waiting = painter.submit("me", 2, "waits")
    easel.go_on.release(1)
    painter.stop()
    with pytest.raises(GeneratorError, match="stopping"):
        waiting.result(WAIT)
    with pytest.raises(GeneratorError, match="stopping"):
        painter.submit("me", 3, "late")


def test_pages_without_end_neither_fill_memory_nor_lock_out_the_next(painter: Paints, easel: Easel) -> None:
    easel.go_on.release(200)
    for number in range(100):
        painter.submit(f"page {number}", 1, "x").result(WAIT)
    assert len(painter._clients) <= 64
