"""Differences at one latent: how many images they take, and of which order they are."""

from typing import Any

import pytest
import torch

from biggan_directions.errors import UsageError
from biggan_directions.solvers.derivatives import (
    Derivatives,
    Differences,
    derivatives,
    evaluations_per_latent,
)
from biggan_directions.solvers.evaluator import Evaluator
from tests.support.oracles import Pixels, convergence_order, normal, quadratic

Z = normal(7, seed=9)


def _found(evaluator: Evaluator, basis: torch.Tensor, **how: Any) -> Derivatives:
    return derivatives(
        evaluator,
        Z,
        None,
        basis,
        signs=torch.where(normal(len(basis), seed=5) < 0, -1.0, 1.0),
        differences=Differences(**how),
        generator=torch.Generator(),
    )


@pytest.mark.parametrize("size", [1, 2, 7])
def test_evaluations_are_as_counted(size: int) -> None:
    evaluator = Evaluator(Pixels(quadratic(7, 36)[0]), 4)
    _found(evaluator, torch.eye(size, 7).double())
    assert evaluator.evaluations == evaluations_per_latent(size)
    assert evaluations_per_latent(12) == 1 + 24 + 66


def test_the_difference_is_of_second_order_in_epsilon_on_the_diagonal() -> None:
    """Of sin along one axis."""
    phases, steps = normal(36), (0.4, 0.2, 0.1)
    evaluator = Evaluator(Pixels(lambda z: torch.sin(z[:, :1] + phases)), 4)
    truth = float(torch.sin(Z[0] + phases).square().sum())
    found = (
        _found(evaluator, torch.eye(1, 7).double(), epsilon=step, blocks=(1,), floor=None) for step in steps
    )
    errors = [abs(float(one.smooth.square().sum()) - truth) for one in found]
    assert convergence_order(steps, errors) == pytest.approx(2, abs=0.05)


@pytest.mark.parametrize("floor", [None, 0.3])
@pytest.mark.parametrize("curvature", [0.0, 1e-9, 1e-2])
def test_second_differences_that_are_only_rounding_count_as_none(
    floor: float | None, curvature: float
) -> None:
    """Of a single-precision image: what is linear, or curves by less than its last place."""
    linear, (f, _) = normal(7, 36), quadratic(7, 36)
    evaluator = Evaluator(Pixels(lambda z: (z @ linear + curvature * f(z)).float()), 4)
    found = _found(evaluator, torch.eye(7).double(), blocks=(2, 3), floor=floor)
    assert bool(found.smooth.any()) == (curvature == 1e-2)


@pytest.mark.parametrize(
    "bad", [{"epsilon": 0.0}, {"epsilon": float("nan")}, {"blocks": (0,)}, {"sketch": 0}]
)
def test_bad_settings(bad: dict[str, Any]) -> None:
    with pytest.raises(UsageError):
        Differences(**bad)
