"""When a closed form stops, what it then says, and that it takes up its work anywhere."""

import io
from dataclasses import fields
from typing import Any

import pytest
import torch

from biggan_directions.learning.settings import LearnSettings
from biggan_directions.solvers.base import Found, Solver, Step
from biggan_directions.solvers.closed_form import found_in, turned
from biggan_directions.solvers.methods.jacobi import Jacobi
from biggan_directions.solvers.methods.orojar import Orojar
from biggan_directions.solvers.problem import Problem
from biggan_directions.solvers.schedule import MOST
from tests.support.checkpoints import saved
from tests.support.oracles import normal, random_orthogonal
from tests.support.problems import problem_of
from tests.support.separable import Separable

UNREACHABLE = 1 - 1e-12  # an agreement that rounding alone prevents
both = pytest.mark.parametrize(("kind", "phase"), [(Orojar, "slopes"), (Jacobi, "hessians")])


def _problem(**settings: Any) -> Problem:
    return problem_of(Separable(z_dim=8, factors=4), **{"ndirs": 3, "latents": None, **settings})


def _solved(solver: Solver, problem: Problem, state: dict[str, Any] | None = None) -> list[Step]:
    return list(solver.solve(problem, state))


def _found(steps: list[Step]) -> Found:
    assert steps[-1].result is not None
    return steps[-1].result


@both
def test_it_stops_when_every_direction_has_settled(kind: type[Solver], phase: str) -> None:
    steps = _solved(kind(), _problem(agreement=0.7))
    found = _found(steps)
    assert found.latents == steps[-1].done == steps[-1].total == 8
    assert found.stability is not None
    assert float(found.stability.min()) >= 0.7
    assert found.notes == ()
    assert [step.phase for step in steps] == [phase] * 9
    assert [step.value is not None for step in steps] == [False] * 7 + [True, False]
    assert steps[7].measure == "least stability"
    assert steps[7].total > 8  # more than it came to


@both
def test_it_goes_to_the_end_of_the_budget_where_they_do_not(kind: type[Solver], phase: str) -> None:
    budget = 300
    problem = _problem(agreement=UNREACHABLE, budget=budget)
    found = _found(_solved(kind(), problem))
    each = {"slopes": 1 + 4, "hessians": 1 + 8 + 6}[phase]
    assert found.latents == (budget - problem.surveyed) // each
    assert problem.surveyed + problem.evaluator.evaluations <= budget
    assert problem.surveyed + problem.evaluator.evaluations > budget - each
    assert found.stability is not None
    assert float(found.stability.min()) < UNREACHABLE
    assert not any("settled" in note for note in found.notes)  # the stability says it, once


def test_it_measures_no_more_than_256_latents() -> None:
    found = _found(_solved(Orojar(), _problem(agreement=UNREACHABLE, budget=10**6)))
    assert found.latents == MOST


@both
@pytest.mark.parametrize("latents", [2, 3, 10])
def test_a_number_of_latents_that_was_asked_for_is_kept_to(
    kind: type[Solver], phase: str, latents: int
) -> None:
    """Whatever the agreement and the budget."""
    for how in ({"agreement": 0.5}, {"agreement": UNREACHABLE, "budget": 1}):
        steps = _solved(kind(), _problem(latents=latents, **how))
        assert [step.done for step in steps] == [*range(1, latents + 1), latents]
        assert {step.total for step in steps} == {latents}
        found = _found(steps)
        assert found.latents == latents
        assert found.stability is not None
        assert (float(found.stability.min()) < how["agreement"]) == (how["agreement"] == UNREACHABLE)


def test_a_single_latent_has_no_halves() -> None:
    for solver in (Orojar(), Jacobi()):
        found = _found(_solved(solver, _problem(latents=1)))
        assert found.stability is None
        assert found.latents == 1
        assert found.notes == ()


