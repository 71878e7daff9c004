"""Random directions: uniform within the block, by the seed."""

import torch

from biggan_directions.solvers.methods.random import Random
from tests.support.problems import problem_of
from tests.support.separable import Separable


def _rows(seed: int) -> torch.Tensor:
    problem = problem_of(Separable(), ndirs=3, seed=seed, search_space="2:8")
    (step,) = Random().solve(problem)
    assert step.result is not None
    return step.result.directions


def test_rows_depend_on_the_seed() -> None:
    assert not torch.equal(_rows(seed=0), _rows(seed=1))


def test_no_coordinate_of_the_block_is_preferred() -> None:
    """The mean square of each is 1/6 for unit vectors in 6 dimensions; over 150, within 5 standard errors.

    A coordinate x of a uniform unit vector in n dimensions has E[x⁴] = 3 / (n (n + 2)).
    """
    rows = torch.cat([_rows(seed=seed) for seed in range(50)])[:, 2:8]
    error = ((3 / (6 * 8) - 1 / 36) / len(rows)) ** 0.5
    assert (rows.square().mean(dim=0) - 1 / 6).abs().max() < 5 * error
