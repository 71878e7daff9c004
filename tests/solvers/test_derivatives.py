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


def _found(evaluator: Evaluator, basis: torch.Tensor, rows: int | None = None, **how: Any) -> Derivatives:
    return derivatives(
        evaluator,
        Z,
        None,
        basis,
        signs=torch.where(normal(len(basis), seed=5) < 0, -1.0, 1.0),
        differences=Differences(**how),
        generator=torch.Generator(),
        rows=rows,
    )


@pytest.mark.parametrize("rows", [2, 7])
def test_evaluations_are_as_counted(rows: int) -> None:
    evaluator = Evaluator(Pixels(quadratic(7, 36)[0]), 4)
    _found(evaluator, torch.eye(7).double(), rows)
    assert evaluator.evaluations == evaluations_per_latent(7, rows)
    assert evaluations_per_latent(12, 12) == 1 + 24 + 66


def test_the_difference_is_of_second_order_in_epsilon_on_the_diagonal() -> None:
    """Of sin along one axis."""
    phases, steps = normal(36), (0.4, 0.2, 0.1)
    evaluator = Evaluator(Pixels(lambda z: torch.sin(z[:, :1] + phases)), 4)
    truth = float(torch.sin(Z[0] + phases).square().sum())
    found = (_found(evaluator, torch.eye(1, 7).double(), epsilon=step, floor=None) for step in steps)
    errors = [abs(float(one.full.square().sum()) - truth) for one in found]
    assert convergence_order(steps, errors) == pytest.approx(2, abs=0.05)


@pytest.mark.parametrize(
    "bad", [{"epsilon": 0.0}, {"epsilon": float("nan")}, {"blocks": (0,)}, {"sketch": 0}]
)
def test_bad_settings(bad: dict[str, Any]) -> None:
    with pytest.raises(UsageError):
        Differences(**bad)
