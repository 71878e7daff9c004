"""``score --rca``: measured beside the scorecard, and its budget is printed with it."""

import io
import json
from functools import partial
from pathlib import Path

import pytest
import torch
from rich.console import Console

from biggan_directions.commands.rca_table import print_rca
from biggan_directions.metrics import rca
from biggan_directions.metrics.rca import Rca, RcaScore, RcaSettings
from biggan_directions.scores import Measure
from tests.commands.test_score import run


def test_the_table_has_each_sets_figures_and_the_budget() -> None:
    console = Console(file=io.StringIO(), width=80)
    score = RcaScore(
        name="orojar",
        accuracy=Measure(value=0.91, error=0.012),
        distance_error=Measure(value=0.695, error=0.037),
    )
    print_rca(Rca(directions=5, settings=RcaSettings(), scores=(score,), evaluations=3072), console)
    assert isinstance(console.file, io.StringIO)
    shown = " ".join(console.file.getvalue().split())
    assert "orojar 0.910 ± 0.012 0.695 ± 0.037" in shown
    for part in ("512 moves", "one of 5", "a guess: 0.200", "1,024 moves, 12 times", "3,072 images"):
        assert part in shown


def test_files_and_random_directions_are_measured_with_as_many_directions(
    net: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With a smaller budget than users get."""
    monkeypatch.setattr(rca, "RcaSettings", partial(RcaSettings, pairs=64, tests=32, epochs=2))
    files: list[Path] = []
    for name, count in (("two.pt", 2), ("three.pt", 3)):
        torch.save(torch.eye(4)[:count].clone(), tmp_path / name)
        files.append(tmp_path / name)
    of = ("--model", net, "--class", "1", "--latents", "2", "--json")
    told = json.loads(run("score", *files, *of, "--rca"))["rca"]
    assert told["directions"] == 2
    assert [score["name"] for score in told["scores"]] == ["two.pt", "three.pt", "random"]
    accuracies = [score["accuracy"]["value"] for score in told["scores"]]
    assert accuracies[0] == accuracies[1]  # the first two directions of both are the same
    assert all(0 <= accuracy <= 1 for accuracy in accuracies)
    assert "rca" not in json.loads(run("score", files[0], *of, "--no-baselines"))
