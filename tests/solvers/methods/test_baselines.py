"""Baselines: each is what it says."""

import pytest
import torch
from biggan_directions.solvers.baselines import (
    coordinate_directions,
    first_order_directions,
    random_directions,
    sefa_directions,
)

from biggan_directions.errors import UsageError
from biggan_directions.solvers.subspace import Survey, parse_search_space

ALL, BLOCK = parse_search_space("all", 8), parse_search_space("2:6", 8)


def _survey(seed: int = 0) -> Survey:
    draws = torch.randn(20, 8, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    return Survey(total=draws.T @ draws, count=20)


class Weighted:
    """A generator that shows its weights."""

    def __init__(self, *weights: torch.Tensor) -> None:
        self.weights = weights

    def z_weights(self) -> list[torch.Tensor]:
        return list(self.weights)


def test_random_directions() -> None:
    found = random_directions(BLOCK, 3, 8, seed=0)
    torch.testing.assert_close(found @ found.T, torch.eye(3).double())
    assert (found[:, [0, 1, 6, 7]] == 0).all()
    assert torch.equal(found, random_directions(BLOCK, 3, 8, seed=0))
    assert not torch.equal(found, random_directions(BLOCK, 3, 8, seed=1))


def test_coordinates_that_change_most() -> None:
    survey = _survey()
    found = coordinate_directions(survey, BLOCK, 2)
    assert sorted(found.flatten().tolist()) == [0.0] * 14 + [1.0] * 2
    change = survey.total.diagonal()
    expected = (change[2:6].argsort(descending=True)[:2] + 2).tolist()
    assert found.argmax(dim=1).tolist() == expected


def test_first_order_directions_are_eigenvectors() -> None:
    survey = _survey()
    space = survey.space(ALL, ndirs=3, dims=None)
    found = first_order_directions(space, 3)
    values = torch.linalg.eigvalsh(survey.total).flip(0)[:3]
    torch.testing.assert_close(found @ survey.total, values[:, None] * found)


def test_sefa_is_the_eigenvectors_of_the_weights() -> None:
    weight = torch.randn(30, 8, generator=torch.Generator().manual_seed(0))
    found = sefa_directions(Weighted(weight), ALL, 3, 8)
    expected = torch.linalg.svd(weight.double()).Vh[:3]
    torch.testing.assert_close((found @ expected.T).abs(), torch.eye(3).double())


def test_sefa_gives_every_layer_the_same_say() -> None:
    generator = torch.Generator().manual_seed(0)
    first, second = torch.randn(30, 8, generator=generator), torch.randn(5, 8, generator=generator)
    found = sefa_directions(Weighted(first, second), BLOCK, 2, 8)
    torch.testing.assert_close(found, sefa_directions(Weighted(first, 1000 * second), BLOCK, 2, 8))
    assert (found[:, [0, 1, 6, 7]] == 0).all()


def test_sefa_without_weights() -> None:
    with pytest.raises(UsageError, match=r"give it a method z_weights\(\), or choose --solver first-order"):
        sefa_directions(object(), ALL, 2, 8)
    with pytest.raises(UsageError, match=r"shape \(3, 7\); expected \(outputs, 8\)"):
        sefa_directions(Weighted(torch.zeros(3, 7)), ALL, 2, 8)
