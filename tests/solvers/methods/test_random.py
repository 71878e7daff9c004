"""Random directions: uniform within the block, by the seed."""

import torch

from biggan_directions.solvers.methods.random import Random
from tests.support.problems import problem_of
from tests.support.separable import Separable


def _rows(ndirs: int = 3, seed: int = 0) -> torch.Tensor:
    problem = problem_of(Separable(), ndirs=ndirs, seed=seed, search_space="2:8")
    (step,) = Random().solve(problem)
    assert step.result is not None
    return step.result.directions


def test_rows_lie_within_the_block_and_depend_on_the_seed() -> None:
    found = _rows()
    torch.testing.assert_close(found @ found.T, torch.eye(3).double())
    assert (found[:, [0, 1, 8, 9, 10, 11]] == 0).all()
    assert torch.equal(found, _rows())
    assert not torch.equal(found, _rows(seed=1))


def test_no_coordinate_of_the_block_is_preferred() -> None:
    """The mean square of each is 1/6 for unit vectors in 6 dimensions; over 150, within 5 standard errors.

    A coordinate x of a uniform unit vector in n dimensions has E[x⁴] = 3 / (n (n + 2)).
    """
    rows = torch.cat([_rows(seed=seed) for seed in range(50)])[:, 2:8]
    error = ((3 / (6 * 8) - 1 / 36) / len(rows)) ** 0.5
    assert (rows.square().mean(dim=0) - 1 / 6).abs().max() < 5 * error
