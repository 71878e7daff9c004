"""Solvers are found by name: one file here, or an entry point of another package."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

import biggan_directions
from biggan_directions import Directions
from biggan_directions.cli import app
from biggan_directions.errors import UsageError
from biggan_directions.solvers import registry
from biggan_directions.solvers.methods.jacobi import Jacobi
from tests.support.own_solver import install, source

OURS = [
    *("adam", "coordinate", "first-order", "ganspace", "jacobi", "joint", "latent-clr", "orojar"),
    *("orojar-adam", "random", "region", "sefa", "shift-predictor"),
]
PACKAGE = Path(biggan_directions.__file__).parent
LEARN = ("learn", "--class", "1", "--ndirs", "2", "--latents", "2", "--solver", "contest")


def _told(*arguments: str) -> Any:
    """What a command prints as JSON."""
    done = CliRunner().invoke(app, [*arguments, "--json"])
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


def _made(folder: Path) -> tuple[Any, ...]:
    """What the file of a run says of its solver."""
    made = Directions.load(folder / "directions.pt").solver
    return made["name"], made["candidates"], made["distance"]


def test_a_name_is_a_file_and_finds_its_class() -> None:
    assert registry.names() == OURS
    assert registry.find("jacobi") is Jacobi
    assert [registry.find(name).name for name in OURS] == OURS


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("jacoby", "'jacoby' is unknown: did you mean jacobi"),
        ("first_order", "did you mean first-order"),
        ("xyzzy", "'xyzzy' is unknown"),
        ("", "'' is unknown"),
    ],
)
def test_an_unknown_name_is_told_with_the_nearest(name: str, says: str) -> None:
    with pytest.raises(UsageError, match=f"{says}.*biggan-directions solvers"):
        registry.find(name)


def test_adding_a_solver_is_adding_one_file(tmp_path: Path, net: Path) -> None:
    """To a copy of the package: nothing else in it is touched, and the command line learns with it."""
    copy = tmp_path / PACKAGE.name
    shutil.copytree(PACKAGE, copy, ignore=shutil.ignore_patterns("__pycache__"))
    (copy / "solvers" / "methods" / "contest.py").write_text(source(), encoding="utf-8")
    command = [sys.executable, "-m", PACKAGE.name, *LEARN, "--set", "candidates=5", "--out", "o"]
    environment = {**os.environ, "PYTHONPATH": str(tmp_path)}
    done = subprocess.run(
        [*command, "--model", str(net)], cwd=tmp_path, capture_output=True, text=True, env=environment
    )
    assert done.returncode == 0, done.stderr
    assert _made(tmp_path / "o") == ("contest", 5, 0.5)


def test_another_packages_solver_is_learnt_with_and_learnt_again(
    tmp_path: Path, net: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    own = ("--set", "candidates=5", "--set", "distance=0.25")
    _told(*LEARN, "--model", str(net), *own, "--out", str(tmp_path / "o"))
    assert _made(tmp_path / "o") == ("contest", 5, 0.25)
    file = str(tmp_path / "o" / "directions.pt")
    card = _told("score", file, "--latents", "2", "--no-baselines", "--seeds", "1")
    assert card["sets"][0]["solver"] == "contest"
    assert len(card["stability"][0]["cosines"]) == 2


@pytest.mark.parametrize(
    ("entry", "says"),
    [
        ("contest = nowhere_at_all:Contest", "'contest' of the package contest-solver cannot be loaded"),
        ("contest = contest:Missing", "has no attribute 'Missing'"),
        (
            "contest = contest:ContestSettings",
            "not give exactly one subclass of biggan_directions.solvers.base.Solver",
        ),
        ("jacobi = nowhere_at_all:Contest", ""),
    ],
)
def test_a_broken_entry_point_is_one_sentence(
    entry: str, says: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And the package's own solvers come first."""
    install(tmp_path, entry=entry)
    monkeypatch.syspath_prepend(str(tmp_path))
    if not says:
        assert registry.find("jacobi") is Jacobi
        return
    with pytest.raises(UsageError, match=says) as told:
        registry.find("contest")
    assert "\n" not in str(told.value)


def test_a_broken_entry_point_does_not_hide_the_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(tmp_path, entry="contest = nowhere_at_all:Contest")
    monkeypatch.syspath_prepend(str(tmp_path))
    rows = _told("solvers")
    assert [row["name"] for row in rows] == sorted([*OURS, "contest"])
    (broken,) = (row for row in rows if "error" in row)
    assert broken["name"] == "contest"
    assert "nowhere_at_all" in broken["error"]
