"""What the closed form finds of a known truth, on the generator that ships, and the benchmark's command."""

import sys
from pathlib import Path

import pytest

from benchmarks import recovery
from biggan_directions import LearnSettings, learn, load_generator
from biggan_directions.metrics.matching import match
from biggan_directions.toybox import true_directions


def _recovery(toy: str, settings: LearnSettings) -> list[float]:
    found = learn(load_generator("toybox", toy), settings).directions
    return [pair.cosine for pair in match(found, true_directions()[1])]


@pytest.mark.slow
def test_six_directions_are_six_true_ones() -> None:
    """Each with a true direction of its own: the car's by default, the mug's by first derivatives."""
    assert min(_recovery("car", LearnSettings())) >= 0.95
    assert min(_recovery("mug", LearnSettings(solver="orojar"))) >= 0.95


@pytest.mark.slow
def test_of_six_directions_only_one_that_is_called_unstable_is_wrong() -> None:
    """On the mug, six of eight directions leave one a mixture of two that were not kept."""
    solution = learn(load_generator("toybox", "mug"), LearnSettings())
    assert solution.stability is not None
    pairs = match(solution.directions, true_directions()[1])
    stable = [pair.cosine for pair in pairs if solution.stability[pair.first] >= LearnSettings().agreement]
    assert len(stable) >= 5
    assert min(stable) >= 0.95


def test_first_derivatives_do_not_tell_them_apart() -> None:
    assert min(_recovery("mug", LearnSettings(solver="first-order", latents=1, score_latents=2))) < 0.7


def _command(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    monkeypatch.setattr(sys, "argv", ["recovery", *arguments])
    return recovery.main()


def test_the_command_shows_each_half_and_takes_up_what_is_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = [
        *("--truths", "ellipse", "product", "--seeds", "2", "--methods", "first-order", "random"),
        *("--results", str(tmp_path / "cells.jsonl")),
    ]
    assert _command(monkeypatch, *asked) == 0
    shown = capsys.readouterr()
    assert shown.out.index("The chosen half") < shown.out.index("| ellipse |")
    assert shown.out.index("| ellipse |") < shown.out.index("The reported half")
    assert shown.out.index("The reported half") < shown.out.index("| product |")
    assert len(shown.err.splitlines()) == 8
    assert _command(monkeypatch, *asked) == 0
    again = capsys.readouterr()
    assert (again.out, again.err) == (shown.out, "")
    assert _command(monkeypatch, *asked, "--half", "reported", "--report") == 0
    report = capsys.readouterr().out
    assert "| product |" in report
    assert "ellipse" not in report


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--methods", "nobody"], "solver 'nobody' is unknown"),
        (["--set", "latents=2"], "--set changes one method: name it with --methods"),
        (["--methods", "joint", "--set", "latents"], "--set takes KEY=VALUE, got 'latents'"),
    ],
)
def test_a_wrong_command_says_so(
    arguments: list[str], message: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert _command(monkeypatch, *arguments) == 2
    assert message in capsys.readouterr().err
