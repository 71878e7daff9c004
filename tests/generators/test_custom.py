"""A function or nn.Module as a generator: what it draws, what is checked, and what tells it from others."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import nn

from biggan_directions import CallableGenerator, LearnSettings, learn
from biggan_directions.errors import GeneratorError, UsageError
from biggan_directions.generators import Generator, ImageClass
from biggan_directions.generators.capabilities import Compilable, KnownTruth, LatentWeights, Reclassable
from biggan_directions.learning.cost import estimate
from biggan_directions.metrics.scoring import score
from biggan_directions.metrics.settings import ScoreSettings


def waves(z: torch.Tensor) -> torch.Tensor:
    """(N, 4) → (N, 3, 8, 8)."""
    phases = torch.linspace(0, 6, 64).to(z).reshape(8, 8)
    each = [torch.sin(z[:, place, None, None] * (1 + place) + phases) for place in range(3)]
    return torch.stack(each, dim=1) * 0.9


def tinted(z: torch.Tensor, class_index: torch.Tensor) -> torch.Tensor:
    """Waves, darker by the class."""
    return waves(z) - 0.1 * class_index[:, None, None, None]


def wrapped(f: Callable[..., Any] = waves, **changes: Any) -> CallableGenerator:
    return CallableGenerator(f, **{"z_dim": 4, "resolution": 8, "name": "waves", **changes})


class Drawer(nn.Module):
    """What mode and gradients change: dropout, and a parameter."""

    def __init__(self, seed: int = 0) -> None:
        super().__init__()
        start = torch.randn(4, 192, generator=torch.Generator().manual_seed(seed))
        self.matrix = nn.Parameter(start)
        self.dropout = nn.Dropout(0.5)

    def forward(self, z: torch.Tensor) -> torch.Tensor:
        return torch.tanh(self.dropout(z) @ self.matrix).reshape(-1, 3, 8, 8)


def test_it_is_a_generator_with_the_capabilities_it_has() -> None:
    generator: Generator = wrapped(license="MIT")
    z = torch.randn(3, 4)
    assert torch.equal(generator(z), waves(z))
    assert (generator.model, generator.license, generator.truncation) == ("waves", "MIT", 1.0)
    assert generator.classes == (ImageClass(0, "image"),)
    assert isinstance(generator, Reclassable)
    for lacking in (Compilable, LatentWeights, KnownTruth):
        assert not isinstance(generator, lacking)


def test_any_shape_of_z_but_its_own_is_refused() -> None:
    with pytest.raises(UsageError, match=r"\(N, 4\), got \(2, 5\)"):
        wrapped()(torch.zeros(2, 5))
    with pytest.raises(UsageError, match=r"\(2,\), got \(3,\)"):
        wrapped()(torch.zeros(2, 4), torch.zeros(3, dtype=torch.int64))


def test_classes_are_counted_in_the_generator_and_told_to_f() -> None:
    whole, z = wrapped(tinted, classes=["day", "deep night", "dusk"]), torch.randn(2, 4)
    assert [item.name for item in whole.classes] == ["day", "deep_night", "dusk"]
    assert torch.equal(whole(z), waves(z))  # the first, where none is said
    assert torch.equal(whole(z, torch.tensor([2, 1])), tinted(z, torch.tensor([2, 1])))
    part = whole.of_class(2, 0)
    assert part.classes == (ImageClass(2, "dusk"), ImageClass(0, "day"))
    assert torch.equal(part(z, torch.tensor([0, 1])), tinted(z, torch.tensor([2, 0])))
    alone = whole.of_class(1)
    assert torch.equal(alone(z), tinted(z, torch.tensor([1, 1])))
    assert alone.weights_sha256 == whole.weights_sha256
    assert len(whole.classes) == 3


def test_a_module_is_frozen() -> None:
    module = Drawer().train()
    generator, z = wrapped(module), torch.randn(2, 4, requires_grad=True)
    assert not module.training
    assert torch.equal(generator(z), generator(z))
    torch.autograd.backward(generator(z).sum())
    assert z.grad is not None
    assert module.matrix.grad is None


def test_a_module_computes_in_its_own_precision_and_draws_in_zs() -> None:
    generator = wrapped(Drawer().double())
    assert generator(torch.zeros(1, 4)).dtype == torch.float32
    exact = Drawer().double().eval()(torch.ones(1, 4).double())
    assert torch.equal(generator(torch.ones(1, 4)), exact.float())


def test_fingerprints() -> None:
    """A module's is that of its tensors; a function's that of its name and sizes."""
    first = wrapped(Drawer()).weights_sha256
    assert len(first) == 64
    assert first == wrapped(Drawer(), name="another").weights_sha256
    assert first != wrapped(Drawer(seed=1)).weights_sha256
    changed = Drawer()
    with torch.no_grad():
        changed.matrix[0, 0] += 1e-6
    assert first != wrapped(changed).weights_sha256
    function = wrapped().weights_sha256
    assert function == wrapped(lambda z: -waves(z)).weights_sha256
    assert function != wrapped(name="waves-2").weights_sha256
    assert function != wrapped(tinted, classes=["day", "night"]).weights_sha256


def bad(change: Callable[[torch.Tensor], Any]) -> Callable[[torch.Tensor], Any]:
    return lambda z: change(waves(z))


@pytest.mark.parametrize(
    ("f", "says"),
    [
        (bad(lambda x: x.detach().numpy()), r"a ndarray, expected a torch\.Tensor"),
        (bad(lambda x: x.permute(0, 2, 3, 1)), r"\(2, 8, 8, 3\), expected \(2, 3, 8, 8\): \.permute\(0, 3"),
        (bad(lambda x: x[:, :1]), r"\(2, 1, 8, 8\), expected \(2, 3, 8, 8\): \.expand\(-1, 3"),
        (bad(lambda x: x[:1]), r"\(1, 3, 8, 8\), expected \(2, 3, 8, 8\)"),
        (bad(lambda x: x[..., :4]), r"\(2, 3, 8, 4\), expected \(2, 3, 8, 8\)"),
        (bad(lambda x: ((x + 1) * 127).to(torch.uint8)), r"torch\.uint8, expected floating point"),
        (bad(lambda x: (x + 1) * 127.5), r"to 2\d\d, expected -1 to 1: images / 127\.5 - 1"),
        (bad(lambda x: 2 * x), r"values from -1\.8 to 1\.8, expected -1 to 1: .*torch\.tanh"),
        (bad(lambda x: x / 0), "values that are not finite"),
        (bad(lambda x: x @ torch.zeros(3)), r"latents of shape \(2, 4\) raised RuntimeError: "),
    ],
)
def test_images_that_are_not_as_they_should_be(f: Callable[[torch.Tensor], Any], says: str) -> None:
    generator = wrapped(f)
    for _ in range(2):  # what was found wrong is not forgotten
        with pytest.raises(GeneratorError, match=says) as caught:
            generator(torch.zeros(1, 4))
        assert str(caught.value).startswith("waves: ")


def test_without_a_gradient_it_is_learnt_but_not_by_adam() -> None:
    generator = wrapped(lambda z: waves(z.detach()))
    same = learn(wrapped(waves), LearnSettings(ndirs=1, latents=4)).directions
    assert abs(float(learn(generator, LearnSettings(ndirs=1, latents=4)).directions @ same.T)) > 0.99
    assert estimate(generator, LearnSettings(ndirs=1)).seconds > 0
    adam = LearnSettings(ndirs=1, solver="adam", options={"steps": 1})
    with pytest.raises(GeneratorError, match="no gradient with respect to z, which adam needs"):
        learn(generator, adam)


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"f": 3}, "f must be a function or an nn.Module, got a int"),
        ({"z_dim": 0}, "z_dim and resolution must be 1 or more"),
        ({"name": ""}, "name must not be empty"),
        ({"classes": []}, "classes must have at least one name"),
        ({"truncation": 1.5}, "truncation must be above 0 and at most 1, got 1.5"),
        ({"device": "tpu9"}, "device 'tpu9' cannot be used here"),
        ({"factors": ["a"]}, "give both, or neither"),
        ({"true_directions": torch.eye(5)}, r"shape \(factors, 4\) with at most 4 rows, got \(5, 5\)"),
        ({"true_directions": torch.ones(2, 4)}, "orthonormal rows, but Q Qᵀ differs from the identity by 4"),
        ({"true_directions": torch.full((1, 4), float("nan"))}, "orthonormal rows"),
        ({"true_directions": torch.eye(4)[:2], "factors": ["a"]}, "factors has 1 names for 2 rows"),
    ],
)
def test_arguments_that_cannot_be(changes: dict[str, Any], says: str) -> None:
    with pytest.raises(UsageError, match=says):
        wrapped(**changes)


def test_truncation_none_is_one_and_a_single_class_may_be_a_str() -> None:
    generator = wrapped(truncation=None, classes="sea")
    assert (generator.truncation, generator.classes) == (1.0, (ImageClass(0, "sea"),))


def test_the_truth_is_recovered_in_the_scorecard() -> None:
    generator = wrapped(true_directions=torch.eye(4)[:3], factors=["red", "green", "blue"])
    assert isinstance(generator, KnownTruth)
    found = learn(generator, LearnSettings(ndirs=3, latents=8))
    settings = ScoreSettings(latents=2, baselines=("random",))
    card = score(generator, found.directions, settings=settings)
    ours, random = card.sets
    assert {direction.factor for direction in ours.directions} == {"red", "green", "blue"}
    assert ours.recovery_min is not None
    assert ours.recovery_min > 0.99
    assert random.recovery_min is not None
    assert random.recovery_min < 0.99
    unnamed = wrapped(true_directions=torch.eye(4)[:2])
    assert isinstance(unnamed, KnownTruth)
    assert unnamed.true_directions.names == ("factor 0", "factor 1")
