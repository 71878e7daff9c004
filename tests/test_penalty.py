import math
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor, nn

import tests.support.oracles as oracles
from biggan_directions.errors import UsageError
from biggan_directions.penalty import hessian_penalty, hessian_penalty_along


def points(count: int = 3, dimensions: int = 4, seed: int = 7) -> Tensor:
    return torch.randn(count, dimensions, dtype=torch.float64, generator=seeded(seed))


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def population(penalty: Tensor, dimensions: int) -> Tensor:
    """The variance over all 2ⁿ sign vectors, from the unbiased one."""
    count = 2**dimensions
    return penalty.mul(count - 1).div(count)


# --- exact values -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("dimensions", [2, 3, 6])
@pytest.mark.parametrize("epsilon", [0.01, 0.1, 3.0])
def test_population_variance_is_twice_the_off_diagonal_energy(dimensions: int, epsilon: float) -> None:
    f, hessians = oracles.quadratic(dimensions, outputs=5)
    z = points(3, dimensions)
    penalty = hessian_penalty(f, z, probes=oracles.all_probes(3, dimensions), epsilon=epsilon)
    expected = 2 * oracles.off_diagonal_energy(hessians).mean()
    torch.testing.assert_close(population(penalty, dimensions), expected, rtol=1e-8, atol=0)


def test_max_is_the_largest_over_numbers_and_samples() -> None:
    def cubic(z: Tensor) -> Tensor:
        return torch.stack([z[:, 0] * z[:, 1], z[:, 0] ** 2 * z[:, 1]], dim=1)

    z = torch.tensor([[0.1, 0.0], [2.0, 1.0], [-3.0, 1.0]], dtype=torch.float64)
    penalty = hessian_penalty(cubic, z, probes=oracles.all_probes(3, 2), reduction="max")
    # H_01 is 1 for the first number and 2 z_0 for the second, largest in the last sample: 2 · 2 · 6².
    assert population(penalty, 2).item() == pytest.approx(144, rel=1e-8)


@pytest.mark.parametrize("reduction", ["mean", "max"])
def test_nothing_is_penalised_in_a_separable_function(reduction: Any) -> None:
    coupled, _ = oracles.quadratic(4, outputs=3)
    z = points(5)
    scale = hessian_penalty(coupled, z, generator=seeded())
    assert scale > 1
    for epsilon in (0.1, 1.0):
        penalty = hessian_penalty(
            oracles.separable, z, probes=6, epsilon=epsilon, reduction=reduction, generator=seeded()
        )
        assert penalty < 1e-18 * scale


@pytest.mark.parametrize("epsilon", [0.05, 0.5, 2.0])
def test_central_differences_are_exact_on_cubics(epsilon: float) -> None:
    tensor = torch.randn(4, 4, 4, dtype=torch.float64, generator=seeded(3))

    def cubic(z: Tensor) -> Tensor:
        return torch.einsum("ni,nj,nk,ijk->n", z, z, z, tensor)

    z = points()
    penalty = hessian_penalty(cubic, z, probes=oracles.all_probes(3, 4), epsilon=epsilon)
    expected = 2 * oracles.off_diagonal_energy(oracles.dense_hessian(cubic, z)).mean()
    torch.testing.assert_close(population(penalty, 4), expected, rtol=1e-9, atol=0)


def test_central_differences_are_of_order_two_on_quartics() -> None:
    def quartic(z: Tensor) -> Tensor:
        return z[:, 0] ** 3 * z[:, 1] + z[:, 1] ** 2 * z[:, 2] ** 2 + z[:, 3] * z[:, 0]

    z = points()
    truth = 2 * oracles.off_diagonal_energy(oracles.dense_hessian(quartic, z)).mean()
    steps = [0.01 * 2**power for power in range(5)]
    errors = [
        (
            population(hessian_penalty(quartic, z, probes=oracles.all_probes(3, 4), epsilon=step), 4) - truth
        ).abs()
        for step in steps
    ]
    assert oracles.convergence_order(steps, [error.item() for error in errors]) == pytest.approx(2, abs=0.05)


