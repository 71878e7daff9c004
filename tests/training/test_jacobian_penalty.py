"""OroJaR's penalty against the Jacobian that autograd gives."""

import pytest
import torch

from biggan_directions.errors import UsageError
from biggan_directions.training.jacobian_penalty import jacobian_penalty

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
