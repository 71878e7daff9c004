"""Sums over pixels: exact on quadratics in float64, and what is derived from their Gram matrix."""

from collections.abc import Callable

import pytest
import torch

from biggan_directions.solvers.derivatives import Differences, derivatives
from biggan_directions.solvers.evaluator import Evaluator
from biggan_directions.solvers.hessians import Moments
from biggan_directions.solvers.joint_diagonalisation import diagonalise
from biggan_directions.solvers.sampled_moments import SampledMoments
from tests.support.oracles import Pixels, normal, off_diagonal_share, quadratic, random_orthogonal

Z_DIM, SIDE = 7, 6
WHOLE = torch.eye(Z_DIM, dtype=torch.float64)


def _measure(
    f: Callable[[torch.Tensor], torch.Tensor],
    basis: torch.Tensor = WHOLE,
    *,
    micro_batch: int = 4,
    blocks: tuple[int, ...] = (1,),
    floor: float | None = None,
) -> Moments:
    signs = torch.where(normal(len(basis), seed=5) < 0, -1.0, 1.0)
    differences = Differences(blocks=blocks, floor=floor)
    found = derivatives(
        Evaluator(Pixels(f), micro_batch),
        normal(Z_DIM, seed=9),
        None,
        basis,
        signs=signs,
        differences=differences,
        generator=torch.Generator().manual_seed(0),
    )
    return Moments.of(found, signs=signs, epsilon=differences.epsilon)


def _averaged(hessians: torch.Tensor, block: int) -> torch.Tensor:
    """The Hessians ``(n, z_dim, z_dim)`` of an image averaged over blocks, from those of its pixels."""
    pixels = hessians.reshape(SIDE, SIDE, -1).movedim(2, 0)
    return torch.nn.functional.avg_pool2d(pixels, block).flatten(1).T.reshape(-1, Z_DIM, Z_DIM)


@pytest.mark.parametrize("dims", [1, 4, Z_DIM])
def test_quadratics_are_exact(dims: int) -> None:
    f, hessians = quadratic(Z_DIM, SIDE**2)
    basis = random_orthogonal(Z_DIM, 3)[:dims]
    moments = _measure(f, basis)
    inside = basis @ hessians @ basis.T
    entries = inside[:, moments.pairs[:, 0], moments.pairs[:, 1]]
    torch.testing.assert_close(moments.smooth, entries.T @ entries, rtol=1e-9, atol=1e-9)
    slopes = torch.func.jacrev(lambda z: f(z[None])[0])(normal(Z_DIM, seed=9)) @ basis.T
    torch.testing.assert_close(moments.slopes, slopes.T @ slopes, rtol=1e-9, atol=1e-9)
    assert moments.numbers == SIDE**2


def test_blocks_are_averaged_before_differencing() -> None:
    f, hessians = quadratic(Z_DIM, SIDE**2)
    moments = _measure(f, blocks=(3,))
    entries = _averaged(hessians, 3)[:, moments.pairs[:, 0], moments.pairs[:, 1]]
    torch.testing.assert_close(moments.smooth, entries.T @ entries, rtol=1e-8, atol=1e-8)


@pytest.mark.parametrize("blocks", [(1,), (1, 3), (2, 6, 50)])
def test_balanced_every_number_and_every_scale_has_the_same_say(blocks: tuple[int, ...]) -> None:
    """The mean of the shares off the diagonal, whatever the sizes; a picture is its own largest block."""
    f, hessians = quadratic(Z_DIM, SIDE**2)
    hessians *= torch.logspace(-0.5, 0.5, SIDE**2).double()[normal(SIDE**2).argsort(), None, None]
    stack = _measure(f, blocks=blocks, floor=0.003).stack()
    shares = []
    for block in blocks:
        squares = _averaged(hessians, min(block, SIDE)).square()
        own = squares.diagonal(dim1=1, dim2=2).sum(dim=1)
        shares.append(float(1 - (own / squares.sum(dim=(1, 2))).mean()))
    assert off_diagonal_share(stack) == pytest.approx(sum(shares) / len(shares), abs=2e-3)


def test_where_nothing_curves_balancing_divides_by_nothing() -> None:
    moments = _measure(lambda z: z[:, :1].expand(-1, SIDE**2), floor=0.003)
    assert torch.isfinite(moments.smooth).all()


def test_the_micro_batch_changes_nothing_but_rounding() -> None:
    f, _ = quadratic(Z_DIM, SIDE**2)
    usual, *others = (_measure(f, micro_batch=size) for size in (4, 1, 3, 64))
    for other in others:
        torch.testing.assert_close(other.smooth, usual.smooth, rtol=1e-9, atol=1e-9)
        torch.testing.assert_close(other.slopes, usual.slopes, rtol=1e-9, atol=1e-9)


def test_the_stack_stands_for_all_the_hessians() -> None:
    """Off the diagonal in any basis, from P matrices, as from those of every pixel."""
    f, hessians = quadratic(Z_DIM, SIDE**2)
    stack = _measure(f).stack()
    assert len(stack) <= Z_DIM * (Z_DIM + 1) // 2
    for rotation in (random_orthogonal(Z_DIM, seed) for seed in range(3)):
        exact = off_diagonal_share(hessians, rotation)
        assert off_diagonal_share(stack, rotation) == pytest.approx(exact, rel=1e-7)


def test_effects_are_rms_changes_along_any_direction() -> None:
    linear, direction = normal(SIDE**2, Z_DIM), random_orthogonal(Z_DIM, 4)[:2]
    expected = (linear @ direction.T).square().mean(dim=0).sqrt()
    found = _measure(lambda z: z @ linear.T).effects(direction)
    torch.testing.assert_close(found, expected, rtol=1e-9, atol=1e-9)


def test_a_sketch_keeps_the_energy() -> None:
    """1,024 of 12,288 numbers, eight latents: the energy within 2 %, and the same directions."""
    hidden, phases, weights = random_orthogonal(4, 1), normal(4, 12288, seed=2), normal(4, 12288, seed=3)

    def waves(z: torch.Tensor) -> torch.Tensor:
        return (torch.sin((z @ hidden.T)[:, :, None] + phases) * weights).sum(dim=1)

    def sums(size: int) -> Moments:
        *_, last = SampledMoments.empty(4).continued(
            Evaluator(Pixels(waves, side=64), 8),
            torch.eye(4).double(),
            lambda index: (normal(4, seed=100 + index), None),
            total=8,
            differences=Differences(epsilon=0.02, blocks=(1,), floor=None, sketch=size),
            seed=0,
        )
        return last.moments

    exact, sketched = sums(12288), sums(1024)
    assert float(sketched.smooth.trace() / exact.smooth.trace()) == pytest.approx(1, abs=0.02)
    assert torch.equal(exact.slopes, sketched.slopes)
    for moments in (exact, sketched):
        found = diagonalise(moments.stack()).rotation
        assert (hidden @ found.T).abs().amax(dim=1).min() > 0.9999


def test_the_stack_has_the_gram_matrix_of_the_entries() -> None:
    moments = _measure(quadratic(Z_DIM, SIDE**2)[0], blocks=(3,))
    first, second = moments.pairs.T
    entries = moments.stack()[:, first, second]
    torch.testing.assert_close(entries.T @ entries, moments.smooth, rtol=1e-6, atol=1e-6)
