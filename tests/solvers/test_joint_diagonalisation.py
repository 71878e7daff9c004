"""Jacobi rotations: exact where there is an exact answer, monotone where there is none."""

import itertools
import math

import pytest
import torch

from biggan_directions.errors import UsageError
from biggan_directions.solvers.joint_diagonalisation import diagonalise, jacobi_sweeps
from tests.support.oracles import normal, off_diagonal_share, random_orthogonal


def _symmetric(count: int, size: int, seed: int) -> torch.Tensor:
    draws = normal(count, size, size, seed=seed)
    return draws + draws.mT


def _permutation_error(product: torch.Tensor) -> float:
    """How far a matrix is from a signed permutation."""
    return float((product.abs().amax(dim=1) - 1).abs().max() + (product.square().sum(dim=0) - 1).abs().max())


def test_one_matrix_is_its_eigendecomposition() -> None:
    matrix = _symmetric(1, 7, 0)
    *_, last = jacobi_sweeps(matrix)
    assert last.converged
    assert last.off_diagonal < 1e-20
    turned = (last.rotation @ matrix[0] @ last.rotation.T).diagonal().sort().values
    torch.testing.assert_close(turned, torch.linalg.eigvalsh(matrix[0]))


@pytest.mark.parametrize("start", [None, 1, 2, 3])
def test_a_common_basis_is_found_from_any_start(start: int | None) -> None:
    hidden = random_orthogonal(8, 10)
    stack = hidden.T @ torch.diag_embed(normal(40, 8)) @ hidden
    *_, last = jacobi_sweeps(stack, start=None if start is None else random_orthogonal(8, start))
    assert _permutation_error(last.rotation @ hidden.T) < 1e-12
    assert last.off_diagonal < 1e-20


def test_no_sweep_adds_to_the_off_diagonal_and_the_whole_is_kept() -> None:
    stack = _symmetric(30, 9, 1)
    shares, energy = [off_diagonal_share(stack)], stack.square().sum()
    for sweep in jacobi_sweeps(stack):
        shares.append(sweep.off_diagonal)
        turned = sweep.rotation @ stack @ sweep.rotation.T
        torch.testing.assert_close(turned.square().sum(), energy, rtol=1e-12, atol=0)
        assert abs(off_diagonal_share(stack, sweep.rotation) - sweep.off_diagonal) < 1e-12
        assert (sweep.rotation @ sweep.rotation.T - torch.eye(9)).abs().max() < 1e-13
    assert all(after <= before + 1e-14 for before, after in itertools.pairwise(shares))
    assert sweep.converged


def test_the_angle_is_the_best_of_all_angles() -> None:
    """Two rows, many matrices, no exact answer: against a fine grid over the quarter turn that matters."""
    stack = _symmetric(20, 2, 2)
    *_, last = jacobi_sweeps(stack)
    angles = torch.linspace(-math.pi / 4, math.pi / 4, 20001, dtype=torch.float64)
    turns = torch.stack([angles.cos(), angles.sin(), -angles.sin(), angles.cos()], dim=1).reshape(-1, 2, 2)
    best = min(off_diagonal_share(stack, turn) for turn in turns[::10])
    assert last.off_diagonal <= best + 1e-12
    assert last.off_diagonal > best - 1e-6


def test_a_saddle_is_left() -> None:
    """All on the off-diagonal: the gradient is 0 there, and the answer a turn of 45°."""
    *_, last = jacobi_sweeps(torch.tensor([[[0.0, 1], [1, 0]]]))
    assert last.off_diagonal < 1e-15


def test_nothing_to_do() -> None:
    for stack in (torch.zeros(3, 4, 4), torch.eye(4)[None], torch.ones(2, 1, 1)):
        *_, last = jacobi_sweeps(stack)
        assert last.converged
        assert torch.equal(last.rotation, torch.eye(stack.shape[1], dtype=torch.float64))
        assert math.isnan(last.off_diagonal) == (not stack.any())


def test_bad_stacks() -> None:
    with pytest.raises(UsageError, match="square"):
        next(jacobi_sweeps(torch.zeros(2, 3)))
    with pytest.raises(UsageError, match="not finite"):
        next(jacobi_sweeps(torch.full((1, 2, 2), math.nan)))


def test_more_starts_never_leave_more_off_the_diagonal() -> None:
    """On matrices that share no basis; on the second stack the first start alone ends in a worse minimum."""
    better = []
    for seed in (1, 3):
        stack = _symmetric(40, 8, seed)
        one, four = (diagonalise(stack, starts=starts).off_diagonal for starts in (1, 4))
        assert four <= one
        better.append(four < one - 1e-3)
    assert better == [False, True]


def test_the_first_start_is_the_one_given_and_wins_a_draw() -> None:
    hidden = random_orthogonal(6, 3)
    stack = hidden.T @ torch.diag_embed(normal(20, 6)) @ hidden
    assert torch.allclose(diagonalise(stack, start=hidden).rotation, hidden, atol=1e-12)
