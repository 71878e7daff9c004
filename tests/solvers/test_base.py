"""What every registered solver promises, whoever wrote it."""

import io
from dataclasses import FrozenInstanceError, fields
from typing import Any

import pytest
import torch

from biggan_directions.generators.capabilities import LatentWeight
from biggan_directions.solvers import registry
from biggan_directions.solvers.base import Found, Solver, Step
from biggan_directions.solvers.problem import Problem
from biggan_directions.solvers.settings import declared, read_settings
from tests.support.checkpoints import saved
from tests.support.problems import problem_of
from tests.support.separable import Separable

QUICK: dict[str, dict[str, Any]] = {  # the others are quick as they are
    "adam": {"steps": 3, "batch_size": 6},
    "ganspace": {"samples": 1024},
    "latent-clr": {"steps": 3, "batch_size": 4},
    "orojar-adam": {"steps": 3, "batch_size": 6},
    "shift-predictor": {"steps": 3, "batch_size": 6},
}
CASES = [
    *((name, QUICK.get(name, {})) for name in registry.names()),
    *(("adam", {**QUICK["adam"], "start": start}) for start in ("jacobi", "random")),
    ("adam", {**QUICK["adam"], "square": False}),
    ("jacobi", {"weighting": "plain", "blocks": (1, 3)}),
]
# These take directions of the whole block, whatever is searched of it.
BEYOND = ("random", "coordinate", "sefa", "ganspace", "region")
PLACES: list[dict[str, Any]] = [{}, {"search_space": "all"}, {"search_space": "2:9"}, {"search_dims": 5}]
every_solver = pytest.mark.parametrize(("name", "options"), CASES)


class Weighted(Separable):
    """Nothing of its z is dead, it has two classes, and it shows the weights that z meets, and a layer."""

    def __init__(self) -> None:
        super().__init__(z_dim=12, factors=12, classes=2)

    def latent_weights(self) -> list[LatentWeight]:
        return [LatentWeight(name="truth", layer="first", matrix=self.truth)]

    activation_names = ("first",)

    def activations(
        self, _name: str, z: torch.Tensor, class_index: torch.Tensor | None = None
    ) -> torch.Tensor:
        first = torch.tanh(z @ self.truth.to(z).T * torch.linspace(0.5, 1.5, 12))
        return first if class_index is None else first + class_index[:, None]


def solver_of(name: str, options: dict[str, Any]) -> Solver:
    kind = registry.find(name)
    return kind(read_settings(kind.Settings, options, solver=name))


def solved(solver: Solver, problem: Problem, state: dict[str, Any] | None = None) -> list[Step]:
    steps = list(solver.solve(problem, state))
    assert [step.result is None for step in steps] == [True] * (len(steps) - 1) + [False]
    return steps


def result_of(steps: list[Step]) -> Found:
    assert steps[-1].result is not None
    return steps[-1].result


def same(one: Found, other: Found) -> bool:
    pairs = ((getattr(one, item.name), getattr(other, item.name)) for item in fields(Found))
    return all(
        torch.equal(a.nan_to_num(-1), b.nan_to_num(-1)) if isinstance(a, torch.Tensor) else a == b
        for a, b in pairs
    )


@every_solver
@pytest.mark.parametrize("where", PLACES)
def test_directions_are_orthonormal_rows_within_the_block(
    name: str, options: dict[str, Any], where: dict[str, Any]
) -> None:
    problem = problem_of(Weighted(), **where)
    solver = solver_of(name, options)
    rows = result_of(solved(solver, problem)).directions
    assert rows.dtype == torch.float64
    assert tuple(rows.shape) == (4, 12)
    assert (rows @ rows.T - torch.eye(4)).abs().max() < 1e-9
    block = problem.outline.block
    assert float(rows[:, : block.start].abs().sum()) < 1e-12
    assert float(rows[:, block.stop :].abs().sum()) < 1e-12
    if options.get("start", name) not in BEYOND:
        basis = problem.space.basis
        torch.testing.assert_close(rows @ basis.T @ basis, rows, rtol=0, atol=1e-6)


@every_solver
@pytest.mark.parametrize("where", PLACES)
def test_the_cost_is_what_is_drawn(name: str, options: dict[str, Any], where: dict[str, Any]) -> None:
    generator = Weighted()
    problem = problem_of(generator, **where)
    solver = solver_of(name, options)
    cost, before = solver.cost(problem.outline), generator.drawn
    result = result_of(solved(solver, problem))
    assert generator.drawn - before == problem.evaluator.evaluations == cost.images
    assert problem.evaluator.gradients == cost.gradients
    assert tuple(result.directions.shape) == (problem.outline.ndirs, problem.outline.z_dim)


@every_solver
def test_a_seed_gives_the_same_bytes_and_leaves_torchs_own_generator_alone(
    name: str, options: dict[str, Any]
) -> None:
    before = torch.get_rng_state()
    one, other = (result_of(solved(solver_of(name, options), problem_of(Weighted()))) for _ in range(2))
    assert same(one, other)
    assert torch.equal(torch.get_rng_state(), before)


@every_solver
def test_every_state_resumes_to_the_same_bytes(name: str, options: dict[str, Any]) -> None:
    """Through a file that holds no code; the last gives the result again, and draws nothing."""
    problem = problem_of(Weighted())
    states, counts, told = [], [], []
    for step in solver_of(name, options).solve(problem):
        states.append((step.state, saved(step.state)))
        counts.append(problem.evaluator.evaluations)
        told.append((step.phase, step.done, step.value))
    assert step.result is not None
    for place, (_, file) in enumerate(states, start=1):
        again = problem_of(Weighted())
        state = torch.load(io.BytesIO(file), weights_only=True)
        rest = solved(solver_of(name, options), again, state)
        assert same(result_of(rest), step.result)
        assert [(one.phase, one.done, one.value) for one in rest] == (told[place:] or told[-1:])
        assert again.evaluator.evaluations == counts[-1] - counts[place - 1]
    assert again.evaluator.evaluations == 0
    assert all(saved(state) == file for state, file in states), "a later step has changed an earlier state"


@every_solver
def test_progress_adds_up(name: str, options: dict[str, Any]) -> None:
    for step in solved(solver_of(name, options), problem_of(Weighted()))[:-1]:
        assert step.phase
        assert 0 < step.done <= step.total
        assert (step.value is None) or step.measure


@pytest.mark.parametrize("name", registry.names())
def test_a_solver_says_what_it_is(name: str) -> None:
    kind = registry.find(name)
    assert kind.name == name
    assert kind.paper
    assert kind.summary
    assert "\n" not in kind.summary
    for item in declared(kind.Settings):
        assert item.help.endswith(".")
        assert item.source
    settings = kind.Settings()
    for item in declared(kind.Settings):
        with pytest.raises(FrozenInstanceError):
            setattr(settings, item.name, item.default)


@every_solver
def test_its_description_is_plain_and_makes_the_same_solver(name: str, options: dict[str, Any]) -> None:
    problem = problem_of(Weighted())
    solver = solver_of(name, options)
    table = solver.described(problem.outline)
    assert list(table) == [item.name for item in declared(type(solver).Settings)]
    assert all(isinstance(value, str | int | float | None) for value in table.values())
    again = solver_of(name, table)
    assert again.described(problem.outline) == table
    assert same(*(result_of(solved(one, problem_of(Weighted()))) for one in (solver, again)))
