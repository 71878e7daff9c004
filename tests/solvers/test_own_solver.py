"""The solver of docs/own-solver.md keeps what the page says that solvers promise."""

from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

from biggan_directions.solvers.problem import Outline, Problem
from tests.solvers import test_base as promises
from tests.support.own_solver import PAGE, install

OPTIONS: dict[str, Any] = {"candidates": 6}


@pytest.fixture(autouse=True)
def _installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))


@pytest.mark.parametrize("where", promises.PLACES)
def test_its_directions_and_its_cost(where: dict[str, Any]) -> None:
    promises.test_directions_are_orthonormal_rows_within_the_block("contest", OPTIONS, where)
    promises.test_the_cost_is_what_is_drawn("contest", OPTIONS, where)


def test_its_bytes_states_and_words() -> None:
    promises.test_a_seed_gives_the_same_bytes_and_leaves_torchs_own_generator_alone("contest", OPTIONS)
    promises.test_every_state_resumes_to_the_same_bytes("contest", OPTIONS)
    promises.test_progress_adds_up("contest", OPTIONS)
    promises.test_a_solver_says_what_it_is("contest")
    promises.test_its_description_is_plain_and_makes_the_same_solver("contest", OPTIONS)


def test_the_page_names_what_there_is() -> None:
    """Every attribute that its table promises of a problem."""
    page = PAGE.read_text(encoding="utf-8")
    for item in fields(Problem):
        assert f"`{item.name}`" in page
    for item in fields(Outline):
        assert f"`{item.name}`" in page
