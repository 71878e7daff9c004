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
