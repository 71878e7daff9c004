"""Rows from probes: exact on quadratics with few live dimensions, without bias where chance is in them."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from biggan_directions.linalg import orthonormal
from biggan_directions.metrics.probing import (
    ProbedLatent,
    Rows,
    images_of_set,
    images_shared,
    probes_used,
)
from biggan_directions.solvers.evaluator import Evaluator
from tests.support.oracles import normal, quadratic, random_orthogonal


class Drawn:
    """A generator that draws any function ``(N, z_dim)`` to ``(N, 12)``."""

    device = torch.device("cpu")

    def __init__(self, function: Callable[[Tensor], Tensor], z_dim: int) -> None:
        self.function, self.z_dim = function, z_dim

    def __call__(self, z: Tensor, class_index: Tensor | None = None) -> Tensor:
        return self.function(z).reshape(len(z), 3, 2, 2)


def _probed(
    function: Callable[[Tensor], Tensor],
    live: Tensor,
    *,
    probes: int = 4,
    index: int = 0,
    epsilon: float = 0.1,
    micro_batch: int = 5,
) -> ProbedLatent:
    z_dim = live.shape[1]
    return ProbedLatent(
        Evaluator(Drawn(function, z_dim), micro_batch),
        normal(z_dim, seed=9),
        None,
        live,
        probes=probes,
        epsilon=epsilon,
        seed=0,
        index=index,
    )


def _shares(hessians: Tensor, rows: Tensor) -> Tensor:
    """Of the energy of each row's row of the Hessians off the diagonal, in closed form."""
    images = hessians @ rows.T
    energy = images.square().sum(dim=(0, 1))
    own = torch.einsum("ni,pin->np", rows, images).square().sum(dim=1)
    return 1 - own / energy


def _off_diagonal(hessians: Tensor, rows: Tensor) -> float:
    entries = rows @ hessians @ rows.T
    total = entries.square().sum() - entries.diagonal(dim1=1, dim2=2).square().sum()
    return 2 * float(total) / len(hessians)


@pytest.mark.parametrize("z_dim", [1, 2, 5, 8])
def test_shares_of_a_quadratic_are_exact_where_every_live_dimension_has_a_probe(z_dim: int) -> None:
    function, hessians = quadratic(z_dim, 12)
    rows = random_orthogonal(z_dim, seed=3)[:3]
    found = _probed(function, torch.eye(z_dim).double()).rows(rows)
    torch.testing.assert_close(found.shares, _shares(hessians, rows), rtol=1e-6, atol=1e-9)


def test_changes_are_those_of_two_steps_and_bends_those_of_the_slopes() -> None:
    function, hessians = quadratic(6, 12)
    rows = random_orthogonal(6, seed=3)[:2]
    found = _probed(function, torch.eye(6).double()).rows(rows)
    z = normal(6, seed=9)
    changes = function(z + 0.1 * rows) - function(z - 0.1 * rows)
    torch.testing.assert_close(found.changes, changes)
    energy = (hessians @ rows.T).square().sum(dim=(0, 1))
    torch.testing.assert_close(found.bends, (energy / (changes / 0.2).square().sum(dim=1)).sqrt())


@pytest.mark.parametrize(("count", "live"), [(1, 3), (2, 8), (3, 12), (6, 12)])
def test_images_are_as_counted(count: int, live: int) -> None:
    probed = _probed(quadratic(live, 12)[0], torch.eye(live).double())
    evaluator = probed._evaluator
    assert evaluator.evaluations == images_shared(live, 4)
    probed.rows(torch.eye(count, live))
    assert evaluator.evaluations == images_shared(live, 4) + images_of_set(count, live, 4)
    assert images_of_set(6, 12, 4) == 6 * 6 + 4


@pytest.mark.parametrize(("probes", "bound"), [(2, 0.08), (4, 0.03), (8, 0.015)])
def test_shares_from_few_probes_are_nearly_unbiased(probes: int, bound: float) -> None:
    """Means of 300 draws, where chance is largest: all numbers have one Hessian, but for a factor.

    Without the correction of second order they are off by 0.107, 0.052 and 0.023.
    """
    decay = torch.exp(-0.1 * torch.arange(24).double())
    square = normal(24, 24, seed=4)
    hessians = normal(12, seed=1)[:, None, None] * (square + square.T) * decay.outer(decay)
    rows, live = torch.eye(3, 24).double(), torch.eye(24).double()

    def curved(z: Tensor) -> Tensor:
        return torch.einsum("ni,pij,nj->np", z, hessians, z) / 2

    draws = torch.stack(
        [_probed(curved, live, probes=probes, index=index).rows(rows).shares for index in range(300)]
    )
    assert float(draws.std(dim=0).max()) / 300**0.5 < bound / 2
    bias = (draws.mean(dim=0) - _shares(hessians, rows)).abs()
    assert float(bias.max()) < bound


