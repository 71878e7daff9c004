"""Settings of learning: checked when made, described in the result's file, read back from it."""

import math
from dataclasses import dataclass
from typing import Any

import pytest
import torch

from biggan_directions.errors import UsageError
from biggan_directions.learning.run import learn
from biggan_directions.learning.settings import LearnSettings
from biggan_directions.solvers import registry
from tests.support.separable import Separable

QUICK: dict[str, Any] = {"latents": 4}


@pytest.mark.parametrize(
    "bad",
    [
        {"ndirs": 0},
        {"solver": "newton"},
        {"micro_batch": 0},
        {"latents": 0},
        {"survey_latents": 0},
        {"budget": 0},
        {"agreement": 0.0},
        {"agreement": 1.0},
        {"agreement": math.nan},
        {"sketch": 0},
        {"solver": "adam", "options": {"probes": 1}},
        {"solver": "jacobi", "options": {"blocks": (0,)}},
        {"solver": "jacobi", "options": {"blocks": ()}},
        {"solver": "jacobi", "options": {"weighting": "fair"}},
        {"solver": "orojar", "options": {"blocks": (0,)}},
        {"solver": "joint", "options": {"hessian_latents": -1}},
        {"options": {"steps": 3}},
        {"difference_epsilon": 0.0},
        {"difference_epsilon": math.nan},
    ],
)
def test_bad_settings(bad: dict[str, Any]) -> None:
    with pytest.raises(UsageError):
        LearnSettings(**bad)


@pytest.mark.parametrize(
    ("bad", "says"),
    [
        ({"solver": "jacoby"}, "solver 'jacoby' is unknown: did you mean jacobi"),
        (
            {"options": {"steps": 3}},
            "solver joint has no setting 'steps': it has hessian_latents, hessian_weight",
        ),
        (
            {"solver": "jacobi", "options": {"steps": 3}},
            "solver jacobi has no setting 'steps': it has weighting, floor, blocks",
        ),
        ({"solver": "random", "options": {"steps": 3}}, "it has none of its own"),
        ({"agreement": 1.5}, "agreement must lie between 0 and 1, got 1.5"),
        ({"budget": 0}, "budget must be 1 or more, got 0"),
        (
            {"solver": "jacobi", "options": {"weighting": "fair"}},
            "weighting must be one of balanced, plain, got 'fair'",
        ),
        (
            {"solver": "jacobi", "options": {"blocks": "8,x"}},
            "blocks must be whole numbers with commas between them",
        ),
        ({"solver": "adam", "options": {"steps": "2.5"}}, "adam's setting steps must be a whole number"),
        ({"solver": "adam", "options": {"lr": "fast"}}, "adam's setting lr must be a number, got 'fast'"),
        ({"solver": "adam", "options": {"square": "maybe"}}, "square must be true or false, got 'maybe'"),
        ({"solver": "adam", "options": {"probes": "1"}}, "probes must be 2 or more, for a variance, got 1"),
    ],
)
def test_a_bad_setting_is_named_with_what_was_expected(bad: dict[str, Any], says: str) -> None:
    with pytest.raises(UsageError, match=says):
        LearnSettings(**bad)


def test_text_as_typed_and_values_make_the_same_settings() -> None:
    typed = {"steps": "50", "lr": "1e-3", "square": "True", "start": "first-order"}
    values = {"steps": 50, "lr": 0.001, "square": True, "start": "first-order"}
    assert LearnSettings(solver="adam", options=typed) == LearnSettings(solver="adam", options=values)
    blocks = [LearnSettings(solver="jacobi", options={"blocks": value}) for value in ("8, 16", (8, 16))]
    assert blocks[0] == blocks[1]
    assert LearnSettings(solver="jacobi").options == {"weighting": "balanced", "floor": 0.3, "blocks": None}
    assert LearnSettings(solver="orojar").options == {"weighting": "balanced", "blocks": None}
    assert LearnSettings().options == {"hessian_latents": 24, "hessian_weight": None}


CASES: list[dict[str, Any]] = [
    {},
    {"latents": None, "budget": 200, "agreement": 0.9},
    {"solver": "joint", "options": {"hessian_latents": 3, "hessian_weight": 0.1}},
    {"solver": "orojar", "options": {"blocks": (3,), "weighting": "plain"}},
    {"solver": "jacobi", "options": {"blocks": (3,), "weighting": "plain"}},
    {"solver": "jacobi", "options": {"blocks": (1, 2, 4), "floor": 0.01}},
    {"search_space": "2:9", "survey_latents": 5, "difference_epsilon": 0.2, "sketch": 50},
    {"solver": "random"},
    {"solver": "adam", "options": {"steps": 2, "batch_size": 4, "start": "first-order"}},
    {"solver": "adam", "options": {"steps": 2, "batch_size": 4}, "search_space": "all"},
    {"solver": "adam", "options": {"steps": 2, "batch_size": 4, "square": True}, "search_space": "all"},
]


