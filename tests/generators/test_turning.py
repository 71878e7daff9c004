"""The orthogonal matrix that makes directions coordinates: complete, in order, within the parts of z."""

import pytest
import torch

from biggan_directions.errors import UsageError
from biggan_directions.generators.capabilities import LatentWeight
from biggan_directions.generators.turning import turning
from biggan_directions.linalg import random_rotation


def _rows(count: int, size: int, seed: int = 0) -> torch.Tensor:
    return random_rotation(size, torch.Generator().manual_seed(seed))[:count]


@pytest.mark.parametrize("count", [1, 3, 7])
def test_it_is_orthogonal_and_begins_with_the_directions(count: int) -> None:
    directions = _rows(count, 7).float()
    found = turning(directions, parts=[range(7)])
    assert found.coordinates == tuple(range(count))
    torch.testing.assert_close(found.rotation @ found.rotation.T, torch.eye(7).double(), rtol=0, atol=1e-12)
    torch.testing.assert_close(found.rotation[:count].float(), directions)


def test_the_rest_is_in_order_of_what_meets_it() -> None:
    basis = _rows(8, 8)
    # eight directions, of which the last four meet no weight
    matrix = torch.diag(torch.tensor([5.0, 4, 3, 2, 0, 0, 0, 0]).double()) @ basis
    weight = LatentWeight(name="first", layer="first", matrix=matrix)
    found = turning(basis[[2]], parts=[range(8)], weights=[weight]).rotation
    torch.testing.assert_close((found[:4] @ basis[[2, 0, 1, 3]].T).abs(), torch.eye(4).double())
    assert (matrix @ found[4:].T).abs().max() < 1e-12


def test_every_weight_counts_the_same_whatever_its_scale() -> None:
    weights = [
        LatentWeight(name="a", layer="a", matrix=torch.tensor([[100.0, 0, 0], [0, 90, 0]])),
        LatentWeight(name="b", layer="b", matrix=torch.tensor([[0.0, 0.01, 0]])),
    ]
    found = turning(torch.tensor([[0.0, 0, 1]]), parts=[range(3)], weights=weights).rotation
    assert found.abs().argmax(dim=1).tolist() == [2, 1, 0]


def test_parts_are_not_mixed_and_each_begins_with_its_own_directions() -> None:
    directions = torch.zeros(3, 6)
    directions[0, 2:], directions[1, :2], directions[2, 2:] = _rows(2, 4)[0], _rows(1, 2), _rows(2, 4)[1]
    found = turning(directions, parts=[range(2), range(2, 6)])
    assert found.coordinates == (2, 0, 3)
    assert not found.rotation[:2, 2:].any()
    assert not found.rotation[2:, :2].any()
    torch.testing.assert_close(found.rotation[list(found.coordinates)].float(), directions)
    torch.testing.assert_close(found.rotation @ found.rotation.T, torch.eye(6).double())


def test_a_direction_across_parts_is_refused() -> None:
    with pytest.raises(UsageError, match=r"direction 1 mixes parts of z .*0:2, 2:4"):
        turning(torch.stack([torch.eye(4)[0], torch.full((4,), 0.5)]), parts=[range(2), range(2, 4)])
