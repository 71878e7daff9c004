"""SeFa: eigenvectors of the weights that z meets, every layer alike."""

import pytest
import torch

from biggan_directions.errors import UsageError
from biggan_directions.generators.capabilities import LatentWeight
from biggan_directions.generators.chosen_layers import ChosenLayers
from biggan_directions.solvers.methods.sefa import Sefa
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


def _rows(*matrices: torch.Tensor, ndirs: int, search_space: str = "all") -> torch.Tensor:
    (step,) = Sefa().solve(problem_of(Weighted(*matrices), ndirs=ndirs, search_space=search_space))
    assert step.result is not None
    return step.result.directions


def test_directions_are_the_eigenvectors_of_the_weights() -> None:
    weight = normal(30, 8).float()
    expected = torch.linalg.svd(weight.double()).Vh[:3]
    torch.testing.assert_close((_rows(weight, ndirs=3) @ expected.T).abs(), torch.eye(3).double())


def test_every_layer_has_the_same_say() -> None:
    first, second = normal(30, 8, seed=0).float(), normal(5, 8, seed=1).float()
    found = _rows(first, second, ndirs=2, search_space="2:6")
    torch.testing.assert_close(found, _rows(first, 1000 * second, ndirs=2, search_space="2:6"))
    assert (found[:, [0, 1, 6, 7]] == 0).all()


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
    (step,) = Sefa().solve(problem)
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
