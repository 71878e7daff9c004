"""The compare command: which direction is which, and which is none."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from typer.testing import CliRunner

from biggan_directions import Directions
from biggan_directions.cli import app
from biggan_directions.toybox import true_directions
from tests.commands.test_render import CAR, of


def compare(*arguments: str | Path) -> str:
    done = CliRunner().invoke(app, ["compare", *map(str, arguments)])
    assert done.exit_code == 0, done.output
    return done.stdout


def test_it_says_which_is_which_and_which_has_no_match(tmp_path: Path) -> None:
    rows = true_directions()[1]
    torch.save(rows[:3], tmp_path / "a.pt")
    torch.save(rows[[2, 5, 0, 6]], tmp_path / "b.pt")
    found = json.loads(compare(tmp_path / "a.pt", tmp_path / "b.pt", "--json"))
    assert [(pair["first"], pair["second"]) for pair in found["pairs"]][::2] == [(0, 2), (2, 0)]
    assert [pair["matched"] for pair in found["pairs"]] == [True, False, True]
    assert found["principal_angles"] == pytest.approx([0, 0, 90], abs=1e-3)
    shown = compare(tmp_path / "a.pt", tmp_path / "b.pt")
    assert "90.0°" in shown
    lines = [line.split() for line in shown.splitlines()]
    assert ["0", "2", "1.000"] in lines
    assert ["2", "0", "1.000"] in lines
    assert not any(line[:1] == ["1"] for line in lines)
    assert "no match (|cos| below 0.71): 1 of the first; 1, 3 of the second" in shown
    assert "mean |cos| of the 3 pairs with the largest sum: 0.667" in shown


def test_where_all_match_nothing_is_said_of_the_rest_and_where_none_does_there_is_no_table(
    tmp_path: Path,
) -> None:
    rows = true_directions()[1]
    for name, kept in (("a.pt", rows[:2]), ("b.pt", rows[2:4])):
        torch.save(kept.clone(), tmp_path / name)
    assert "no match" not in compare(tmp_path / "a.pt", tmp_path / "a.pt")
    shown = compare(tmp_path / "a.pt", tmp_path / "b.pt")
    assert "second |cos|" not in shown
    assert "0, 1 of the first; 0, 1 of the second" in shown


def test_long_names_are_shortened_so_that_both_fit(tmp_path: Path) -> None:
    names = ["turning all around the vertical axis of the car", ""]
    path = of(tmp_path, CAR)
    found = Directions.load(path)
    replace(found, names=tuple(names)).save(path)
    lines = compare(path, path).splitlines()
    rows = lines[next(index for index, line in enumerate(lines) if line.startswith("first ")) + 1 :][:2]
    assert all(len(row) <= 80 and row.endswith(" 1.000") for row in rows)
    assert rows[0].count("0 turning all arou…l axis of the car") == 2
