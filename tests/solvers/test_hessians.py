"""Second differences: exact on quadratics in float64, and what is derived from their Gram matrix."""

import itertools
from collections.abc import Callable

import pytest
import torch

from biggan_directions.errors import UsageError
from biggan_directions.linalg import orthonormal
from biggan_directions.solvers.derivatives import Differences, derivatives, evaluations_per_latent
from biggan_directions.solvers.evaluator import Evaluator
from biggan_directions.solvers.hessians import Moments, measure
from biggan_directions.solvers.joint_diagonalisation import off_diagonal_share
from biggan_directions.solvers.methods.jacobi import diagonalise
from biggan_directions.solvers.sampled_moments import SampledMoments

Z_DIM, SIDE = 7, 6


class Images:
    """Any function of z, as one channel of a small picture."""

    z_dim = Z_DIM
    device = torch.device("cpu")

    def __init__(self, function: Callable[[torch.Tensor], torch.Tensor]) -> None:
        self.function = function

    def __call__(self, z: torch.Tensor, class_index: torch.Tensor | None = None) -> torch.Tensor:
        return self.function(z).reshape(len(z), 1, SIDE, SIDE)


def _draws(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def _quadratic(seed: int = 0) -> tuple[Images, torch.Tensor, torch.Tensor]:
    """x ↦ ½ xᵀHx + g·x for every pixel, with H ``(pixels, z_dim, z_dim)`` and g ``(pixels, z_dim)``."""
    hessians = _draws(SIDE**2, Z_DIM, Z_DIM, seed=seed)
    hessians = hessians + hessians.transpose(1, 2)
    linear = _draws(SIDE**2, Z_DIM, seed=seed + 1)
    return (
        Images(lambda z: 0.5 * torch.einsum("ni,pij,nj->np", z, hessians, z) + z @ linear.T),
        hessians,
        linear,
    )


def _signs(size: int, seed: int = 5) -> torch.Tensor:
    return torch.where(_draws(size, seed=seed) < 0, -1.0, 1.0)


def _measure(
    images: Images,
    basis: torch.Tensor,
    *,
    micro_batch: int = 4,
    blocks: tuple[int, ...] = (1,),
    balanced: bool = False,
) -> Moments:
    return measure(
        Evaluator(images, micro_batch),
        _draws(Z_DIM, seed=9),
        None,
        basis,
        signs=_signs(len(basis)),
        differences=Differences(blocks=blocks, balanced=balanced),
        generator=torch.Generator().manual_seed(0),
    )


@pytest.mark.parametrize("dims", [1, 4, Z_DIM])
def test_quadratics_are_exact(dims: int) -> None:
    images, hessians, linear = _quadratic()
    basis = orthonormal(_draws(dims, Z_DIM, seed=3))
    moments = _measure(images, basis)
    inside = basis @ hessians @ basis.T
    entries = inside[:, moments.pairs[:, 0], moments.pairs[:, 1]]
    torch.testing.assert_close(moments.smooth, entries.T @ entries, rtol=1e-9, atol=1e-9)
    slopes = (linear + _draws(Z_DIM, seed=9) @ hessians) @ basis.T
    torch.testing.assert_close(moments.slopes, slopes.T @ slopes, rtol=1e-9, atol=1e-9)
    assert moments.numbers == SIDE**2


def test_blocks_are_averaged_before_differencing() -> None:
    images, hessians, _ = _quadratic()
    moments = _measure(images, torch.eye(Z_DIM).double(), blocks=(3,))
    blocks = torch.nn.functional.avg_pool2d(hessians.reshape(SIDE, SIDE, -1).movedim(2, 0), 3).flatten(1).T
    entries = blocks.reshape(-1, Z_DIM, Z_DIM)[:, moments.pairs[:, 0], moments.pairs[:, 1]]
    torch.testing.assert_close(moments.smooth, entries.T @ entries, rtol=1e-8, atol=1e-8)


@pytest.mark.parametrize("blocks", [(1,), (1, 3), (2, 6, 50)])
def test_balanced_every_number_and_every_scale_has_the_same_say(blocks: tuple[int, ...]) -> None:
    """The mean of the shares off the diagonal, whatever the sizes; a picture is its own largest block."""
    images, hessians, _ = _quadratic()
    hessians *= torch.logspace(-0.5, 0.5, SIDE**2, dtype=torch.float64)[_draws(SIDE**2).argsort(), None, None]
    stack = _measure(images, torch.eye(Z_DIM).double(), blocks=blocks, balanced=True).stack()
    shares = []
    for block in blocks:
        means = torch.nn.functional.avg_pool2d(
            hessians.reshape(SIDE, SIDE, -1).movedim(2, 0), min(block, SIDE)
        )
        squares = means.flatten(1).T.reshape(-1, Z_DIM, Z_DIM).square()
        own = squares.diagonal(dim1=1, dim2=2).sum(dim=1)
        shares.append(float(1 - (own / squares.sum(dim=(1, 2))).mean()))
    assert off_diagonal_share(stack) == pytest.approx(sum(shares) / len(shares), abs=2e-3)


def test_where_nothing_curves_balancing_divides_by_nothing() -> None:
    moments = _measure(
        Images(lambda z: z[:, :1].expand(-1, SIDE**2)), torch.eye(Z_DIM).double(), balanced=True
    )
    assert torch.isfinite(moments.smooth).all()


def test_the_difference_is_of_second_order_in_epsilon_on_the_diagonal() -> None:
    """Of sin along one axis: the error of −sin falls by 4 when ε is halved."""
    phases = _draws(SIDE**2)
    images = Images(lambda z: torch.sin(z[:, :1] + phases))
    truth = float(torch.sin(_draws(Z_DIM, seed=9)[0] + phases).square().sum())
    errors = []
    for epsilon in (0.4, 0.2, 0.1):
        moments = measure(
            Evaluator(images, 4),
            _draws(Z_DIM, seed=9),
            None,
            torch.eye(1, Z_DIM).double(),
            signs=torch.ones(1),
            differences=Differences(epsilon=epsilon, blocks=(1,), balanced=False),
            generator=torch.Generator(),
        )
        errors.append(abs(float(moments.smooth[0, 0]) - truth))
    for coarse, fine in itertools.pairwise(errors):
        assert 3.8 < coarse / fine < 4.2


def test_the_micro_batch_changes_nothing_but_rounding() -> None:
    images, _, _ = _quadratic()
    basis = torch.eye(Z_DIM).double()
    for size in (1, 3, 64):
        other = _measure(images, basis, micro_batch=size)
        torch.testing.assert_close(other.smooth, _measure(images, basis).smooth, rtol=1e-9, atol=1e-9)
        torch.testing.assert_close(other.slopes, _measure(images, basis).slopes, rtol=1e-9, atol=1e-9)


def test_evaluations_are_as_counted() -> None:
    images, _, _ = _quadratic()
    for rows in (2, Z_DIM):
        evaluator = Evaluator(images, 4)
        derivatives(
            evaluator,
            _draws(Z_DIM),
            None,
            torch.eye(Z_DIM).double(),
            signs=_signs(Z_DIM),
            differences=Differences(),
            generator=torch.Generator(),
            rows=rows,
        )
        assert evaluator.evaluations == evaluations_per_latent(Z_DIM, rows)
    assert evaluations_per_latent(12, 12) == 1 + 24 + 66


def test_the_stack_stands_for_all_the_hessians() -> None:
    """Off the diagonal in any basis, from P matrices, as from those of every pixel."""
    images, hessians, _ = _quadratic()
    moments = _measure(images, torch.eye(Z_DIM).double())
    stack = moments.stack()
    assert len(stack) <= Z_DIM * (Z_DIM + 1) // 2
    for seed in range(3):
        rotation = orthonormal(_draws(Z_DIM, Z_DIM, seed=20 + seed))
        assert off_diagonal_share(stack, rotation) == pytest.approx(
            off_diagonal_share(hessians, rotation), rel=1e-7
        )


def test_effects_are_rms_changes_along_any_direction() -> None:
    _, _, linear = _quadratic()
    moments = _measure(Images(lambda z: z @ linear.T), torch.eye(Z_DIM).double())
    direction = orthonormal(_draws(2, Z_DIM, seed=4))
    expected = (linear @ direction.T).square().mean(dim=0).sqrt()
    torch.testing.assert_close(moments.effects(direction), expected, rtol=1e-9, atol=1e-9)


def test_a_sketch_keeps_the_energy() -> None:
    """1,024 of 12,288 numbers, eight latents: the energy within 2 %, and the same directions."""

    hidden = orthonormal(_draws(4, 4, seed=1))
    phases, weights = _draws(4, 12288, seed=2), _draws(4, 12288, seed=3)

    class Large(Images):
        z_dim = 4

        def __call__(self, z: torch.Tensor, class_index: torch.Tensor | None = None) -> torch.Tensor:
            waves = torch.sin((z @ hidden.T)[:, :, None] + phases) * weights
            return waves.sum(dim=1).reshape(len(z), 3, 64, 64)

    def sums(size: int) -> Moments:
        *_, last = SampledMoments.empty(4).continued(
            Evaluator(Large(lambda z: z), 8),
            torch.eye(4).double(),
            lambda index: (_draws(4, seed=100 + index), None),
            total=8,
            differences=Differences(epsilon=0.02, blocks=(1,), balanced=False, sketch=size),
            seed=0,
        )
        return last.moments

    exact, sketched = sums(12288), sums(1024)
    assert float(sketched.smooth.trace() / exact.smooth.trace()) == pytest.approx(1, abs=0.02)
    assert torch.equal(exact.slopes, sketched.slopes)
    for moments in (exact, sketched):
        found = diagonalise(moments).rotation
        assert (hidden @ found.T).abs().amax(dim=1).min() > 0.9999


def test_the_stack_has_the_gram_matrix_of_the_entries() -> None:
    images, _, _ = _quadratic()
    moments = _measure(images, torch.eye(Z_DIM).double(), blocks=(3,))
    first, second = moments.pairs.T
    entries = moments.stack()[:, first, second]
    torch.testing.assert_close(entries.T @ entries, moments.smooth, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize(
    "bad", [{"epsilon": 0.0}, {"epsilon": float("nan")}, {"blocks": (0,)}, {"sketch": 0}]
)
def test_bad_settings(bad: dict[str, float]) -> None:
    with pytest.raises(UsageError):
        Differences(**bad)  # type: ignore[arg-type]
