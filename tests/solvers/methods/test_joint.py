"""First derivatives, then the Hessians of the strongest directions: when, at what cost, and to what end."""

import io
import math
from dataclasses import fields
from typing import Any

import pytest
import torch

from biggan_directions.errors import FileFormatError, UsageError
from biggan_directions.learning.settings import LearnSettings
from biggan_directions.linalg import random_rotation
from biggan_directions.solvers.base import Found, Step
from biggan_directions.solvers.closed_form import Turned
from biggan_directions.solvers.derivatives import evaluations_per_latent
from biggan_directions.solvers.methods.jacobi import Jacobi
from biggan_directions.solvers.methods.joint import Joint, JointSettings, _unless_weights_differ
from biggan_directions.solvers.methods.orojar import Orojar
from biggan_directions.solvers.problem import Problem
from biggan_directions.solvers.settling import Agreement
from tests.support.checkpoints import saved
from tests.support.problems import problem_of
from tests.support.separable import Separable, recovery

AUTO: dict[str, Any] = {"latents": None, "budget": 700, "agreement": 1 - 1e-12}


def _steps(problem: Problem, state: dict[str, Any] | None = None, **settings: Any) -> list[Step]:
    return list(Joint(JointSettings(**settings)).solve(problem, state))


def _found(steps: list[Step]) -> Found:
    assert [step.result is None for step in steps] == [True] * (len(steps) - 1) + [False]
    assert steps[-1].result is not None
    return steps[-1].result


def _same(one: Found, other: Found) -> bool:
    pairs = ((getattr(one, item.name), getattr(other, item.name)) for item in fields(Found))
    return all(torch.equal(a, b) if isinstance(a, torch.Tensor) else a == b for a, b in pairs)


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_hidden_factors_are_recovered_and_better_than_by_first_derivatives(seed: int) -> None:
    generator = Separable(seed=seed)
    found = _found(_steps(problem_of(generator, ndirs=5, latents=16, seed=seed)))
    *_, first = Orojar().solve(problem_of(generator, ndirs=5, latents=16, seed=seed))
    assert first.result is not None
    both, before = (recovery(one.directions, generator.truth).mean() for one in (found, first.result))
    assert both > 0.99
    assert both > before
    assert found.stability is not None
    assert len(found.stability) == 5
    assert found.latents == 16


def test_hessians_are_measured_of_the_strongest_directions_alone() -> None:
    """Two beyond those that are kept, of eight live ones."""
    problem = problem_of(Separable(z_dim=10, factors=8), ndirs=3, latents=4)
    steps = _steps(problem, hessian_latents=2)
    assert [step.phase for step in steps] == ["slopes"] * 4 + ["hessians"] * 3
    assert problem.evaluator.evaluations == 4 * (1 + 8) + 2 * evaluations_per_latent(5)
    live = problem.space.basis[:8]
    inside = _found(steps).directions @ live.T
    torch.testing.assert_close(inside.norm(dim=1), torch.ones(3).double())


@pytest.mark.parametrize(
    ("settings", "how"),
    [
        ({}, {"latents": None, "budget": 130}),  # what is left is less than two latents of 45 images
        ({"hessian_latents": 0}, {"latents": 4}),
        ({"hessian_latents": 1}, {"latents": 4}),
        ({"hessian_weight": 0.0}, {"latents": 4}),
        ({}, {"latents": 1}),
    ],
)
def test_without_hessians_it_is_the_closed_form_of_first_derivatives(
    settings: dict[str, Any], how: dict[str, Any]
) -> None:
    one, other = (problem_of(Separable(z_dim=12, factors=9), ndirs=6, **how) for _ in range(2))
    steps = _steps(one, **settings)
    *_, first = Orojar().solve(other)
    assert first.result is not None
    assert _same(_found(steps), first.result)
    assert {step.phase for step in steps} == {"slopes"}
    assert one.evaluator.evaluations == other.evaluator.evaluations


