"""Runs on known truths are kept as they end, and taken up from the file."""

from pathlib import Path

import pytest
import torch

from benchmarks.support.cells import METHODS, Cell, CellFile, Method, measured, method_named
from benchmarks.truths import recovery, truth
from biggan_directions import LearnSettings, learn
from biggan_directions.errors import UsageError

FEW = METHODS["first-order"].changed({"survey_latents": "2"})


def _filled(
    path: Path, *methods: Method, truths: tuple[str, ...] = ("ellipse", "product"), again: bool = False
) -> list[tuple[Cell, bool]]:
    return list(CellFile(path).filled(methods or (FEW,), truths, range(2), again=again))


def test_a_cell_is_what_learning_finds() -> None:
    cell, made = measured(FEW, "box", 3), truth("box", 3)
    assert cell is not None
    settings = LearnSettings(ndirs=5, seed=3, solver="first-order", survey_latents=2, score_latents=2)
    found = learn(made.generator, settings).directions
    assert cell.mean == pytest.approx(recovery(found, made).mean, abs=1e-5)
    assert min(cell.factors.values()) == cell.least
    assert torch.allclose(cell.rows(), made.turned_back(found), atol=1e-3)
    assert cell.gradients == 12
    assert cell.images == 12 + 2 * (1 + 5)


def test_what_is_in_the_file_is_not_measured_again(tmp_path: Path) -> None:
    first = _filled(tmp_path / "cells.jsonl")
    assert [fresh for _, fresh in first] == [True] * 4
    second = _filled(tmp_path / "cells.jsonl")
    assert [fresh for _, fresh in second] == [False] * 4
    assert [cell for cell, _ in second] == [cell for cell, _ in first]


def test_a_cell_that_a_kill_cut_short_is_measured_again(tmp_path: Path) -> None:
    path = tmp_path / "cells.jsonl"
    _filled(path)
    text = path.read_text("utf-8")
    path.write_text(text[:-200], "utf-8")
    assert [fresh for _, fresh in _filled(path)] == [False, False, False, True]
    assert [fresh for _, fresh in _filled(path)] == [False] * 4


def test_a_cell_of_other_settings_is_measured_again(tmp_path: Path) -> None:
    path = tmp_path / "cells.jsonl"
    _filled(path)
    other = Method(name=FEW.name, settings={**FEW.settings, "survey_latents": 3})
    assert [fresh for _, fresh in _filled(path, other)] == [True] * 4
    assert [cell.images for cell in CellFile(path).cells()] == [12 + 3 * (1 + 5)] * 2 + [8 + 3 * (1 + 4)] * 2


def test_asked_to_everything_is_measured_again(tmp_path: Path) -> None:
    path = tmp_path / "cells.jsonl"
    _filled(path, truths=("ellipse",))
    assert [fresh for _, fresh in _filled(path, truths=("ellipse",), again=True)] == [True, True]
    assert len(CellFile(path).cells()) == 2


def test_a_method_that_lacks_what_it_needs_has_no_cell(tmp_path: Path) -> None:
    found = _filled(tmp_path / "cells.jsonl", METHODS["sefa"], truths=("ellipse", "mlp-tanh"))
    assert [cell.truth for cell, _ in found] == ["mlp-tanh", "mlp-tanh"]


def test_a_flat_network_has_no_recovery() -> None:
    cell = measured(METHODS["random"], "flat-tanh", 0)
    assert cell is not None
    assert cell.mean is cell.least is None
    assert cell.rows().shape == (6, 128)


def test_typed_settings_are_those_of_all_solvers_or_the_solvers_own() -> None:
    changed = method_named("joint").changed({"latents": "8", "hessian_latents": "4"})
    assert changed.name == "joint latents=8 hessian_latents=4"
    assert changed.settings == {
        "solver": "joint",
        "latents": 8,
        "options": {"hessian_latents": "4"},
    }
    assert METHODS["plain"].changed({"blocks": "1"}).settings["options"] == {
        "weighting": "plain",
        "blocks": "1",
    }


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"latents": "many"}, "latents must be a number, got 'many'"),
        ({"latents": "0"}, "latents must be 1 or more"),
        ({"colour": "red"}, "has no setting 'colour'"),
    ],
)
def test_typed_settings_that_are_wrong(values: dict[str, str], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        METHODS["joint"].changed(values)


def test_any_solver_is_a_method() -> None:
    assert method_named("adam").settings == {"solver": "adam"}
    with pytest.raises(UsageError, match="solver 'nobody' is unknown"):
        method_named("nobody")
