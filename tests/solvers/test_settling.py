"""How well two halves of the latents agree, on rotations made by hand, and what is said of it."""

import math

import pytest
import torch

from biggan_directions.solvers.settling import Agreement, agreement, latent_counts, notes
from tests.support.oracles import random_orthogonal
from tests.support.problems import problem_of
from tests.support.separable import Separable


def _turned(first: int, second: int, degrees: float, size: int = 5) -> torch.Tensor:
    """The unit matrix with two rows turned in their plane."""
    rotation = torch.eye(size, dtype=torch.float64)
    sine, cosine = math.sin(math.radians(degrees)), math.cos(math.radians(degrees))
    rotation[first, first] = rotation[second, second] = cosine
    rotation[first, second], rotation[second, first] = sine, -sine
    return rotation


WHOLE = torch.eye(5, dtype=torch.float64)


def test_equal_solutions_agree_whatever_the_order_and_signs_of_their_rows() -> None:
    kept = random_orthogonal(5, 3)
    first = kept[[3, 1, 4, 0, 2]] * torch.tensor([1, -1, -1, 1, -1.0])[:, None]
    found = agreement(kept[:3], first, kept[[2, 0, 1, 4, 3]], bound=0.98)
    torch.testing.assert_close(found.stability, torch.ones(3).double())
    assert found.settled(0.98)
    assert found.planes == ()


def test_stability_is_the_cosine_between_the_halves_not_with_the_whole() -> None:
    """One half is turned by 10°, the other by −20° in the plane of rows 1 and 3."""
    found = agreement(WHOLE[:3], _turned(1, 3, 10), _turned(1, 3, -20), bound=0.98)
    expected = torch.tensor([1.0, math.cos(math.radians(30)), 1.0]).double()
    torch.testing.assert_close(found.stability, expected)
    assert not found.settled(0.98)
    assert found.settled(0.86)
    assert found.planes == ()  # row 3 is not kept: nobody is told of its plane


def test_a_plane_may_be_found_though_its_axes_are_not() -> None:
    found = agreement(WHOLE[:3], _turned(0, 2, 20), _turned(0, 2, -20), bound=0.98)
    loose = math.cos(math.radians(40))
    assert found.stability.tolist() == pytest.approx([loose, 1, loose])
    assert found.planes == ((0, 2),)


def test_two_loose_directions_in_different_planes_span_none() -> None:
    """Rows 0 and 1 are mixed with rows 3 and 4 that are not kept."""
    first = _turned(0, 3, 20) @ _turned(1, 4, 20)
    found = agreement(WHOLE[:2], first, WHOLE, bound=0.98)
    assert float(found.stability.max()) == pytest.approx(math.cos(math.radians(20)))
    assert found.planes == ()


def test_each_row_of_a_half_is_the_counterpart_of_one_direction_alone() -> None:
    """The second row is nearest to both directions; one of them gets the first."""
    half = torch.tensor([[1.0, 1, 1], [1, -1, 0], [1, 1, -2]]).double()
    half /= half.norm(dim=1, keepdim=True)
    unit = torch.eye(3).double()
    found = agreement(unit[:2], half, unit, bound=0.98)
    assert sorted(found.stability.tolist()) == pytest.approx([3**-0.5, 2**-0.5])


def _notes(stability: list[float], *planes: tuple[int, int]) -> tuple[str, ...]:
    return notes(Agreement(stability=torch.tensor(stability, dtype=torch.float64), planes=planes))


def test_nothing_is_said_beside_the_stability_where_no_plane_is_found() -> None:
    assert _notes([0.98, 1.0]) == _notes([1.0, 0.61]) == ()


def test_a_plane_is_named_by_its_pair() -> None:
    (plane,) = _notes([0.7, 1.0, 0.7], (0, 2))
    assert plane.startswith("directions 0 and 2 span a plane that both halves of the latents find")


def test_the_survey_and_a_reserve_leave_less_of_the_budget() -> None:
    problem = problem_of(Separable(), latents=None, budget=1000)
    left = 1000 - problem.surveyed
    assert problem.surveyed > 0
    assert latent_counts(problem, 20)[-1] == left // 20
    assert latent_counts(problem, 20, 300)[-1] == (left - 300) // 20
    assert latent_counts(problem_of(Separable(), latents=5), 20, 300) == (5,)
