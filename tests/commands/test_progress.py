"""Notes are lines on stderr, shown as they are; the bar is shown only on a terminal."""

import io
import sys

import pytest

from biggan_directions.commands.progress import progress_bar
from biggan_directions.runs.observer import Note, RunProgress

STEP = RunProgress(phase="hessians", done=1, total=2, measure="off-diagonal share", value=0.5)


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_notes_are_shown_as_they_are_and_progress_is_silent(capsys: pytest.CaptureFixture[str]) -> None:
    with progress_bar() as observe:
        observe(STEP)
        observe(Note("a class called [bold]car\x1b[1m[/bold] is left out"))
        observe(RunProgress(phase="done", done=1, total=1))
    out, err = capsys.readouterr()
    assert out == ""
    assert err == "note: a class called [bold]car\ufffd[1m[/bold] is left out\n"


def test_a_terminal_shows_the_phase_how_far_it_is_and_what_is_measured(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sys, "stderr", terminal := Terminal())
    with progress_bar() as observe:
        observe(STEP)
        shown = terminal.getvalue()
    assert "hessians:  50%" in shown
    assert "1/2" in shown
    assert "off-diagonal share 0.5" in shown


def test_a_phase_says_which_it_is_of_how_many_and_its_time_begins_with_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now = [1000.0]
    monkeypatch.setattr("tqdm.std.time", lambda: now[0])
    monkeypatch.setattr(sys, "stderr", terminal := Terminal())
    with progress_bar() as observe:
        observe(RunProgress(phase="search space", done=10, total=10, part=1, parts=3))
        now[0] += 500  # slow: the next phase's time left must not be reckoned from it
        observe(RunProgress(phase="hessians", done=0, total=100, part=2, parts=3))
        now[0] += 10
        observe(RunProgress(phase="hessians", done=10, total=100, part=2, parts=3))
        shown = terminal.getvalue()
    assert "1/3 search space: 100%" in shown
    assert "2/3 hessians:  10%" in shown
    assert "10/100 [00:10<01:30" in shown