def test_agrees_with_a_dense_autograd_hessian() -> None:
    network, z = oracles.smooth_network(5, outputs=7), points(4, 5)
    penalty = hessian_penalty(network, z, probes=oracles.all_probes(4, 5), epsilon=1e-4)
    expected = 2 * oracles.off_diagonal_energy(oracles.dense_hessian(network, z)).mean()
    torch.testing.assert_close(population(penalty, 5), expected, rtol=1e-6, atol=0)


def test_the_base_pass_cancels() -> None:
    network, z, epsilon = oracles.smooth_network(4, outputs=7), points(), 0.1
    signs = oracles.all_probes(3, 4)[[0, 3, 5]]
    base = network(z)
    by_definition = torch.stack(
        [(network(z + epsilon * v) - 2 * base + network(z - epsilon * v)) / epsilon**2 for v in signs]
    ).var(dim=0)
    penalty = hessian_penalty(network, z, probes=signs, epsilon=epsilon)
    torch.testing.assert_close(penalty, by_definition.mean(), rtol=1e-9, atol=0)


# --- one budgeted Monte Carlo test ------------------------------------------------------------------------


@pytest.mark.parametrize("probes", [2, 3])
def test_unbiased_within_two_percent_of_the_truth_in_40_000_probes(probes: int) -> None:
    f, hessians = oracles.quadratic(6, outputs=1)
    repeats = 40_000 // probes
    z = points(1, 6).expand(repeats, -1)
    penalty = hessian_penalty(f, z, probes=probes, generator=seeded(1))
    assert penalty.item() == pytest.approx(2 * oracles.off_diagonal_energy(hessians).item(), rel=0.02)


# --- the directions' form ---------------------------------------------------------------------------------


def test_along_the_identity_is_the_penalty_of_z() -> None:
    network, z, signs = oracles.smooth_network(4, outputs=7), points(), oracles.all_probes(3, 4)[:6]
    along = hessian_penalty_along(network, z, torch.eye(4, dtype=torch.float64), probes=signs)
    torch.testing.assert_close(along, hessian_penalty(network, z, probes=signs), rtol=1e-12, atol=0)


@pytest.mark.parametrize("rows", [1, 3, 5])
def test_along_any_rows_agrees_with_a_dense_hessian_at_z_plus_wq(rows: int) -> None:
    network, z = oracles.smooth_network(5, outputs=7), points(4, 5)
    directions, weights = 1.5 * points(rows, 5, seed=8), points(4, rows, seed=9)
    penalty = hessian_penalty_along(
        network, z, directions, weights=weights, probes=oracles.all_probes(4, rows), epsilon=1e-4
    )
    hessians = oracles.dense_hessian(network, z + weights @ directions)
    expected = 2 * oracles.off_diagonal_energy(directions @ hessians @ directions.T).mean()
    torch.testing.assert_close(population(penalty, rows), expected, rtol=1e-6, atol=1e-12)


def test_the_rotation_that_diagonalises_has_no_penalty() -> None:
    f, hessians = oracles.quadratic(5, outputs=1)
    rows = torch.linalg.eigh(hessians[0])[1].T
    found = hessian_penalty_along(f, points(2, 5), rows, probes=8, generator=seeded())
    other = hessian_penalty_along(f, points(2, 5), oracles.random_orthogonal(5), probes=8, generator=seeded())
    assert found < 1e-18 * other


# --- gradients --------------------------------------------------------------------------------------------


