"""The Adam solver: which matrix is turned, and from where."""

from typing import Any

import pytest
import torch

from biggan_directions.errors import FileFormatError, UsageError
from biggan_directions.solvers.methods.adam import Adam, AdamSettings
from tests.support.problems import problem_of
from tests.support.separable import Separable, recovery


@pytest.mark.parametrize(
    ("where", "own", "shape"),
    [
        ({"search_space": "all"}, {}, (4, 12)),
        ({}, {}, (8, 8)),
        ({"search_space": "2:9"}, {}, (7, 7)),
        ({"search_space": "all", "search_dims": 6}, {}, (6, 6)),
        ({"search_space": "all"}, {"square": True}, (12, 12)),
        ({}, {"square": False}, (4, 8)),
        ({}, {"start": "first-order"}, (8, 8)),
        ({"search_space": "all"}, {"start": "first-order"}, (12, 12)),
        ({}, {"start": "first-order", "square": False}, (4, 8)),
        ({}, {"start": "random"}, (12, 12)),  # random directions widen the space of eight by four
    ],
)
def test_a_square_matrix_is_turned_except_over_all_of_z(
    where: dict[str, Any], own: dict[str, Any], shape: tuple[int, int]
) -> None:
    """As published, A is (ndirs, z_dim) there; elsewhere fewer rows would leak into what is dead."""
    solver = Adam(AdamSettings(steps=2, batch_size=4, **own))
    problem = problem_of(Separable(), **where)
    steps = list(solver.solve(problem))
    assert {tuple(step.state["adam"]["matrix"]["matrix"].shape) for step in steps} == {shape}
    assert solver.described(problem.outline)["square"] == (shape[0] == shape[1])


def test_no_steps_from_first_order_is_its_result() -> None:
    """The strongest rows by the survey are kept, and these are the strongest."""
    problem = problem_of(Separable(z_dim=12, factors=12))
    (last,) = Adam(AdamSettings(steps=0, start="first-order")).solve(problem)
    assert last.result is not None
    torch.testing.assert_close(last.result.directions, problem.space.basis[:4], rtol=0, atol=1e-9)


def test_the_matrix_begins_with_the_solvers_directions() -> None:
    """A tiny first step moves it by no more than Adam's learning rate."""
    problem = problem_of(Separable())
    solver = Adam(AdamSettings(steps=1, batch_size=4, lr=1e-6, start="first-order"))
    step = next(solver.solve(problem))
    torch.testing.assert_close(
        step.state["adam"]["directions"][:4], problem.space.basis[:4], rtol=0, atol=1e-4
    )


def test_what_the_first_solver_lacks_adam_lacks() -> None:
    assert "latent_weights()" in str(Adam(AdamSettings(start="sefa")).missing(Separable()))
    assert Adam().missing(Separable()) is None


@pytest.mark.parametrize(("search_space", "left"), [("all", 1e-3), ("active", 2e-3)])
def test_a_random_matrix_finds_the_true_directions(search_space: str, left: float) -> None:
    generator = Separable(z_dim=5, factors=5)
    settings = AdamSettings(steps=120, batch_size=16, lr=0.03, max_distance=1.5)
    problem = problem_of(generator, ndirs=5, micro_batch=16, search_space=search_space)
    *_, step, last = Adam(settings).solve(problem)
    assert last.result is not None
    assert recovery(last.result.directions, generator.truth).min() > 0.99
    assert step.value is not None
    assert step.value < left


@pytest.mark.parametrize("start", ["adam", "kaimin", ""])
def test_an_unknown_start_is_refused(start: str) -> None:
    with pytest.raises(UsageError, match="expected kaiming, or another solver: coordinate"):
        AdamSettings(start=start)


@pytest.mark.parametrize("state", [{"other": 1}, [], 3])
def test_a_state_of_something_else_is_refused(state: Any) -> None:
    with pytest.raises(FileFormatError, match="other keys than start, adam"):
        list(Adam().solve(problem_of(Separable()), state))
