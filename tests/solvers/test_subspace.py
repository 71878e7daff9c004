"""The search space: what is found active, what is dead, and how far two halves of the latents agree."""

import io
import itertools
import math

import pytest
import torch

from biggan_directions.errors import GeneratorError, UsageError
from biggan_directions.latents import sample_latents
from biggan_directions.solvers.coordinate_block import parse_search_space
from biggan_directions.solvers.evaluator import Evaluator
from biggan_directions.solvers.live_space import LiveSpace
from biggan_directions.solvers.subspace import (
    SearchSpace,
    Survey,
    default_dims,
    images_per_latent,
    thorough_latents,
)
from tests.support.checkpoints import saved
from tests.support.separable import Separable


def _inputs(start: int, size: int) -> tuple[torch.Tensor, None]:
    return sample_latents(size, 12, truncation=1.0, seed=0, offset=start), None


def _second_moment(space: SearchSpace) -> torch.Tensor:
    """E[JᵀJ] per number of the image, within the space."""
    return (space.basis.T * space.eigenvalues) @ space.basis


def _begun(generator: Separable, spec: str) -> Survey:
    block = parse_search_space(spec, generator.z_dim)
    *_, live = LiveSpace.empty(block, generator.z_dim).continued(Evaluator(generator, 4), _inputs, seed=0)
    return Survey.empty(block, live.basis())


def _steps(generator: Separable, begun: Survey, total: int) -> list[Survey]:
    return list(begun.continued(Evaluator(generator, 4), _inputs, total=total, seed=0, epsilon=0.01))


def _survey(generator: Separable, count: int, spec: str = "active") -> Survey:
    begun = _begun(generator, spec)
    before = generator.drawn
    *_, survey = _steps(generator, begun, count)
    assert generator.drawn - before == survey.images
    assert survey.images == count * images_per_latent(begun.block, 12, live=len(begun.basis))
    return survey


def _moment(generator: Separable, count: int) -> torch.Tensor:
    """E[JᵀJ] per number by autograd at the same latents."""
    points = _inputs(0, count)[0]
    jacobians = [torch.func.jacrev(lambda z: generator(z[None]).flatten())(z).double() for z in points]
    return torch.stack([jacobian.T @ jacobian / len(jacobian) for jacobian in jacobians]).mean(dim=0)


def test_the_live_basis_holds_what_is_not_searched_too() -> None:
    generator = Separable(z_dim=12, factors=5)
    space = _survey(generator, 4).space(ndirs=2, dims=3)
    assert (space.dims, tuple(space.live_basis.shape)) == (3, (5, 12))
    inside = generator.truth @ space.live_basis.T
    torch.testing.assert_close(inside.square().sum(dim=1), torch.ones(5).double(), rtol=0, atol=1e-6)


def test_the_active_space_holds_the_true_directions_and_knows_the_dead() -> None:
    generator = Separable(z_dim=12, factors=5)
    space = _survey(generator, 8).space(ndirs=4, dims=None)
    assert (space.dims, space.live, space.dead) == (8, 5, 3)
    assert space.trace_share == pytest.approx(1.0, abs=1e-9)
    assert space.overlap == pytest.approx(1.0, abs=1e-9)
    assert space.latents == 8
    inside = generator.truth @ space.basis[: space.live].T
    torch.testing.assert_close(inside.square().sum(dim=1), torch.ones(5).double(), rtol=0, atol=1e-6)
    torch.testing.assert_close(space.basis @ space.basis.T, torch.eye(8).double(), rtol=0, atol=1e-12)
    assert (space.eigenvalues.diff() <= 0).all()
    assert (space.eigenvalues[5:] == 0).all()


@pytest.mark.parametrize("factors", [5, 12])
def test_the_survey_is_the_second_moment_of_the_jacobian(factors: int) -> None:
    generator = Separable(z_dim=12, factors=factors)
    survey = _survey(generator, 6, "all")
    expected = _moment(generator, 6)
    error = (survey.total / 6 - expected).norm() / expected.norm()
    assert error < 0.01
    torch.testing.assert_close(_second_moment(survey.space(ndirs=1, dims=None)), survey.total / 6)


@pytest.mark.parametrize("part", ["0:5", "5:12", "3:9"])
def test_the_share_of_a_block_is_of_all_of_z(part: str) -> None:
    """One random direction at each latent stands for what lies outside."""
    generator = Separable(z_dim=12, factors=5)
    space = _survey(generator, 64, part).space(ndirs=1, dims=None)
    diagonal = _moment(generator, 64).diagonal()
    inside = diagonal[space.block.start : space.block.stop]
    assert space.trace_share == pytest.approx(float(inside.sum() / diagonal.sum()), abs=0.05)


def test_eigenvalues_are_squared_effects() -> None:
    """Of one direction alone, at other latents: within 10 %."""
    generator = Separable(z_dim=12, factors=3)
    space = _survey(generator, 64).space(ndirs=3, dims=None)
    z = sample_latents(256, 12, truncation=1.0, seed=1)
    step = 1e-2 * space.basis[:3].float()
    slopes = torch.stack([(generator(z + v) - generator(z - v)) / 2e-2 for v in step])
    effects = slopes.square().mean(dim=(1, 2, 3, 4)).double()
    torch.testing.assert_close(space.eigenvalues[:3], effects, rtol=0.1, atol=0)


