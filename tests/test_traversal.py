"""Paths in z: loops that close, positions that are shared, distances that are comparable."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from biggan_directions.errors import UsageError
from biggan_directions.traversal import (
    apply_moves,
    default_distance,
    even_fractions,
    latents_along,
    loop_path,
    official_path,
    there_and_back_path,
)
from tests.support.official_rendering import official_steps
from tests.support.oracles import normal, random_orthogonal


@given(st.integers(1, 60))
def test_a_loop_closes_shows_both_ends_and_needs_half_the_pictures(quarter: int) -> None:
    frames = 4 * quarter
    path = loop_path(frames)
    shown = [path.fractions[index] for index in path.order]
    assert len(shown) == frames
    assert len(path.fractions) == frames // 2 + 1
    assert shown == pytest.approx([math.sin(2 * math.pi * k / frames) for k in range(frames)], abs=1e-12)
    assert max(shown) == 1.0
    assert min(shown) == -1.0
    # exactly the same position on the way there and back, and no frame twice in a row, at the seam neither
    assert all(shown[k] == -shown[(k + frames // 2) % frames] for k in range(frames))
    assert all(one != two for one, two in zip(shown, shown[1:] + shown[:1], strict=True))


@given(st.integers(1, 60))
def test_there_and_back_starts_here_and_arrives(half: int) -> None:
    path = there_and_back_path(2 * half)
    shown = [path.fractions[index] for index in path.order]
    assert len(path.fractions) == half + 1
    assert shown[0] == 0.0
    assert shown[half] == 1.0
    assert shown[1:half] == shown[:half:-1]


@pytest.mark.parametrize("frames", [8, 24, 60, 180])
def test_the_official_path_is_that_of_the_official_code(frames: int) -> None:
    path = official_path(frames)
    shown = torch.tensor([path.fractions[index] for index in path.order])
    assert (shown - official_steps(frames)).abs().max() < 1e-6
    assert list(dict.fromkeys(path.order)) == list(range(len(path.fractions)))
    assert len(path.fractions) <= frames // 2


def test_the_official_path_reaches_one_end_and_almost_the_other() -> None:
    fractions = official_path(180).fractions
    assert max(fractions) == 1.0
    assert min(fractions) == pytest.approx(-0.99326, abs=1e-5)
    assert 0.0 in fractions
    with pytest.raises(UsageError, match=r"frames is 90.*multiple of 4"):
        official_path(90)


def test_fractions_are_in_the_order_in_which_they_are_needed() -> None:
    for path in (loop_path(48), there_and_back_path(48)):
        first_visits = list(dict.fromkeys(path.order))
        assert first_visits == list(range(len(path.fractions)))


@pytest.mark.parametrize(("frames", "advice"), [(50, "48 or 52"), (2, "take 4"), (0, "take 4"), (-4, "take")])
def test_frames_that_would_miss_an_end_are_refused_with_what_to_take(frames: int, advice: str) -> None:
    with pytest.raises(UsageError, match=f"frames is {frames}.*multiple of 4.*{advice}"):
        loop_path(frames)


@pytest.mark.parametrize("count", [2, 1, 0, -3, 8])
def test_even_fractions_want_a_centre(count: int) -> None:
    with pytest.raises(UsageError, match=f"positions is {count}"):
        even_fractions(count)


def _case() -> tuple[torch.Tensor, torch.Tensor]:
    direction = normal(5, seed=1)
    return normal(3, 5), direction / direction.norm()


def test_kept_distance_0_is_the_latent_itself_to_the_bit() -> None:
    z, q = _case()
    at = latents_along(z, q, torch.tensor([-1.5, 0.0, 2.0]))
    assert at.shape == (3, 3, 5)
    assert torch.equal(at[1], z)
    torch.testing.assert_close(at[2] - z, (2 * q).expand(3, 5))


def test_removed_every_sample_is_at_the_distance_and_the_rest_of_it_untouched() -> None:
    z, q = _case()
    distances = torch.tensor([-1.5, 0.0, 2.0], dtype=torch.float64)
    at = latents_along(z, q, distances, projection="remove")
    torch.testing.assert_close(at @ q, distances[:, None].expand(3, 3))
    across = torch.eye(5, dtype=torch.float64) - torch.outer(q, q)
    torch.testing.assert_close(at @ across, (z @ across).expand(3, 3, 5))


def test_unknown_projections_and_shapes_that_do_not_fit_are_refused() -> None:
    z, q = _case()
    with pytest.raises(UsageError, match=r"'drop'.*keep or remove"):
        latents_along(z, q, torch.zeros(1), projection="drop")  # type: ignore[arg-type]
    with pytest.raises(UsageError, match=r"\(4,\).*expected \(5,\)"):
        latents_along(z, q[:4], torch.zeros(1))
    with pytest.raises(UsageError, match=r"\(5,\).*expected \(N, z_dim\)"):
        latents_along(z[0], q, torch.zeros(1))


def test_moves_add_up_and_none_is_the_picture_itself() -> None:
    z, _ = _case()
    directions = random_orthogonal(5)[:3]
    together = apply_moves(z, directions, {2: 1.5, 0: -2.0})
    one_by_one = apply_moves(apply_moves(z, directions, {0: -2.0}), directions, {2: 1.5})
    torch.testing.assert_close(together, one_by_one)
    moved = torch.tensor([-2.0, 0.0, 1.5]).double().expand(3, 3)
    torch.testing.assert_close((together - z) @ directions.T, moved)
    assert torch.equal(apply_moves(z, directions, {}), z)
    assert torch.equal(apply_moves(z, directions, {1: 0.0}), z)


def test_moves_that_cannot_be_made_are_refused() -> None:
    z, _ = _case()
    directions = torch.eye(5)[:2]
    with pytest.raises(UsageError, match="no direction 2: this set has 2, numbered 0 to 1"):
        apply_moves(z, directions, {2: 1.0})
    with pytest.raises(UsageError, match="no direction -1"):
        apply_moves(z, directions, {-1: 1.0})
    with pytest.raises(UsageError, match="direction 1 is to move by nan"):
        apply_moves(z, directions, {1: math.nan})
    with pytest.raises(UsageError, match=r"\(2, 4\).*expected \(ndirs, 5\)"):
        apply_moves(z, directions[:, :4], {0: 1.0})


@given(st.floats(0.07, 0.4))
def test_strong_and_weak_directions_show_comparable_change(effect: float) -> None:
    extent = default_distance(effect)
    assert extent.distance * effect == pytest.approx(0.4, abs=0.05 * effect + 1e-9)


@given(st.floats(0, 1e6))
def test_the_default_distance_stays_within_its_bounds_and_can_be_typed(effect: float) -> None:
    distance = default_distance(effect).distance
    assert 1 <= distance <= 6
    assert float(f"{distance:.1f}") == distance


def test_the_default_distance_says_where_it_comes_from() -> None:
    assert default_distance(0.01).reason == "effect 0.01, kept to at most 6"
    assert default_distance(2.0) == (1.0, "effect 2, kept to at least 1")
    assert default_distance(0.0).distance == 6
    assert default_distance(math.nan) == (3.0, "effect unknown")
    with pytest.raises(UsageError, match="effect is -1"):
        default_distance(-1)
