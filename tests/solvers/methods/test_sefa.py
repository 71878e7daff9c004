"""SeFa: eigenvectors of the weights that z meets, normalised or not."""

import pytest
import torch

from biggan_directions.errors import UsageError
from biggan_directions.generators.capabilities import LatentWeight
from biggan_directions.generators.chosen_layers import ChosenLayers
from biggan_directions.solvers.methods.sefa import Sefa, SefaSettings
from tests.support.layered import Layers
from tests.support.oracles import normal
from tests.support.problems import problem_of
from tests.support.separable import Separable


class Weighted(Separable):
    """A generator that shows its weights."""

    def __init__(self, *matrices: torch.Tensor) -> None:
        super().__init__(z_dim=8)
        self.matrices = matrices

    def latent_weights(self) -> list[LatentWeight]:
        return [
            LatentWeight(name=f"map {place}", layer=str(place), matrix=matrix)
            for place, matrix in enumerate(self.matrices)
        ]


def _rows(
    *matrices: torch.Tensor, ndirs: int, search_space: str = "all", normalise: str = "rows"
) -> torch.Tensor:
    solver = Sefa(SefaSettings(normalise=normalise))  # type: ignore[arg-type]
    (step,) = solver.solve(problem_of(Weighted(*matrices), ndirs=ndirs, search_space=search_space))
    assert step.result is not None
    return step.result.directions


def _as_in_the_authors_code(*matrices: torch.Tensor) -> torch.Tensor:
    """Its lines on weights ``(z_dim, outputs)``, side by side: each column gets length 1."""
    weight = torch.cat([matrix.double().T for matrix in matrices], dim=1)
    weight = torch.div(weight, weight.norm(dim=0, keepdim=True))
    vectors: torch.Tensor = torch.linalg.eigh(weight @ weight.T).eigenvectors
    return vectors.flip(1).T


def test_by_default_directions_are_those_of_the_authors_code() -> None:
    weights = normal(30, 8, seed=0).float(), 100 * normal(5, 8, seed=1).float()
    expected = _as_in_the_authors_code(*weights)[:3]
    torch.testing.assert_close((_rows(*weights, ndirs=3) @ expected.T).abs(), torch.eye(3).double())


def test_unnormalised_directions_are_the_eigenvectors_of_the_weights() -> None:
    weight = normal(30, 8).float()
    expected = torch.linalg.svd(weight.double()).Vh[:3]
    found = _rows(weight, ndirs=3, normalise="none")
    torch.testing.assert_close((found @ expected.T).abs(), torch.eye(3).double())


@pytest.mark.parametrize(("normalise", "scales"), [("rows", 5), ("matrices", 1), ("none", None)])
def test_what_is_normalised_has_the_same_say_at_every_scale(normalise: str, scales: int | None) -> None:
    """Each of the second weight's five rows by a factor of its own, then all five by one."""
    first, second = normal(30, 8, seed=0).float(), normal(5, 8, seed=1).float()
    where = {"ndirs": 2, "search_space": "2:6", "normalise": normalise}
    found = _rows(first, second, **where)  # type: ignore[arg-type]
    assert (found[:, [0, 1, 6, 7]] == 0).all()
    factors = {5: torch.logspace(0, 3, 5)[:, None], 1: torch.full((5, 1), 1000.0)}
    for count, factor in factors.items():
        same = torch.allclose(found, _rows(first, factor * second, **where))  # type: ignore[arg-type]
        assert same == (scales is not None and scales >= count)


def test_a_weight_of_zeros_says_nothing() -> None:
    weight = normal(30, 8).float()
    for normalise in ("rows", "matrices", "none"):
        found = _rows(weight, torch.zeros(4, 8), ndirs=2, normalise=normalise)
        torch.testing.assert_close(found, _rows(weight, ndirs=2, normalise=normalise))


def test_a_generator_without_weights_lacks_them() -> None:
    assert "latent_weights()" in str(Sefa().missing(Separable()))
    assert Sefa().missing(Weighted()) is None


def test_a_matrix_of_another_shape_is_named() -> None:
    with pytest.raises(UsageError, match=r"map 0 of shape \(3, 7\); expected \(outputs, 8\)"):
        _rows(torch.zeros(3, 7), ndirs=2)


def test_by_layer_it_takes_the_weights_of_the_chosen_layers_alone() -> None:
    generator = Layers()
    problem = problem_of(generator, ndirs=2)
    problem.evaluator.layers = ChosenLayers(indices=(1,), count=3)
    (step,) = Sefa(SefaSettings(normalise="none")).solve(problem)
    assert step.result is not None
    found = (step.result.directions @ generator.truth.T).abs()
    torch.testing.assert_close(found, torch.eye(6).double()[2:4], atol=1e-6, rtol=0)


def test_weights_that_name_other_layers_are_said() -> None:
    generator = Layers()
    problem = problem_of(generator, ndirs=2)
    problem.evaluator.layers = ChosenLayers(indices=(1,), count=3)
    generator.layer_names = ("a", "b", "c")
    with pytest.raises(UsageError, match=r"none of the generator's latent_weights\(\) belongs to b"):
        list(Sefa().solve(problem))
