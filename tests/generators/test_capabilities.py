"""A capability is asked for by isinstance, and had by those alone that have its members."""

import pytest
import torch

from biggan_directions import load_generator
from biggan_directions.generators import Generator, ImageClass
from biggan_directions.generators.capabilities import (
    Activations,
    Compilable,
    KnownTruth,
    LatentWeights,
    Layered,
    Reclassable,
)
from tests.support.separable import Separable


@pytest.fixture(scope="module")
def toys() -> Generator:
    return load_generator("toybox", ["car", "duck", "mug"])


def test_the_toybox_has_them_all_and_a_plain_class_has_none(toys: Generator) -> None:
    for capability in (Activations, Compilable, KnownTruth, LatentWeights, Layered, Reclassable):
        assert isinstance(toys, capability)
        assert not isinstance(Separable(), capability)


def test_some_of_its_classes(toys: Generator) -> None:
    assert isinstance(toys, Reclassable)
    z = torch.randn(2, 32, generator=torch.Generator().manual_seed(0))
    part = toys.of_class(2, 0)
    assert part.classes == (ImageClass(0, "mug"), ImageClass(4, "car"))
    with torch.no_grad():
        assert torch.equal(part(z, torch.tensor([1, 0])), toys(z, torch.tensor([0, 2])))
        assert torch.equal(toys.of_class(1)(z), toys(z, torch.tensor([1, 1])))
    assert isinstance(part, KnownTruth)  # what is known of the whole is known of a part
    assert len(toys.classes) == 3


def test_the_toyboxs_weights_lie_in_the_span_of_its_true_directions(toys: Generator) -> None:
    assert isinstance(toys, LatentWeights)
    assert isinstance(toys, KnownTruth)
    true = toys.true_directions.rows
    for weight in toys.latent_weights():
        outside = weight.matrix - weight.matrix @ true.T @ true
        assert outside.norm() < 1e-3 * weight.matrix.norm(), weight.name
