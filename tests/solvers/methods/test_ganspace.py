"""GANSpace: the principal axes of a layer's activation, and the regression back to z."""

from typing import Any

import pytest
import torch

from biggan_directions import load_generator
from biggan_directions.errors import FileFormatError, GeneratorError, UsageError
from biggan_directions.solvers.methods.ganspace import Ganspace, GanspaceSettings
from tests.support.oracles import normal
from tests.support.problems import problem_of
from tests.support.separable import Separable, recovery


class Layers(Separable):
    """Its first layer is linear, with an offset for each class, and the second bends it."""

    activation_names = ("first", "second")

    def __init__(self, z_dim: int = 8, classes: int = 1) -> None:
        super().__init__(z_dim=z_dim, classes=classes)
        self.matrix = normal(30, z_dim, seed=3)
        self.computed: list[str] = []

    def activations(
        self, name: str, z: torch.Tensor, class_index: torch.Tensor | None = None
    ) -> torch.Tensor:
        self.computed.append(name)
        first = z @ self.matrix.to(z).T
        if class_index is not None:
            first = first + 50 * class_index[:, None] * torch.linspace(0, 1, 30)
        return (first if name == "first" else torch.tanh(first / 3)).reshape(-1, 5, 3, 2)


def _rows(generator: Separable, *, where: dict[str, Any] | None = None, **options: Any) -> torch.Tensor:
    settings = GanspaceSettings(**{"samples": 1024, **options})
    *_, last = Ganspace(settings).solve(problem_of(generator, **{"search_space": "all", **(where or {})}))
    assert last.result is not None
    return last.result.directions


@pytest.mark.parametrize("classes", [1, 2])
def test_of_a_linear_layer_the_directions_are_its_singular_vectors(classes: int) -> None:
    """Whatever the offsets of the classes, which are much larger than all that z does."""
    generator = Layers(classes=classes)
    expected = torch.linalg.svd(generator.matrix).Vh[:4]
    found = _rows(generator)
    torch.testing.assert_close((found @ expected.T).abs(), torch.eye(4).double(), rtol=0, atol=1e-5)
    assert set(generator.computed) == {"first"}


def test_without_whitening_it_takes_more_samples() -> None:
    """The spectrum of the layer is close, and 512 latents' own covariance turns its axes."""
    generator = Layers()
    expected = torch.linalg.svd(generator.matrix).Vh[:4]
    errors = [
        float(1 - recovery(_rows(generator, samples=samples, whiten=False), expected).min())
        for samples in (512, 65536)
    ]
    assert errors[0] > 0.01
    assert errors[1] < errors[0] / 5


def test_directions_are_those_of_the_authors_two_steps() -> None:
    """Principal components of one batch by SVD, then least squares of fresh latents on the coordinates."""
    generator = Layers()
    problem = problem_of(generator, search_space="all")
    (z, _), (fresh, _) = problem.inputs(0, 512), problem.inputs(512, 512)
    known, new = (generator.activations("second", each).flatten(1).double() for each in (z, fresh))
    _, sizes, vectors = torch.linalg.svd(known - known.mean(dim=0), full_matrices=False)
    coordinates = (new - new.mean(dim=0)) @ vectors[:6].T / (sizes[:6] / 512**0.5)
    moves = torch.linalg.lstsq(coordinates, fresh.double() - fresh.double().mean(dim=0)).solution
    expected = torch.linalg.qr(moves[:4].T)[0].T
    found = _rows(generator, layer="second", samples=512, components=6, whiten=False)
    torch.testing.assert_close((found @ expected.T).abs(), torch.eye(4).double(), rtol=0, atol=1e-6)


def test_in_a_block_the_rest_of_z_is_zero() -> None:
    generator = Layers()
    found = _rows(generator, where={"search_space": "2:7"})
    expected = torch.linalg.svd(generator.matrix[:, 2:7]).Vh[:4]
    torch.testing.assert_close((found[:, 2:7] @ expected.T).abs(), torch.eye(4).double(), rtol=0, atol=1e-5)


def test_where_the_layer_has_fewer_components_the_rest_of_the_block_fills_up() -> None:
    generator = Layers()
    generator.matrix = generator.matrix * (torch.arange(8) < 2)
    found = _rows(generator)
    torch.testing.assert_close(found @ found.T, torch.eye(4).double())
    assert found[:2, 2:].abs().max() < 1e-6
    assert found[2:, :2].abs().max() < 1e-6


def test_on_the_toybox_the_first_layer_knows_the_factors() -> None:
    """Of gen_z's principal axes six of the eight factors: 0.993 in the mean, 0.969 at least."""
    toybox = load_generator("toybox", "car")
    found = _rows(toybox, where={"ndirs": 6}, samples=512)  # type: ignore[arg-type]
    best = recovery(toybox.true_directions.rows, found)  # type: ignore[attr-defined]
    assert best.mean() > 0.99
    assert best.min() > 0.965


def test_a_generator_without_activations_or_the_layer_lacks_them() -> None:
    assert "activations()" in str(Ganspace().missing(Separable()))
    assert Ganspace().missing(Layers()) is None
    lacking = Ganspace(GanspaceSettings(layer="third")).missing(Layers())
    assert lacking == "ganspace's layer 'third' is none of first, first, second"


def test_activations_of_another_number_are_named() -> None:
    class Halved(Layers):
        def activations(self, name: str, z: torch.Tensor, class_index: Any = None) -> torch.Tensor:
            return super().activations(name, z, class_index)[::2]

    with pytest.raises(GeneratorError, match=r"first for 2 latents have shape \(1, 5, 3, 2\); expected .*2"):
        _rows(Halved())


@pytest.mark.parametrize(
    ("options", "says"),
    [({"samples": 1}, "samples must be 2 or more"), ({"components": 0}, "components must be 1 or more")],
)
def test_settings_out_of_range(options: dict[str, Any], says: str) -> None:
    with pytest.raises(UsageError, match=says):
        GanspaceSettings(**options)


@pytest.mark.parametrize("state", [{"other": 1}, [], 3])
def test_a_state_of_something_else_is_refused(state: Any) -> None:
    with pytest.raises(FileFormatError, match="other keys than components, fit"):
        list(Ganspace().solve(problem_of(Layers()), state))
