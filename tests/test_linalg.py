"""Small matrix functions against other ways of computing the same."""

import pytest
import torch

from biggan_directions.linalg import completed, leading_pair, orthonormal, with_signs
from tests.support.oracles import normal


def test_completion_begins_with_the_directions() -> None:
    space = orthonormal(normal(5, 9))
    inside = orthonormal(normal(2, 5, seed=1) @ space)
    basis = completed(inside, space)
    assert len(basis) == 5
    torch.testing.assert_close(basis[:2], inside)
    torch.testing.assert_close(basis @ basis.T, torch.eye(5).double(), rtol=0, atol=1e-12)
    torch.testing.assert_close(basis.T @ basis, space.T @ space, rtol=0, atol=1e-12)
    outside = torch.eye(1, 9).double()
    assert len(completed(outside, space)) == 6


def test_orthonormal_is_gram_schmidt() -> None:
    rows = normal(4, 6)
    expected: list[torch.Tensor] = []
    for row in rows:
        for earlier in expected:
            row = row - (row @ earlier) * earlier
        expected.append(row / row.norm())
    torch.testing.assert_close(orthonormal(rows), torch.stack(expected))
    flipped = with_signs(torch.tensor([[0.1, -0.9], [0.3, 0.2]]))
    torch.testing.assert_close(flipped, torch.tensor([[-0.1, 0.9], [0.3, 0.2]]))


@pytest.mark.parametrize("shape", [(3, 7), (7, 3), (5, 5)])
def test_the_leading_pair_is_that_of_the_largest_singular_value(shape: tuple[int, int]) -> None:
    matrix = torch.randn(shape, generator=torch.Generator().manual_seed(0))
    u, v = leading_pair(matrix)
    torch.testing.assert_close(u @ matrix @ v, torch.linalg.matrix_norm(matrix, 2))
    torch.testing.assert_close(torch.stack([u.norm(), v.norm()]), torch.ones(2))
