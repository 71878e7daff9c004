"""First derivatives, diagonalised jointly: recovers what is orthogonal at every latent."""

import pytest
import torch

from biggan_directions.errors import UsageError
from biggan_directions.solvers.base import Found, Solver
from biggan_directions.solvers.methods.first_order import FirstOrder
from biggan_directions.solvers.methods.orojar import Orojar, OrojarSettings
from biggan_directions.solvers.problem import Problem
from tests.support.problems import problem_of
from tests.support.separable import Separable, recovery


class Apart(Separable):
    """Each factor moves pixels of its own: at every latent the changes are orthogonal in the hidden basis."""

    def __init__(self, seed: int = 0) -> None:
        super().__init__(z_dim=10, factors=6, seed=seed)
        owner = torch.arange(self.weights.shape[2]) % 6
        self.weights *= owner == torch.arange(6)[:, None]


def _found(solver: Solver, problem: Problem) -> Found:
    *_, last = solver.solve(problem)
    assert last.result is not None
    return last.result


@pytest.mark.parametrize("weighting", ["balanced", "plain"])
@pytest.mark.parametrize("seed", [0, 1])
def test_changes_that_are_orthogonal_at_every_latent_are_found_exactly(weighting: str, seed: int) -> None:
    """Up to the error of the differences; the eigenvectors of the sum are not, for their effects are equal."""
    generator = Apart(seed)
    problem = problem_of(generator, ndirs=6, latents=8, difference_epsilon=0.003)
    settings = OrojarSettings(weighting=weighting, blocks=())  # type: ignore[arg-type]
    found = _found(Orojar(settings), problem)
    assert recovery(found.directions, generator.truth).min() > 0.99999
    assert found.off_diagonal is not None
    assert found.off_diagonal < 1e-4
    assert found.stability is not None
    assert found.stability.min() > 0.9999
    assert found.notes == ()
    assert recovery(_found(FirstOrder(), problem).directions, generator.truth).min() < 0.95


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_hidden_factors_that_share_their_pixels_are_recovered(seed: int) -> None:
    generator = Separable(seed=seed)
    found = _found(Orojar(), problem_of(generator, ndirs=5, latents=64, seed=seed))
    assert recovery(found.directions, generator.truth).min() > 0.97


def test_directions_are_sorted_by_their_effects_and_stable_ones_are_the_truth() -> None:
    generator = Separable(z_dim=8, factors=4)
    generator.weights *= torch.tensor([0.5, 2.0, 1.0, 4.0])[:, None]
    found = _found(Orojar(), problem_of(generator, ndirs=4, latents=32))
    assert (found.directions @ generator.truth.T).abs().argmax(dim=1).tolist() == [3, 1, 2, 0]


def test_balanced_a_latent_with_large_changes_has_no_more_say() -> None:
    """A latent at which all is a hundred times as bright, and turned: it decides the plain sum alone."""

    class Loud(Apart):
        def __call__(self, z: torch.Tensor, class_index: torch.Tensor | None = None) -> torch.Tensor:
            loud = 1 + 99 * (z @ self.truth[5].to(z) > 1).to(z)
            return super().__call__(z, class_index) * loud[:, None, None, None]

    found = {}
    for weighting in ("balanced", "plain"):
        settings = OrojarSettings(weighting=weighting)  # type: ignore[arg-type]
        problem = problem_of(Loud(), ndirs=6, latents=16, difference_epsilon=0.003)
        states = [step.state for step in Orojar(settings).solve(problem)]
        traces = Orojar(settings).stacks(Orojar().measured(problem, states[-1]))[0]
        sizes = traces.diagonal(dim1=1, dim2=2).sum(dim=1)
        found[weighting] = float(sizes.max() / sizes.min())
    assert found["balanced"] == pytest.approx(1)
    assert found["plain"] > 1000


@pytest.mark.parametrize(("resolution", "sides"), [(64, (8, 16, 32)), (128, (16, 32, 64)), (6, (1, 1, 3))])
def test_blocks_left_out_follow_the_resolution(resolution: int, sides: tuple[int, ...]) -> None:
    assert OrojarSettings().sides(resolution) == sides
    assert OrojarSettings(blocks=(3,)).sides(resolution) == (3,)
    assert OrojarSettings(blocks=()).sides(resolution) == ()


@pytest.mark.parametrize("blocks", [(0,), (8, -1)])
def test_bad_blocks(blocks: tuple[int, ...]) -> None:
    with pytest.raises(UsageError, match="1 pixel or more"):
        OrojarSettings(blocks=blocks)