def test_the_budget_bounds_both_and_hessians_take_at_most_three_quarters_of_the_rest() -> None:
    problem = problem_of(Separable(z_dim=8, factors=6), ndirs=4, **AUTO)
    steps = _steps(problem)
    hessians = steps[-1].total
    each = evaluations_per_latent(6)
    assert hessians == (700 - problem.surveyed) * 3 // 4 // each
    assert hessians > 8
    assert problem.surveyed + problem.evaluator.evaluations <= 700
    assert problem.surveyed + problem.evaluator.evaluations > 700 - 7
    outline = LearnSettings(ndirs=4, search_dims=6, budget=700).outline(z_dim=8, resolution=16)
    survey = 12 + 4 * (1 + 8)  # of a block in which nothing is dead
    assert 700 - 7 < survey + Joint().cost(outline).images <= 700


def test_hessians_end_when_the_directions_have_settled() -> None:
    make: dict[str, Any] = {"ndirs": 4, "latents": None, "budget": 700}
    few, most = (
        problem_of(Separable(z_dim=8, factors=6), agreement=bound, **make) for bound in (0.9, 0.9999999)
    )
    settled, longest = _steps(few), _steps(most)
    assert [steps[-1].done for steps in (settled, longest)] == [16, 17]
    stability = _found(settled).stability
    assert stability is not None
    assert float(stability.min()) >= 0.9


def _stack(basis: torch.Tensor, noise: float, seed: int) -> torch.Tensor:
    """Matrices that are diagonal in a basis but for noise."""
    draws = torch.Generator().manual_seed(seed)
    values = torch.randn(40, 4, generator=draws, dtype=torch.float64)
    wrong = torch.randn(40, 4, 4, generator=draws, dtype=torch.float64)
    return basis.T @ torch.diag_embed(values) @ basis + noise * (wrong + wrong.mT)


@pytest.mark.parametrize(
    ("turned", "noise", "least", "most"),
    [
        (False, 0.1, 0.03, 0.1),  # uncertain Hessians that agree with the first derivatives
        (True, 0.0, 3.0, 10.0),  # certain ones that do not
    ],
)
def test_hessians_count_for_as_little_as_other_hessians_allow(
    turned: bool, noise: float, least: float, most: float
) -> None:
    eye = torch.eye(4, dtype=torch.float64)
    axes = random_rotation(4, torch.Generator().manual_seed(5)) if turned else eye
    slopes = [_stack(eye, 0.01, seed) for seed in (1, 2)]
    hessians = [_stack(axes, noise, seed) for seed in (3, 4)]
    even, odd = zip(slopes, hessians, strict=True)
    assert least <= Joint().weights(even, odd, start=eye).taken <= most
    assert Joint(JointSettings(hessian_weight=0.7)).weights(even, odd, start=eye).taken == 0.7


def test_what_another_weight_as_good_turns_elsewhere_is_not_stable() -> None:
    outline = problem_of(Separable(z_dim=8, factors=4), ndirs=3).outline
    rows = torch.eye(4, dtype=torch.float64)
    agreed = Agreement(stability=torch.tensor([0.99, 1.0, 0.5], dtype=torch.float64))
    found = Turned(rows=rows, off_diagonal=0.1, converged=True, agreement=agreed)
    other = rows.clone()
    other[:2, :2] = torch.tensor([[0.6, 0.8], [0.8, -0.6]])
    said = _unless_weights_differ(found, other, outline).agreement
    assert said is not None
    torch.testing.assert_close(said.stability, torch.tensor([0.8, 0.8, 0.5], dtype=torch.float64))
    assert said.planes == ((0, 1),)


