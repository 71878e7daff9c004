"""Forward differences: exact on linear images, without bias between two vectors on quadratic ones."""

from collections.abc import Callable
from typing import Any

import pytest
import torch

from biggan_directions.solvers.evaluator import Evaluator
from biggan_directions.solvers.sketch import FINE
from biggan_directions.solvers.slopes import slopes
from tests.support.oracles import Pixels, all_signs, convergence_order, normal, quadratic, random_orthogonal
from tests.support.separable import Separable

Z_DIM, SIDE = 7, 6
Z = normal(Z_DIM, seed=9)


def _grams(
    f: Callable[[torch.Tensor], torch.Tensor],
    basis: torch.Tensor,
    *,
    side: int = SIDE,
    micro_batch: int = 4,
    signs: torch.Tensor | None = None,
    **how: Any,
) -> torch.Tensor:
    evaluator = Evaluator(Pixels(f, side), micro_batch)
    found = slopes(
        evaluator,
        Z,
        None,
        basis,
        signs=torch.ones(len(basis)) if signs is None else signs,
        **{"epsilon": 0.1, "generator": torch.Generator().manual_seed(0), **how},
    )
    assert evaluator.evaluations == 1 + len(basis)
    return found


def _linear(numbers: int) -> tuple[Callable[[torch.Tensor], torch.Tensor], torch.Tensor]:
    """A linear image, and its Jacobian ``(numbers, Z_DIM)``."""
    jacobian = normal(numbers, Z_DIM)
    return lambda z: z @ jacobian.T + 0.3, jacobian


@pytest.mark.parametrize("dims", [1, 4, Z_DIM])
@pytest.mark.parametrize("epsilon", [0.01, 3.0])
def test_linear_images_are_exact_for_any_step_and_signs(dims: int, epsilon: float) -> None:
    f, jacobian = _linear(SIDE**2)
    basis = random_orthogonal(Z_DIM, 3)[:dims]
    expected = basis @ jacobian.T @ jacobian @ basis.T / SIDE**2
    signs = torch.where(normal(dims, seed=5) < 0, -1.0, 1.0)
    (found,) = _grams(f, basis, signs=signs, epsilon=epsilon)
    torch.testing.assert_close(found, expected, rtol=1e-9, atol=1e-9)


def test_every_scale_is_of_the_averaged_image_per_number() -> None:
    f, jacobian = _linear(2 * SIDE**2)
    found = _grams(f, torch.eye(Z_DIM).double(), sides=(3, 6))
    assert found.dtype == torch.float64
    images = jacobian.T.reshape(Z_DIM, 2, SIDE, SIDE)
    for gram, side in zip(found, (1, 3, 6), strict=True):
        averaged = torch.nn.functional.avg_pool2d(images, side).flatten(1)
        torch.testing.assert_close(gram, averaged @ averaged.T / averaged.shape[1], rtol=1e-9, atol=1e-9)


def test_over_all_signs_the_second_derivative_is_noise_off_the_diagonal() -> None:
    """(Jv + ε s h/2): the mean of products over signs has no part linear in ε, and ε²h²/4 on the diagonal."""
    f, hessians = quadratic(Z_DIM, SIDE**2)
    basis, epsilon = random_orthogonal(Z_DIM, 3)[:4], 0.4
    jacobian = torch.func.jacrev(lambda z: f(z[None])[0])(Z) @ basis.T
    own = (basis @ hessians @ basis.T).diagonal(dim1=1, dim2=2)
    bias = epsilon**2 / 4 * own.square().mean(dim=0)
    expected = jacobian.T @ jacobian / SIDE**2 + torch.diag(bias)
    found = [_grams(f, basis, signs=signs, epsilon=epsilon)[0] for signs in all_signs(4)]
    torch.testing.assert_close(torch.stack(found).mean(dim=0), expected, rtol=1e-9, atol=1e-9)
    assert not torch.allclose(found[0], expected, rtol=0.01)


def test_the_difference_is_of_first_order_in_epsilon() -> None:
    f, _ = quadratic(Z_DIM, SIDE**2)
    jacobian = torch.func.jacrev(lambda z: f(z[None])[0])(Z)
    exact = (jacobian.T @ jacobian / SIDE**2).trace()
    steps = (0.04, 0.02, 0.01)
    found = (_grams(f, torch.eye(Z_DIM).double(), epsilon=step)[0].trace() for step in steps)
    errors = [abs(float(trace - exact)) for trace in found]
    assert convergence_order(steps, errors) == pytest.approx(1, abs=0.05)


def test_a_large_image_is_reduced_by_a_sketch_that_keeps_products() -> None:
    """36,864 numbers by way of 16,384: Var ≤ 2 / 16,384, so within 5 % is four standard deviations."""
    f, jacobian = _linear(192**2)
    assert len(jacobian) > FINE
    expected = jacobian.T @ jacobian / len(jacobian)
    one, again, other = (
        _grams(
            f,
            torch.eye(Z_DIM).double(),
            side=192,
            sides=(192,),
            generator=torch.Generator().manual_seed(seed),
        )
        for seed in (0, 0, 1)
    )
    assert (one[0] - expected).abs().max() < 0.05
    assert torch.equal(one, again)
    assert not torch.equal(one[0], other[0])
    mean = jacobian.mean(dim=0)
    torch.testing.assert_close(one[1], torch.outer(mean, mean), rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("micro_batch", [1, 3, 64])
def test_the_micro_batch_changes_nothing_but_rounding(micro_batch: int) -> None:
    f, _ = quadratic(Z_DIM, SIDE**2)
    basis = torch.eye(Z_DIM).double()
    usual, other = (_grams(f, basis, micro_batch=size, sides=(2,)) for size in (4, micro_batch))
    torch.testing.assert_close(other, usual, rtol=1e-9, atol=1e-9)


def test_the_class_is_the_latents_own() -> None:
    generator, z = Separable(classes=3), torch.linspace(-1, 1, 12)
    evaluator = Evaluator(generator, 5)
    how: dict[str, Any] = {"signs": torch.ones(5), "epsilon": 1e-3, "generator": torch.Generator()}
    found = slopes(evaluator, z, torch.tensor([2]), generator.truth, **how)[0]
    jacobian = torch.func.jacrev(lambda point: generator(point[None], torch.tensor([2])).flatten())(z)
    along = jacobian.double() @ generator.truth.T
    torch.testing.assert_close(found, along.T @ along / len(along), rtol=0.02, atol=1e-4)
    assert not torch.allclose(found, slopes(evaluator, z, torch.tensor([1]), generator.truth, **how)[0])
