"""Which direction is which: matching and principal angles against known answers."""

import itertools
import math

import pytest
import torch

from biggan_directions.errors import UsageError
from biggan_directions.metrics.matching import match, nearest, principal_angles
from tests.support.oracles import random_orthogonal


def test_the_matching_is_the_best_of_all_permutations() -> None:
    first, second = random_orthogonal(5, seed=1)[:4], random_orthogonal(5, seed=2)[:4]
    cosines = (first @ second.T).abs()
    best = max(
        sum(cosines[i, j].item() for i, j in enumerate(order)) for order in itertools.permutations(range(4))
    )
    pairs = match(first, second)
    assert sum(pair.cosine for pair in pairs) == pytest.approx(best)
    assert {pair.second for pair in pairs} == {0, 1, 2, 3}


def test_sets_of_other_sizes_match_as_many_as_the_smaller_has() -> None:
    q = random_orthogonal(6)
    assert [(pair.first, pair.second) for pair in match(q[:5], -q[[3, 0]])] == [(0, 1), (3, 0)]


def test_the_nearest_may_be_that_of_several() -> None:
    q = random_orthogonal(6)
    halfway = (q[0] + 0.9 * q[1]) / 1.81**0.5
    pairs = nearest(q[:3], torch.stack([halfway, -q[2]]))
    assert [(pair.first, pair.second) for pair in pairs] == [(0, 0), (1, 0), (2, 1)]
    assert [pair.cosine for pair in pairs] == pytest.approx([1 / 1.81**0.5, 0.9 / 1.81**0.5, 1.0])


def test_a_pair_within_45_degrees_is_a_match_and_no_other_direction_is() -> None:
    """Squared cosines with orthonormal directions sum to at most 1, so that only one can be above ½."""
    half = 0.5**0.5
    for angle, matched in ((0.7, True), (0.8, False)):  # radians; π/4 = 0.785
        turned = torch.tensor([[math.cos(angle), math.sin(angle), 0]])
        (pair,) = match(turned, torch.eye(3)[[0, 2]])
        assert (pair.first, pair.second, pair.matched) == (0, 0, matched)
        assert matched == (pair.cosine >= half)


@pytest.mark.parametrize("degrees", [0.0, 1e-5, 3.0, 60.0, 90.0])
def test_a_known_tilt_is_the_angle_between_two_planes(degrees: float) -> None:
    angle = torch.deg2rad(torch.tensor(degrees, dtype=torch.float64))
    q = random_orthogonal(5)
    plane, tilted = q[:2], torch.stack([q[0], angle.cos() * q[1] + angle.sin() * q[2]])
    found = principal_angles(plane, tilted)
    assert found[0].item() == pytest.approx(0, abs=1e-6)
    assert found[1].item() == pytest.approx(degrees, abs=1e-6)
    assert torch.allclose(found, principal_angles(tilted, plane))


def test_a_space_within_another_is_at_no_angle_to_it() -> None:
    q = random_orthogonal(6)
    assert principal_angles(q[:2], q[:4]).abs().max() < 1e-5


def test_sets_of_another_z_are_refused() -> None:
    with pytest.raises(UsageError, match="z_dim"):
        match(torch.eye(3), torch.eye(4))
