"""OroJaR's penalty: its value by all sign vectors, its gradient, and what it refuses."""

import pytest
import torch

from biggan_directions.errors import UsageError
from biggan_directions.solvers.jacobian_penalty import jacobian_penalty_along
from tests.support.oracles import (
    all_probes,
    convergence_order,
    normal,
    off_diagonal_energy,
    random_orthogonal,
)


def _population(probes: torch.Tensor) -> float:
    """Unbiased variance to that of the population, and twice the penalty to the penalty."""
    return (len(probes) - 1) / len(probes) / 2


def test_of_a_linear_function_it_is_the_products_of_the_jacobians_columns() -> None:
    matrix, rows, z = normal(20, 5), random_orthogonal(5, seed=2)[:4], normal(3, 5, seed=1)
    columns = matrix @ rows.T
    probes = all_probes(3, 4)
    found = jacobian_penalty_along(lambda points: points @ matrix.T, z, rows, probes=probes)
    expected = off_diagonal_energy(columns.T @ columns)
    torch.testing.assert_close(found * _population(probes), expected)


def test_of_a_curved_function_the_error_is_linear_in_epsilon() -> None:
    matrix, z = normal(12, 4), normal(1, 4, seed=1)
    jacobian = torch.cos(z @ matrix.T).T * matrix
    expected = float(off_diagonal_energy(jacobian.T @ jacobian))
    steps, errors, probes, rows = [1e-2, 5e-3, 2.5e-3], [], all_probes(1, 4), torch.eye(4).double()
    for epsilon in steps:
        found = jacobian_penalty_along(
            lambda points: torch.sin(points @ matrix.T), z, rows, probes=probes, epsilon=epsilon
        )
        errors.append(abs(float(found) * _population(probes) - expected))
    assert 0.9 < convergence_order(steps, errors) < 2.1


def test_where_changes_are_orthogonal_it_is_nothing_and_the_gradient_too() -> None:
    matrix = random_orthogonal(6)[:, :4] * torch.tensor([1.0, 2.0, 3.0, 4.0])
    rows = torch.eye(4).double().requires_grad_()
    found = jacobian_penalty_along(
        lambda points: points @ matrix.T, normal(2, 4), rows, probes=all_probes(2, 4)
    )
    assert float(found.detach()) < 1e-20
    found.backward()  # type: ignore[no-untyped-call]
    assert rows.grad is not None
    assert rows.grad.abs().max() < 1e-9


def test_a_function_that_mixes_samples_is_refused() -> None:
    z, eye = normal(3, 4), torch.eye(4).double()
    with pytest.raises(UsageError, match="each row of its input separately"):
        jacobian_penalty_along(lambda points: points - points.mean(0), z, eye, probes=all_probes(3, 4))