@both
def test_taken_up_anywhere_it_gives_the_same_bytes(kind: type[Solver], phase: str) -> None:
    """On its way to the budget's end, which it asks four times whether it has reached what it needs."""
    how = {"agreement": UNREACHABLE, "budget": {"slopes": 200, "hessians": 500}[phase]}
    problem = _problem(**how)
    whole, counts = [], []
    for step in kind().solve(problem):
        whole.append(step)
        counts.append(problem.evaluator.evaluations)
    assert sum(step.value is not None for step in whole) >= 3
    for place in (1, 7, 8, 9, 12, 13, len(whole) - 1, len(whole)):
        again = _problem(**how)
        state = torch.load(io.BytesIO(saved(whole[place - 1].state)), weights_only=True)
        rest = _solved(kind(), again, state)
        told = [(step.done, step.total, step.value) for step in whole[place:] or whole[-1:]]
        assert [(step.done, step.total, step.value) for step in rest] == told
        assert _same(_found(rest), _found(whole))
        assert again.evaluator.evaluations == counts[-1] - counts[place - 1]


def _same(one: Found, other: Found) -> bool:
    pairs = ((getattr(one, item.name), getattr(other, item.name)) for item in fields(Found))
    return all(torch.equal(a, b) if isinstance(a, torch.Tensor) else a == b for a, b in pairs)


def test_taken_up_where_it_had_settled_it_measures_no_further() -> None:
    steps = _solved(Orojar(), _problem(agreement=0.7))
    again = _problem(agreement=0.7)
    (only,) = _solved(Orojar(), again, steps[7].state)
    assert only.result is not None
    assert torch.equal(only.result.directions, _found(steps).directions)
    assert again.evaluator.evaluations == 0


def test_the_solution_of_all_latents_is_sorted_and_its_halves_are_compared() -> None:
    """Matrices of two bases, one at even and one at odd latents, 10° apart in one plane."""
    problem, hidden = _problem(latents=2), random_orthogonal(4, 3)
    turn = torch.matrix_exp(torch.tensor([[0.0, 0.1745], [-0.1745, 0.0]]).double())
    other = torch.eye(4).double()
    other[:2, :2] = turn
    other = other @ hidden
    even, odd = (basis.T @ torch.diag_embed(normal(20, 4, seed=1)) @ basis for basis in (hidden, other))
    strength = torch.tensor([1.0, 2, 3, 4]).double()

    def effects(rotation: torch.Tensor) -> torch.Tensor:
        return (rotation @ hidden.T).square() @ strength

    best = turned(problem, effects, (torch.cat([even, odd]), even, odd))
    assert (effects(best.rows).diff() < 0).all()
    assert best.converged
    assert best.agreement is not None
    expected = torch.tensor([1, 1, 0.98481]).double()
    torch.testing.assert_close(best.agreement.stability, expected, rtol=0, atol=1e-3)
    assert turned(problem, effects, (even, None, None)).agreement is None


def test_dead_dimensions_fill_up_and_have_no_stability() -> None:
    problem = _problem(ndirs=6, latents=3)
    found = _found(_solved(Orojar(), problem))
    assert found.stability is not None
    assert found.stability.isnan().tolist() == [False] * 4 + [True] * 2
    assert torch.equal(found.directions[4:], problem.space.basis[4:6])
    best = turned(problem, lambda rows: torch.zeros(len(rows)), (torch.eye(4)[None].double(), None, None))
    filled = found_in(problem, problem.space.basis[:4], best, 1)
    assert torch.equal(filled.directions, problem.space.basis[:6])


def test_the_cost_is_the_most_that_is_drawn() -> None:
    settings = LearnSettings(ndirs=3, budget=300, agreement=UNREACHABLE)
    outline = settings.outline(z_dim=8, resolution=16)
    for solver in (Orojar(), Jacobi()):
        problem = problem_of(Separable(z_dim=8, factors=8), ndirs=3, latents=None, budget=300)
        _solved(solver, problem)
        assert problem.evaluator.evaluations <= solver.cost(problem.outline).images
        assert solver.cost(outline).images <= max(300, 8 * (1 + 2 * outline.dims + 15))
