"""The search space: what is parsed, what is found active, what is recognised as dead."""

import itertools

import pytest
import torch

from biggan_directions.errors import GeneratorError, UsageError
from biggan_directions.latents import sample_latents
from biggan_directions.solvers.evaluator import Evaluator
from biggan_directions.solvers.subspace import Survey, cotangents_needed, parse_search_space
from tests.support.separable import Separable


def _survey(generator: Separable, count: int, micro_batch: int = 4) -> Survey:
    evaluator = Evaluator(generator, micro_batch)

    def inputs(start: int, size: int) -> tuple[torch.Tensor, None]:
        return sample_latents(size, generator.z_dim, truncation=1.0, seed=0, offset=start), None

    *_, survey = Survey.empty(generator.z_dim).continued(evaluator, inputs, total=count, seed=0)
    assert evaluator.evaluations == evaluator.gradients == count
    return survey


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        ("active", (0, 12, True)),
        ("all", (0, 12, False)),
        ("4:8", (4, 8, False)),
        (":8", (0, 8, False)),
        ("8:", (8, 12, False)),
    ],
)
def test_parsing(spec: str, expected: tuple[int, int, bool]) -> None:
    block = parse_search_space(spec, 12)
    assert (block.start, block.stop, block.active) == expected


@pytest.mark.parametrize("spec", ["", "some", "3", "a:b", "-1:4", "1:2:3", "1.0:2", "٣:٤"])
def test_an_unknown_space(spec: str) -> None:
    with pytest.raises(UsageError, match="expected active, all, or START:STOP"):
        parse_search_space(spec, 12)


@pytest.mark.parametrize("spec", ["4:4", "8:4", "0:13", "12:"])
def test_a_block_outside_z(spec: str) -> None:
    with pytest.raises(UsageError, match="0 <= START < STOP <= 12"):
        parse_search_space(spec, 12)


def test_the_active_space_holds_the_true_directions_and_knows_the_dead() -> None:
    generator = Separable(z_dim=12, factors=5)
    space = _survey(generator, 64).space(parse_search_space("active", 12), ndirs=4, dims=None)
    assert (space.dims, space.live, space.dead) == (8, 5, 3)
    assert space.trace_share == pytest.approx(1.0, abs=1e-6)
    inside = generator.truth @ space.basis[: space.live].T
    torch.testing.assert_close(inside.square().sum(dim=1), torch.ones(5).double(), rtol=0, atol=1e-6)
    torch.testing.assert_close(space.basis @ space.basis.T, torch.eye(8).double(), rtol=0, atol=1e-12)
    assert (space.eigenvalues.diff() <= 0).all()


def test_the_share_of_a_block_is_of_all_of_z() -> None:
    survey = _survey(Separable(z_dim=12, factors=5), 64)
    shares = [
        survey.space(parse_search_space(part, 12), ndirs=1, dims=None).trace_share for part in ("0:5", "5:12")
    ]
    assert sum(shares) == pytest.approx(1.0, abs=1e-6)
    assert min(shares) > 0.01


def test_eigenvalues_are_squared_effects() -> None:
    """E[JᵀJ] of a linear picture is known: the estimate's trace within 10 % from 256 cotangents."""
    generator = Separable(z_dim=6, factors=3)
    space = _survey(generator, 256).space(parse_search_space("active", 6), ndirs=3, dims=None)
    z = sample_latents(256, 6, truncation=1.0, seed=0)
    step = 1e-2 * generator.truth.float()
    slopes = torch.stack([(generator(z + v) - generator(z - v)) / 2e-2 for v in step])
    effects = slopes.square().mean(dim=(1, 2, 3, 4))
    assert float(space.eigenvalues.sum() / effects.sum()) == pytest.approx(1, abs=0.1)
    moment = generator.truth @ space.second_moment() @ generator.truth.T
    assert float(moment.trace() / effects.sum()) == pytest.approx(1, abs=0.1)


def test_too_few_cotangents_call_nothing_dead() -> None:
    """Four cotangents leave a matrix of rank four: that the rest is 0 says nothing."""
    surveys = (_survey(Separable(z_dim=12, factors=5), count) for count in (4, 8))
    whole = parse_search_space("all", 12)
    assert [survey.space(whole, ndirs=4, dims=None).dead for survey in surveys] == [0, 7]


def test_default_dimensions() -> None:
    survey = _survey(Separable(z_dim=12, factors=5), 64)
    active = parse_search_space("active", 12)
    assert survey.space(active, ndirs=1, dims=None).dims == 5  # all that carry a share that matters
    assert survey.space(active, ndirs=6, dims=None).dims == 12
    assert survey.space(active, ndirs=3, dims=9).dims == 9
    block = survey.space(parse_search_space("2:9", 12), ndirs=3, dims=None)
    assert block.dims == 7
    assert (block.basis[:, :2] == 0).all()
    assert (block.basis[:, 9:] == 0).all()
    assert cotangents_needed(active) == 64
    assert cotangents_needed(parse_search_space("all", 128)) == 256


def test_a_kept_part_says_how_much_it_carries() -> None:
    survey, active = _survey(Separable(z_dim=12, factors=5), 64), parse_search_space("active", 12)
    shares = [survey.space(active, ndirs=1, dims=dims).trace_share for dims in range(1, 6)]
    assert all(0 < a < b for a, b in itertools.pairwise(shares))


@pytest.mark.parametrize(("ndirs", "dims"), [(0, None), (13, None), (4, 3), (4, 13)])
def test_sizes_that_do_not_fit(ndirs: int, dims: int | None) -> None:
    with pytest.raises(UsageError, match=r"ndirs must be|do not fit|search dims must"):
        _survey(Separable(), 4).space(parse_search_space("active", 12), ndirs=ndirs, dims=dims)


def test_a_picture_that_ignores_z() -> None:
    generator = Separable()
    generator.weights = torch.zeros_like(generator.weights)
    with pytest.raises(GeneratorError, match="does not depend on z"):
        _survey(generator, 4).space(parse_search_space("active", 12), ndirs=1, dims=None)
