"""How recovery is measured, with directions whose angles with the factors are known."""

import math

import pytest
import torch

from benchmarks.truths import Truth, agreement, recovery, truth
from benchmarks.truths.turned import random_rotation


@pytest.fixture(scope="module")
def ellipse() -> Truth:
    return truth("ellipse", 1)


def test_the_truth_recovers_itself_in_any_order_and_with_any_signs(ellipse: Truth) -> None:
    found = recovery(-ellipse.rows[[3, 0, 4, 1, 2]].float(), ellipse)
    assert found.least == pytest.approx(1, abs=1e-6)
    assert tuple(found.factors) == ellipse.factors


def test_random_directions_recover_little(ellipse: Truth) -> None:
    found = recovery(random_rotation(20, 7)[:5], ellipse)
    assert found.mean < 0.6
    assert found.least < 0.4


def test_two_factors_mixed_by_thirty_degrees(ellipse: Truth) -> None:
    rows = ellipse.rows.clone()
    rows[:2] = _mixed(rows[:2], 30)
    found = recovery(rows, ellipse)
    assert found.least == found.factors["x"] == pytest.approx(math.cos(math.radians(30)))
    assert found.factors["y"] == pytest.approx(math.cos(math.radians(30)))
    assert found.mean == pytest.approx((3 + 2 * math.cos(math.radians(30))) / 5)


@pytest.mark.parametrize("name", ["round", "two-linear"])
def test_a_group_is_its_span(name: str) -> None:
    made = truth(name, 0)
    (group,) = made.groups
    rows = made.rows.clone()
    rows[list(group)] = _mixed(rows[list(group)], 30)
    assert recovery(rows, made).least == pytest.approx(1)


def test_a_group_has_the_cosines_of_principal_angles() -> None:
    """One direction of the plane is tilted out of it, whatever the basis in which the plane is given."""
    made = truth("two-linear", 0)
    dead = random_rotation(20, 0)[5]
    tilted = math.cos(math.radians(40)) * made.rows[4] + math.sin(math.radians(40)) * dead
    plane = _mixed(torch.stack([made.rows[3], tilted]), 20)
    found = recovery(torch.cat([made.rows[:3], plane]), made)
    assert found.factors["brightness"] == pytest.approx(1)
    assert found.factors["tint"] == found.least == pytest.approx(math.cos(math.radians(40)))


def test_factors_without_a_direction_are_left_out(ellipse: Truth) -> None:
    found = recovery(ellipse.rows[[2, 4]], ellipse)
    assert list(found.factors) == ["size", "hue"]
    assert found.mean == pytest.approx(1)


def test_a_flat_network_has_nothing_to_recover() -> None:
    found = recovery(torch.eye(128)[:6], truth("flat-tanh", 0))
    assert math.isnan(found.mean)
    assert found.factors == {}


def test_directions_of_two_rotations_agree_once_they_are_turned_back() -> None:
    first, second = truth("ellipse", 0), truth("ellipse", 1)
    assert min(agreement(first.turned_back(first.rows), second.turned_back(second.rows))) > 1 - 1e-9
    assert min(agreement(first.rows, second.rows)) < 0.9


def _mixed(pair: torch.Tensor, degrees: float) -> torch.Tensor:
    """Two rows turned in their plane."""
    cosine, sine = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    return torch.tensor([[cosine, sine], [-sine, cosine]], dtype=pair.dtype) @ pair