@pytest.mark.parametrize("changed", CASES)
def test_settings_can_be_read_back_from_a_result(changed: dict[str, Any]) -> None:
    settings = LearnSettings(**{"ndirs": 4, "seed": 7, **QUICK, **changed})
    solution = learn(Separable(), settings)
    assert all(isinstance(value, str | int | float) for value in solution.solver.values())
    read = LearnSettings.of_result(solution.solver, ndirs=4, seed=7)
    assert read.made().described(_outline(read)) == settings.made().described(_outline(settings))
    assert read.differences() == settings.differences()
    again = learn(Separable(), read)
    assert torch.equal(again.directions, solution.directions)
    assert again.solver == solution.solver


def _outline(settings: LearnSettings) -> Any:
    return settings.outline(z_dim=12, resolution=16)


@pytest.mark.parametrize("square", [None, True])
def test_rows_of_all_of_z_stay_rows_and_a_square_stays_square(square: bool | None) -> None:
    own = {"steps": 2, "batch_size": 4, "square": square}
    settings = LearnSettings(ndirs=4, solver="adam", search_space="all", options=own, **QUICK)
    read = LearnSettings.of_result(learn(Separable(), settings).solver, ndirs=4, seed=0)
    assert read.options["square"] == (square is not None)


def test_what_a_file_says_beyond_the_solvers_settings_is_passed_over() -> None:
    """Of another version, for example."""
    made = {"name": "random", "latents": 5, "refine": 0, "blocks": "8, 16", "weighting": "balanced"}
    assert LearnSettings.of_result(made, ndirs=2, seed=1) == LearnSettings(
        solver="random", latents=5, ndirs=2, seed=1
    )


@pytest.mark.parametrize(
    "wrong",
    [
        {"latents": "many"},
        {"budget": None},
        {"survey_latents": 1.5},
        {"agreement": "x"},
        {"latents": True},
        {"search_dims": "x"},
        {"name": "adam", "epsilon": "x"},
        {"name": "adam", "steps": True},
        {"search_space": 3},
        {"sketch": 1.5},
        {"name": 7},
        {"name": "newton"},
    ],
)
def test_settings_of_another_kind_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(UsageError, match="learn anew"):
        LearnSettings.of_result({"name": "jacobi", **wrong}, ndirs=4, seed=0)


@pytest.mark.parametrize("blocks", ["", "8,", "8, -4", "٨", 8, "9" * 5000])
def test_blocks_that_no_result_has_are_refused(blocks: object) -> None:
    with pytest.raises(UsageError, match=r"blocks .*learn anew"):
        LearnSettings.of_result({"name": "jacobi", "blocks": blocks}, ndirs=4, seed=0)


def test_a_file_that_does_not_name_its_solver() -> None:
    with pytest.raises(UsageError, match="does not say how"):
        LearnSettings.of_result({"latents": 4}, ndirs=4, seed=0)


def test_a_solver_whose_setting_has_a_common_name_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Or the file could not say which of the two a number is."""

    @dataclass(frozen=True, kw_only=True)
    class Settings:
        latents: int = 3

    monkeypatch.setattr(registry.find("random"), "Settings", Settings)
    with pytest.raises(UsageError, match="its setting latents has the name of one that all"):
        LearnSettings(solver="random")


@pytest.mark.parametrize(
    ("settings", "dims"),
    [
        (LearnSettings(), 12),
        (LearnSettings(ndirs=2), 4),
        (LearnSettings(search_space="all"), 32),
        (LearnSettings(search_space="4:20"), 16),
        (LearnSettings(search_dims=7), 7),
    ],
)
def test_the_outlines_dimensions(settings: LearnSettings, dims: int) -> None:
    assert settings.outline(z_dim=32, resolution=64).dims == dims
    assert settings.outline(z_dim=32, resolution=64, dims=9).dims == 9


@pytest.mark.parametrize(
    ("settings", "each", "classes", "counts"),
    [
        ({}, 13, 1, (4, 8, 16, 32)),
        ({}, 13, 10, (16, 32)),
        ({}, 13, 1000, (32,)),
        ({}, 129, 1, (4,)),
        ({"budget": 3100}, 129, 1, (4, 8)),
        ({"budget": 1}, 13, 1, (4,)),
        ({"budget": 1}, 13, 10, (10,)),
        ({"survey_latents": 3}, 13, 1000, (3,)),
        ({"solver": "first-order"}, 13, 1, (32,)),
        ({"solver": "first-order"}, 129, 1, (8,)),
        ({"solver": "first-order", "survey_latents": 5}, 129, 1, (5,)),
    ],
)
def test_how_long_the_survey_goes_on(
    settings: dict[str, Any], each: int, classes: int, counts: tuple[int, ...]
) -> None:
    """Each class is met at least once, up to 32; a third of the budget bounds the rest."""
    assert LearnSettings(**settings).survey_counts(each, classes=classes) == counts