def test_a_function_of_one_direction_alone_has_no_share_up_to_the_fourth_order() -> None:
    """A parabola instead of the cubic's cancelling ends would leave 0.0025 of it."""
    turned = random_orthogonal(6, seed=1)
    phases = normal(6, 12, seed=2)

    def separable(z: Tensor) -> Tensor:
        return torch.sin((z @ turned.T)[:, :, None] + phases).sum(dim=1)

    live = torch.eye(6).double()
    whole, half = (
        _probed(separable, live, epsilon=epsilon).rows(turned[:3]).shares for epsilon in (0.1, 0.05)
    )
    assert float(whole.max()) < 1e-5
    assert float(half.max()) < float(whole.max()) / 12  # a share is a square: 2⁴ for an error of order 2


def test_a_direction_is_not_charged_for_its_part_in_dead_coordinates() -> None:
    function, hessians = quadratic(5, 12)
    live = torch.eye(5, 7).double()
    part = torch.tensor([[0.6, 0.0, 0.0, 0.0, 0.0, 0.8, 0.0]]).double()
    found = _probed(lambda z: function(z[:, :5]), live)
    mixed, pure = found.rows(part), found.rows(live[:1])
    torch.testing.assert_close(mixed.shares, pure.shares)
    torch.testing.assert_close(mixed.shares, _shares(hessians, torch.eye(5).double()[:1]))
    torch.testing.assert_close(mixed.changes, 0.6 * pure.changes)


@pytest.mark.parametrize("count", [1, 2, 3])
def test_the_papers_penalty_of_few_directions_is_exact(count: int) -> None:
    function, hessians = quadratic(12, 12)
    rows = random_orthogonal(12, seed=3)[:count]
    found = _probed(function, torch.eye(12).double()).rows(rows)
    assert found.paper == pytest.approx(_off_diagonal(hessians, rows), rel=1e-6, abs=1e-12)


def test_the_papers_penalty_of_more_is_right_on_average() -> None:
    function, hessians = quadratic(12, 12)
    rows = random_orthogonal(12, seed=3)[:5]
    live = torch.eye(12).double()
    draws = torch.tensor([_probed(function, live, index=index).rows(rows).paper for index in range(400)])
    error = float(draws.std()) / 20
    expected = _off_diagonal(hessians, rows)
    assert error < 0.03 * expected
    assert float(draws.mean()) == pytest.approx(expected, abs=3 * error)


def _in_float32(function: Callable[[Tensor], Tensor]) -> Callable[[Tensor], Tensor]:
    return lambda z: function(z.float())


def test_rows_of_a_linear_image_are_as_large_as_rounding_errors_make_them() -> None:
    weight = 0.1 * normal(30, 12).float()
    rounding, sizes = [], []
    for index in range(20):
        probed = _probed(_in_float32(lambda z: z @ weight), torch.eye(30).double(), index=index)
        rounding.append(probed.rounding())
        sizes.append(probed.rows(random_orthogonal(30)[:4]).sizes)
    ratio = torch.stack(sizes).mean(dim=0) / torch.tensor(rounding).mean()
    assert 1e-20 < sum(rounding) / 20 < 1e-13
    assert float(ratio.max()) < 2
    assert float(ratio.min()) > 0.1


def test_rounding_does_not_see_curvature() -> None:
    function, _ = quadratic(30, 12)
    curved = _probed(_in_float32(lambda z: function(z) / 100), torch.eye(30).double())
    assert curved.rounding() < 1e-5 * float(curved.rows(torch.eye(4, 30)).sizes.min())


def test_the_same_index_gives_the_same_rows_however_many_images_are_drawn_at_once() -> None:
    function, _ = quadratic(20, 12)
    rows = random_orthogonal(20, seed=3)[:5]

    def found(index: int, micro_batch: int) -> Rows:
        return _probed(function, torch.eye(20).double(), index=index, micro_batch=micro_batch).rows(rows)

    first, again, other = found(0, 5), found(0, 3), found(1, 5)
    torch.testing.assert_close(first.shares, again.shares, rtol=1e-6, atol=0)
    assert first.paper == pytest.approx(again.paper, rel=1e-6)
    assert float((first.shares - other.shares).abs().max()) > 1e-3


def test_probes_are_all_of_a_small_live_space_and_orthonormal() -> None:
    assert [probes_used(live, 4) for live in (1, 5, 8, 9, 128)] == [1, 5, 8, 4, 4]
    live = orthonormal(normal(9, 12))
    probes = _probed(quadratic(12, 12)[0], live)._probes
    torch.testing.assert_close(probes @ probes.T, torch.eye(4).double())
    torch.testing.assert_close(probes @ live.T @ live, probes)
