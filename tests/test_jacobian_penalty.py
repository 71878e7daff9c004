"""OroJaR's penalty against the Jacobian that autograd gives."""

import pytest
import torch

from biggan_directions.errors import UsageError
from biggan_directions.jacobian_penalty import jacobian_penalty, jacobian_penalty_along
from tests.support.oracles import (
    all_probes,
    convergence_order,
    normal,
    off_diagonal_energy,
    random_orthogonal,
)

ALL = torch.tensor([[(-1.0) ** (code >> bit) for bit in range(3)] for code in range(8)]).double()


def curved(z: torch.Tensor) -> torch.Tensor:
    mixing = torch.tensor([[1.0, 0.5, 0.2], [0.3, 1.0, -0.4], [0.0, 0.7, 1.0], [0.5, 0.5, 0.5]]).double()
    return torch.tanh(z @ mixing.T)


def test_all_sign_vectors_give_the_sum_over_pairs() -> None:
    """With every sign vector once, the population variance is exactly 2 Σ_{i≠j} (J_iᵀJ_j)²."""
    z = torch.tensor([[0.2, -0.1, 0.4], [0.0, 0.3, -0.5]]).double()
    expected = 0.0
    for point in z:
        jacobian = torch.func.jacrev(lambda p: curved(p[None])[0])(point)
        gram = jacobian.T @ jacobian
        expected += 2 * float((gram - gram.diag().diag()).square().sum()) / len(z)
    (found,) = jacobian_penalty(curved, z, probes=ALL[:, None].expand(-1, 2, -1), epsilon=1e-6)
    assert float(found) * 7 / 8 == pytest.approx(expected, rel=1e-4)


def test_orthogonal_changes_have_none() -> None:
    z = torch.randn(5, 3, generator=torch.Generator().manual_seed(0)).double()
    rotation = torch.linalg.qr(torch.randn(3, 3, generator=torch.Generator().manual_seed(1)).double())[0]
    found = jacobian_penalty(lambda z: [z @ rotation, z * torch.tensor([1.0, 2, 3])], z, probes=4)
    assert [float(one) < 1e-18 for one in found] == [True, True]
    (mixed,) = jacobian_penalty(lambda z: z @ torch.ones(3, 2).double(), z, probes=4)
    assert float(mixed) > 1


def test_arguments_out_of_range_are_refused() -> None:
    z = torch.zeros(1, 3)
    with pytest.raises(UsageError, match="1 probes"):
        jacobian_penalty(curved, z, probes=1)
    with pytest.raises(UsageError, match="epsilon"):
        jacobian_penalty(curved, z, epsilon=0.0)


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