def test_default_dimensions() -> None:
    survey = _survey(Separable(z_dim=12, factors=5), 8)
    assert survey.space(ndirs=1, dims=None).dims == 5  # all that carry a share that matters
    assert survey.space(ndirs=6, dims=None).dims == 12
    assert survey.space(ndirs=3, dims=9).dims == 9
    block = _survey(Separable(z_dim=12, factors=5), 4, "2:9").space(ndirs=3, dims=None)
    assert (block.dims, block.live) == (7, 5)
    assert (block.basis[:, :2] == 0).all()
    assert (block.basis[:, 9:] == 0).all()


def test_default_dimensions_before_anything_is_measured() -> None:
    active, whole = (parse_search_space(spec, 128) for spec in ("active", "all"))
    assert default_dims(active, 6) == 12
    assert default_dims(active, 6, matter=90) == 24
    assert default_dims(active, 20, matter=90) == 40
    assert default_dims(active, 100) == default_dims(whole, 6) == 128


def test_a_kept_part_says_how_much_it_carries() -> None:
    survey = _survey(Separable(z_dim=12, factors=5), 64)
    shares = [survey.space(ndirs=1, dims=dims).trace_share for dims in range(1, 6)]
    assert all(0 < a < b for a, b in itertools.pairwise(shares))


def test_the_share_is_measured_at_latents_that_have_not_chosen_the_space() -> None:
    """With few latents and equal effects a half's own share is flattered, and the other half's is not."""
    generator = Separable(z_dim=12, factors=12)
    survey = _survey(generator, 2)
    own = [torch.linalg.eigvalsh(half)[-4:].sum() for half in survey.halves]
    space = survey.space(ndirs=2, dims=4)
    assert space.trace_share < 0.95 * float(sum(own) / survey.halves.diagonal(dim1=1, dim2=2).sum())


def test_the_overlap_is_that_of_the_halves_and_grows_with_the_latents() -> None:
    generator = Separable(z_dim=12, factors=12)
    generator.weights *= torch.linspace(1.2, 0.8, 12)[:, None]
    steps = _steps(generator, _begun(generator, "active"), 64)
    found = [steps[count - 1].space(ndirs=2, dims=4) for count in (2, 64)]
    halves = [torch.linalg.eigh(half).eigenvectors[:, -4:] for half in steps[1].halves]
    cosines = torch.linalg.svdvals(halves[0].T @ halves[1])
    assert found[0].overlap == pytest.approx(float(cosines.square().mean()), abs=1e-9)
    assert found[0].overlap < 0.9 < found[1].overlap
    assert math.isnan(steps[0].space(ndirs=2, dims=4).overlap)
    assert 0 < steps[0].space(ndirs=2, dims=4).trace_share < 1


def test_halves_are_the_latents_of_even_and_of_odd_index() -> None:
    generator = Separable()
    totals = [_begun(generator, "active"), *_steps(generator, _begun(generator, "active"), 5)]
    added = [after.total - before.total for before, after in itertools.pairwise(totals)]
    last = totals[-1]
    for half, own in zip(last.halves, (added[::2], added[1::2]), strict=True):
        torch.testing.assert_close(last.basis.T @ half @ last.basis, torch.stack(own).sum(dim=0))


@pytest.mark.parametrize("spec", ["active", "2:9"])
def test_a_resumed_survey_gives_the_same_bytes(spec: str) -> None:
    generator = Separable()
    begun = _begun(generator, spec)
    whole = _steps(generator, begun, 5)
    for place, step in enumerate(whole, start=1):
        state = torch.load(io.BytesIO(saved(step.state_dict())), weights_only=True)
        rest = _steps(generator, begun.resumed(state), 5)
        assert [later.count for later in rest] == list(range(place + 1, 6))
        last = (rest or [begun.resumed(state)])[-1]
        assert torch.equal(last.halves, whole[-1].halves)
        assert torch.equal(last.outside, whole[-1].outside)
    space = whole[-1].space(ndirs=2, dims=None)
    again = SearchSpace.from_state(space.state_dict(), space.block)
    assert torch.equal(_second_moment(again), _second_moment(space))
    assert again.overlap == space.overlap


@pytest.mark.parametrize(("ndirs", "dims"), [(0, None), (13, None), (4, 3), (4, 13)])
def test_sizes_that_do_not_fit(ndirs: int, dims: int | None) -> None:
    with pytest.raises(UsageError, match=r"ndirs must be|do not fit|search dims must"):
        _survey(Separable(), 2).space(ndirs=ndirs, dims=dims)


def test_a_picture_that_ignores_z() -> None:
    generator = Separable()
    generator.weights = torch.zeros_like(generator.weights)
    with pytest.raises(GeneratorError, match="does not depend on z"):
        _survey(generator, 4).space(ndirs=1, dims=None)


def test_a_picture_that_ignores_z_and_cannot_be_differentiated() -> None:
    class Constant(Separable):
        def __call__(self, z: torch.Tensor, class_index: torch.Tensor | None = None) -> torch.Tensor:
            return super().__call__(0 * z.detach(), class_index)

    with pytest.raises(GeneratorError, match="does not depend on z"):
        _survey(Constant(), 4, "2:9").space(ndirs=1, dims=None)


@pytest.mark.parametrize(("each", "latents"), [(1, 32), (33, 32), (66, 16), (129, 8), (1000, 8)])
def test_a_thorough_survey_takes_fewer_latents_where_one_costs_more(each: int, latents: int) -> None:
    assert thorough_latents(each) == latents
