"""The list of solvers: every setting with its help and source, costs that a run then has, and 80 columns."""

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from biggan_directions import LearnSettings, learn
from biggan_directions.cli import app
from biggan_directions.solvers import registry
from biggan_directions.solvers.settings import declared
from tests.support.checkpoints import write_checkpoint
from tests.support.separable import Separable


def _run(*arguments: str) -> str:
    done = CliRunner().invoke(app, ["solvers", *arguments], env={"COLUMNS": "80"})
    assert done.exit_code == 0, done.output
    return done.stdout


def _json(*arguments: str) -> Any:
    return json.loads(_run(*arguments, "--json"))


def test_the_list_has_every_solver_with_paper_cost_and_settings() -> None:
    text = _run()
    for name in registry.names():
        kind = registry.find(name)
        flat = " ".join(text.split())
        assert kind.summary in flat
        assert f"paper: {kind.paper}" in flat
        for item in declared(kind.Settings):
            assert f"{item.name}=" in text
    assert f"{LearnSettings().solver}  (the default)" in text


@pytest.mark.parametrize("name", ["adam", "jacobi", "joint", "orojar", "random"])
def test_a_page_has_help_and_source_of_every_setting(name: str) -> None:
    flat = " ".join(_run(name).split())
    for item in declared(registry.find(name).Settings):
        assert f"--set {item.name}=" in flat
        assert item.help in flat
        assert f"source: {item.source}" in flat


@pytest.mark.parametrize("arguments", [(), ("adam",), ("jacobi",), ("joint",)])
def test_lines_fit_eighty_columns(arguments: tuple[str, ...]) -> None:
    assert max(map(len, _run(*arguments).splitlines())) <= 80


def test_json_has_the_same_for_programs() -> None:
    rows = {row["name"]: row for row in _json()}
    assert list(rows) == registry.names()
    assert _json("adam") == rows["adam"]
    settings = {item["name"]: item for item in rows["adam"]["settings"]}
    assert settings["steps"]["default"] == 1000
    assert set(settings["steps"]) == {"name", "default", "kind", "help", "source"}
    assert rows["jacobi"]["images"] == {
        "survey": 36 + 4 * 33,
        "solver": (1500 - 36 - 4 * 33) // (1 + 2 * 12 + 66) * (1 + 2 * 12 + 66),
        "measuring": 16 * (1 + 4 + 6 * 6 + 4) + 4 * (2 + 6 * 6),
    }
    assert rows["jacobi"]["gradients"] == 36


def test_the_cost_is_of_the_model_and_the_directions_asked_for(tmp_path: Path) -> None:
    """Blocks follow the resolution; two directions search four dimensions."""
    rows = {row["name"]: row for row in _json("--model", "biggan-deep-128", "--ndirs", "2")}
    assert rows["jacobi"]["images"] == {
        "survey": 32 + 4 * 129,
        "solver": (1500 - 32 - 4 * 129) // (1 + 2 * 4 + 6) * (1 + 2 * 4 + 6),
        "measuring": 16 * (1 + 4 + 2 * 6 + 4) + 4 * (2 + 2 * 6),
    }
    blocks = rows["jacobi"]["settings"][2]
    assert (blocks["name"], blocks["default"]) == ("blocks", "16, 32")
    folder = write_checkpoint(tmp_path / "net")  # of four dimensions
    images = _json("jacobi", "--model", str(folder), "--ndirs", "2")["images"]
    assert images["solver"] == (1500 - 8 - 4 * 5) // 15 * 15


@pytest.mark.parametrize("name", ["jacobi", "orojar", "joint", "first-order"])
def test_a_run_draws_what_the_list_says(name: str) -> None:
    """Where nothing of the space is dead, z has as many dimensions as the toybox's, and nothing settles."""
    generator = Separable(z_dim=32, factors=32)
    images = _json(name, "--ndirs", "2")["images"]
    unsettled: dict[str, Any] = {"agreement": 1 - 1e-12}
    unsettled |= {} if name == "first-order" else {"survey_latents": 4}
    solution = learn(generator, LearnSettings(solver=name, ndirs=2, search_dims=4, **unsettled))
    assert solution.evaluations + solution.scorecard.evaluations == sum(images.values())
    assert generator.drawn == sum(images.values())
