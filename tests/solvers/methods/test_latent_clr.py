"""LatentCLR: its loss by a second formula, and changes that become unlike each other."""

import math
from typing import Any

import pytest
import torch

from biggan_directions.errors import GeneratorError, UsageError
from biggan_directions.solvers.methods.latent_clr import LatentClr, LatentClrSettings, contrast
from tests.support.oracles import normal
from tests.support.problems import problem_of
from tests.support.separable import Separable


class Layers(Separable):
    """A linear layer, and one that bends it."""

    activation_names = ("first", "second")

    def __init__(self) -> None:
        super().__init__(z_dim=6, factors=6)
        self.matrix = normal(20, 6, seed=3) * torch.linspace(1, 3, 6).double()

    def activations(
        self, name: str, z: torch.Tensor, class_index: torch.Tensor | None = None
    ) -> torch.Tensor:
        first = z @ self.matrix.to(z).T
        return first if name == "first" else torch.tanh(first / 9)


def test_the_loss_is_that_of_the_authors_code() -> None:
    """Pair by pair, as its lines say."""
    changes = normal(3, 4, 5)
    units = [row / row.norm() for row in changes.flatten(0, 1)]
    losses = []
    for i in range(12):
        similar = [math.exp(0.5 * abs(float(units[i] @ units[j]))) for j in range(12)]
        alike = [similar[j] for j in range(12) if j // 4 == i // 4 and j != i]
        other = [similar[j] for j in range(12) if j // 4 != i // 4]
        losses.append(-math.log(sum(alike) / 3 / (sum(other) / 8)))
    assert float(contrast(changes, 0.5)) == pytest.approx(sum(losses) / 12)


@pytest.mark.parametrize("layer", ["first", "second"])
def test_the_changes_of_the_layer_become_unlike_each_other(layer: str) -> None:
    """Before orthonormalisation: of a linear layer they are W d, the same at every latent."""
    generator = Layers()
    problem = problem_of(generator, ndirs=3, search_space="all")
    steps = list(LatentClr(LatentClrSettings(steps=300, lr=0.03, layer=layer)).solve(problem))
    largest = []
    for state in (steps[0].state, steps[-1].state):
        rows = torch.nn.functional.normalize(state["matrix"].double(), dim=1) @ problem.space.basis
        units = torch.nn.functional.normalize(rows @ generator.matrix.T, dim=1)
        largest.append(float((units @ units.T - torch.eye(3)).abs().max()))
    assert largest[0] > 0.3
    assert largest[1] < 0.1
    first, last = steps[0].value, steps[-2].value
    assert first is not None
    assert last is not None
    assert last < first - 0.05


def test_without_steps_directions_are_random() -> None:
    (last,) = LatentClr(LatentClrSettings(steps=0)).solve(problem_of(Layers(), ndirs=3))
    assert last.result is not None
    rows = last.result.directions
    torch.testing.assert_close(rows @ rows.T, torch.eye(3).double())


def test_a_generator_without_activations_or_the_layer_lacks_them() -> None:
    assert "activations()" in str(LatentClr().missing(Separable()))
    assert LatentClr().missing(Layers()) is None
    lacking = LatentClr(LatentClrSettings(layer="third")).missing(Layers())
    assert lacking == "latent-clr's layer 'third' is none of second, first, second"


def test_activations_without_gradients_are_refused() -> None:
    class Detached(Layers):
        def activations(self, name: str, z: torch.Tensor, class_index: Any = None) -> torch.Tensor:
            return super().activations(name, z.detach(), class_index)

    with pytest.raises(GeneratorError, match="no gradient with respect to z, which latent-clr needs"):
        next(LatentClr().solve(problem_of(Detached())))


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"steps": -1}, "steps must be 0 or more"),
        ({"batch_size": 1}, "batch size must be 2 or more"),
        ({"temperature": 0.0}, "temperature must be a finite number above 0"),
        ({"weight_decay": -1.0}, "weight decay must be a finite number, 0 or more"),
    ],
)
def test_settings_out_of_range(options: dict[str, Any], says: str) -> None:
    with pytest.raises(UsageError, match=says):
        LatentClrSettings(**options)