def test_gradients_reach_z_directions_weights_and_parameters() -> None:
    network = oracles.smooth_network(3, outputs=2)
    signs = oracles.all_probes(2, 2)

    def penalty(z: Tensor, directions: Tensor, weights: Tensor, *parameters: Tensor) -> Tensor:
        named = dict(zip(dict(network.named_parameters()), parameters, strict=True))
        return hessian_penalty_along(
            lambda z: torch.func.functional_call(network, named, (z,)),
            z,
            directions,
            weights=weights,
            probes=signs,
            epsilon=0.5,
        )

    inputs = [points(2, 3), points(2, 3, seed=8), points(2, 2, seed=9), *network.parameters()]
    leaves = tuple(tensor.detach().clone().requires_grad_() for tensor in inputs)
    assert torch.autograd.gradcheck(penalty, leaves)
    assert all(gradient.abs().max() > 0 for gradient in torch.autograd.grad(penalty(*leaves), leaves[:4]))


def test_the_gradient_for_directions_is_the_exact_one_on_a_quadratic() -> None:
    f, hessians = oracles.quadratic(4, outputs=3)
    directions = oracles.random_orthogonal(4)[:3].requires_grad_()
    penalty = hessian_penalty_along(f, points(), directions, probes=oracles.all_probes(3, 3))
    exact = 2 * oracles.off_diagonal_energy(directions @ hessians @ directions.T).mean()
    (found,) = torch.autograd.grad(population(penalty, 3), directions)
    torch.testing.assert_close(found, torch.autograd.grad(exact, directions)[0], rtol=1e-7, atol=1e-9)


# --- what f is asked and what it may answer ---------------------------------------------------------------


@pytest.mark.parametrize("probes", [2, 5])
def test_f_is_asked_2k_batches_and_one_row_but_never_for_the_base(probes: int) -> None:
    z, asked = points(), []

    def f(at: Tensor) -> Tensor:
        asked.append(at)
        return at.prod(dim=1)

    hessian_penalty(f, z, probes=probes, generator=seeded())
    sizes = [len(at) for at in asked]
    assert (sizes.count(3), sizes.count(1), len(sizes)) == (2 * probes, 1, 2 * probes + 1)
    assert not any(torch.equal(at, z[: len(at)]) for at in asked)
    assert all(torch.allclose((at - z[: len(at)]).abs(), torch.full_like(at, 0.1)) for at in asked)


def test_unchecked_f_is_asked_no_more_than_it_must_and_may_do_as_it_likes() -> None:
    z, asked = points(), []

    def restless(at: Tensor) -> Tensor:
        asked.append(len(at))
        return at.prod(dim=1) + len(asked)

    with pytest.raises(UsageError, match="differs by"):
        hessian_penalty(restless, z)
    asked.clear()
    hessian_penalty(restless, z, check=False)
    hessian_penalty_along(restless, z, torch.eye(z.shape[1]).to(z), check=False)
    assert asked == [len(z)] * 8


def test_activations_are_summed_or_given_separately() -> None:
    network = oracles.smooth_network(4, outputs=7)

    def activations(z: Tensor) -> list[Tensor]:
        return [torch.tanh(z @ z.new_ones(4, 2)).reshape(-1, 2, 1), network(z)]

    z, signs = points(), oracles.all_probes(3, 4)[:5]
    separate = hessian_penalty(activations, z, probes=signs, separate=True)
    assert len(separate) == 2
    torch.testing.assert_close(separate[1], hessian_penalty(network, z, probes=signs))
    torch.testing.assert_close(hessian_penalty(activations, z, probes=signs), separate[0] + separate[1])
    assert len(hessian_penalty(network, z, probes=signs, separate=True)) == 1


def test_means_over_slices_average_to_the_mean_of_the_whole() -> None:
    network, z, signs = oracles.smooth_network(4, outputs=7), points(6), oracles.all_probes(6, 4)[:3]
    parts = [hessian_penalty(network, z[i : i + 2], probes=signs[:, i : i + 2]) for i in (0, 2, 4)]
    torch.testing.assert_close(torch.stack(parts).mean(), hessian_penalty(network, z, probes=signs))