def test_taken_up_anywhere_it_gives_the_same_bytes() -> None:
    """While it still asks whether to stop; through a file that holds no code."""
    make = {"ndirs": 3, **AUTO, "budget": 400}
    problem = problem_of(Separable(z_dim=8, factors=4), **make)
    whole, counts = [], []
    for step in Joint().solve(problem):
        whole.append(step)
        counts.append(problem.evaluator.evaluations)
    first = [step.phase for step in whole].index("hessians")
    assert whole[first - 1].done > 12
    for place in (1, 8, 12, first - 1, first, first + 1, len(whole) - 1, len(whole)):
        again = problem_of(Separable(z_dim=8, factors=4), **make)
        rest = _steps(again, torch.load(io.BytesIO(saved(whole[place - 1].state)), weights_only=True))
        told = [(step.phase, step.done, step.value) for step in whole[place:] or whole[-1:]]
        assert [(step.phase, step.done, step.value) for step in rest] == told
        assert _same(_found(rest), _found(whole))
        assert again.evaluator.evaluations == counts[-1] - counts[place - 1]


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"adam": {}}, "the solver's state has other keys than slopes, hessians"),
        ({"slopes": 3}, "slopes is of type int, expected dict"),
        ({"slopes": {"done": 1}}, "slopes has other keys than grams, done"),
        ({"hessians": {"done": 9, "halves": []}}, "hessians.halves has 0 parts, expected 2"),
        ({"hessians": []}, "hessians is of type list, expected dict"),
    ],
)
def test_a_state_of_something_else_is_refused(changed: dict[str, Any], says: str) -> None:
    last = _steps(problem_of(Separable(), latents=2))[-1].state
    with pytest.raises(FileFormatError, match=says):
        _steps(problem_of(Separable(), latents=2), {**last, **changed})
    with pytest.raises(FileFormatError, match="the solver's state has other keys"):
        list(Joint().solve(problem_of(Separable(), latents=2), 5))  # type: ignore[arg-type]


def test_more_hessians_done_than_there_are_are_refused() -> None:
    last = _steps(problem_of(Separable(), latents=2))[-1].state
    hessians = {**last["hessians"], "done": 3}
    with pytest.raises(FileFormatError, match=r"hessians\.done is 3, expected 0 to 2"):
        _steps(problem_of(Separable(), latents=2), {**last, "hessians": hessians})


class Linear(Separable):
    """Each factor moves rows of pixels of its own, as far as the factor goes."""

    def __init__(self) -> None:
        super().__init__(z_dim=8, factors=3)
        row = torch.arange(768) // 16 % 16
        self.weights *= (row // 6 == torch.arange(3)[:, None]) * torch.tensor([[1.0], [1.5], [2]])

    def __call__(self, z: torch.Tensor, class_index: torch.Tensor | None = None) -> torch.Tensor:
        self.seen.append(z.detach())
        factors = z @ self.truth.to(z).T
        return torch.matmul(factors, self.weights[0].to(z)).reshape(-1, 3, 16, 16)


@pytest.mark.parametrize("epsilon", [0.05, 0.1, 0.5])
def test_where_nothing_curves_rounding_errors_have_no_say(epsilon: float) -> None:
    generator = Linear()
    how = {"ndirs": 3, "latents": 8, "difference_epsilon": epsilon}
    found = _found(_steps(problem_of(generator, **how)))
    assert recovery(found.directions, generator.truth).min() > 0.999
    *_, last = Jacobi().solve(problem_of(generator, **how))
    assert last.result is not None
    assert last.result.off_diagonal is None
    assert any("does not curve in the search space" in note for note in last.result.notes)


@pytest.mark.parametrize(
    ("bad", "says"),
    [
        ({"hessian_latents": -1}, "hessian latents must be 0 or more, got -1"),
        ({"hessian_weight": -0.1}, "hessian weight must be a number of 0 or more"),
        ({"hessian_weight": math.nan}, "hessian weight must be a number of 0 or more"),
    ],
)
def test_bad_settings(bad: dict[str, Any], says: str) -> None:
    with pytest.raises(UsageError, match=says):
        JointSettings(**bad)