def test_scaling_f_by_c_scales_the_penalty_by_c_squared_and_planes_add_nothing() -> None:
    network, z, signs = oracles.smooth_network(4, outputs=7), points(), oracles.all_probes(3, 4)[:3]
    scaled = hessian_penalty(lambda z: 3 * network(z) + z.sum(1, keepdim=True) - 5, z, probes=signs)
    torch.testing.assert_close(scaled, 9 * hessian_penalty(network, z, probes=signs), rtol=1e-8, atol=0)


def test_the_generator_decides_the_probes() -> None:
    network, z = oracles.smooth_network(4, outputs=7), points()
    first, again, other = (hessian_penalty(network, z, generator=seeded(s)) for s in (0, 0, 1))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)
    before = torch.get_rng_state()
    hessian_penalty(network, z, generator=seeded())
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_dtype_follows_z(dtype: torch.dtype) -> None:
    network, z = oracles.smooth_network(4, outputs=7), points()
    expected = hessian_penalty(network, z, generator=seeded())
    found = hessian_penalty(network.to(dtype), z.to(dtype), generator=seeded())
    assert found.dtype is dtype
    torch.testing.assert_close(found.double(), expected, rtol=1e-3, atol=0)


def test_integer_signs_are_signs() -> None:
    network, z, signs = oracles.smooth_network(4, outputs=7), points(), oracles.all_probes(3, 4)[:3]
    assert torch.equal(
        hessian_penalty(network, z, probes=signs.int()), hessian_penalty(network, z, probes=signs)
    )


# --- precision --------------------------------------------------------------------------------------------


def test_bfloat16_autocast_outside_does_not_leak_in() -> None:
    network, z = oracles.smooth_network(4, outputs=7).float(), points().float()
    directions, weights = oracles.random_orthogonal(4).float(), points(3, 4, seed=9).float()

    def both() -> Tensor:
        signs = oracles.all_probes(3, 4)[:3]
        along = hessian_penalty_along(network, z, directions, weights=weights, probes=signs)
        return torch.stack([hessian_penalty(network, z, probes=signs), along])

    expected = both()
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert network(z).dtype is torch.bfloat16
        assert torch.equal(both(), expected)
        assert network(z).dtype is torch.bfloat16


def test_f_that_answers_in_bfloat16_is_refused() -> None:
    with pytest.raises(UsageError, match=r"returned torch\.bfloat16: expected torch\.float32"):
        hessian_penalty(lambda z: z.bfloat16(), points())


# --- errors -----------------------------------------------------------------------------------------------


BAD_INPUT: list[tuple[dict[str, Any], str]] = [
    ({"probes": 1}, r"probes is 1: expected at least 2"),
    ({"probes": 2.5}, r"probes is 2\.5: expected at least 2"),
    ({"probes": True}, r"probes is True: expected at least 2"),
    ({"probes": torch.ones(1, 3, 4)}, r"shape \(1, 3, 4\): expected \(k, 3, 4\) with k at least 2"),
    ({"probes": torch.ones(2, 4)}, r"shape \(2, 4\): expected \(k, 3, 4\)"),
    ({"probes": torch.ones(2, 4, 3)}, r"shape \(2, 4, 3\): expected \(k, 3, 4\)"),
    ({"probes": torch.full((2, 3, 4), 0.5)}, r"hold 0\.5: expected nothing but 1 and -1"),
    ({"probes": torch.zeros(2, 3, 4).bool()}, r"hold False: expected nothing but 1 and -1"),
    ({"probes": torch.full((2, 3, 4), math.nan)}, r"hold nan: expected nothing but 1 and -1"),
    ({"epsilon": 0.0}, r"epsilon is 0\.0: expected a finite number above 0"),
    ({"epsilon": -0.1}, r"epsilon is -0\.1: expected"),
    ({"epsilon": math.inf}, r"epsilon is inf: expected"),
    ({"epsilon": math.nan}, r"epsilon is nan: expected"),
    ({"reduction": "sum"}, r"reduction is 'sum': expected 'mean' or 'max'"),
]


@pytest.mark.parametrize(("arguments", "message"), BAD_INPUT)
def test_bad_input_says_what_was_got_and_expected(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message) as raised:
        hessian_penalty(oracles.separable, points(), **arguments)
    assert isinstance(raised.value, UsageError)
    with pytest.raises(UsageError, match=message):
        hessian_penalty_along(oracles.separable, points(), torch.eye(4).double(), **arguments)


@pytest.mark.parametrize(
    "z",
    [
        torch.zeros(4),
        torch.zeros(0, 4),
        torch.zeros(3, 4, 1),
        torch.zeros(3, 4).half(),
        torch.ones(3, 4).int(),
    ],
)
def test_what_is_no_batch_of_points_is_refused(z: Tensor) -> None:
    with pytest.raises(UsageError, match=r"expected \(N, d\), not empty, torch\.float32 or torch\.float64"):
        hessian_penalty(oracles.separable, z)


@pytest.mark.parametrize(
    "directions", [torch.eye(4), torch.eye(3).double(), torch.ones(4).double(), torch.zeros(0, 4).double()]
)
def test_directions_of_another_space_are_refused(directions: Tensor) -> None:
    with pytest.raises(UsageError, match=r"directions of shape .* expected \(m, 4\), torch\.float64 on cpu"):
        hessian_penalty_along(oracles.separable, points(), directions)


@pytest.mark.parametrize("weights", [torch.zeros(3, 4).double(), torch.zeros(2).double(), torch.zeros(3, 2)])
def test_weights_that_do_not_fit_are_refused(weights: Tensor) -> None:
    with pytest.raises(UsageError, match=r"weights of shape .* expected \(3, 2\)"):
        hessian_penalty_along(oracles.separable, points(), torch.eye(4)[:2].double(), weights=weights)


@pytest.mark.parametrize(
    ("f", "message"),
    [
        (lambda z: z.sum(), r"returned shape \(\) for 3 points: expected \(3, \.\.\.\)"),
        (lambda z: z[:2], r"returned shape \(2, 4\) for 3 points: expected \(3, \.\.\.\)"),
        (lambda z: z[:, :0], r"returned shape \(3, 0\) for 3 points: expected \(3, \.\.\.\), not empty"),
        (lambda z: [], r"returned an empty list: expected"),
        (lambda z: z[:, : len(z)], r"rows of shape \[\(1,\)\] for a point alone: expected \[\(3,\)\]"),
        (lambda z: [z] * len(z), r"for a point alone: expected"),
    ],
)
def test_answers_that_cannot_be_differenced_are_refused(f: Callable[[Tensor], Any], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        hessian_penalty(f, points())


def module(*middle: nn.Module) -> nn.Module:
    return nn.Sequential(oracles.smooth_network(4, outputs=8), *middle).double()


@pytest.mark.parametrize(
    "layer", [nn.Dropout(0.5), nn.BatchNorm1d(8, affine=False)], ids=["dropout", "statistics"]
)
def test_f_that_changes_is_caught_until_it_is_put_in_eval_mode(layer: nn.Module) -> None:
    network = module(nn.Unflatten(1, (8, 1)), nn.Upsample(scale_factor=2), layer)
    with pytest.raises(UsageError, match=r"two calls at the same point: expected at most .* f\.eval\(\)"):
        hessian_penalty(network, points(), generator=seeded())
    assert hessian_penalty(network.eval(), points(), generator=seeded()) > 0


def test_f_that_changes_is_caught_in_a_batch_of_one_and_in_any_activation() -> None:
    drop = nn.Dropout(0.5)
    with pytest.raises(UsageError, match="two calls at the same point"):
        hessian_penalty(lambda z: [z, drop(z.repeat(1, 64))], points(1), generator=seeded())


def test_rounding_that_depends_on_the_batch_size_passes() -> None:
    def f(z: Tensor) -> Tensor:
        return z.sin() * (1 + 1e-6 * len(z))  # ten times what a real generator was seen to do

    assert hessian_penalty(f, points().float(), generator=seeded()).isfinite()
