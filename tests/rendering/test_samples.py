"""Which samples are shown: the same at the same seed, of every class in turn."""

import torch

from biggan_directions import load_generator
from biggan_directions.rendering.samples import listed, samples_of


def test_more_samples_begin_with_the_same_ones() -> None:
    generator = load_generator("toybox", ["car", "duck"])
    few, few_classes = samples_of(generator, 3, 5)
    many, many_classes = samples_of(generator, 8, 5)
    assert torch.equal(many[:3], few)
    assert torch.equal(many_classes[:3], few_classes)
    assert sorted(many_classes.tolist()) == [0, 0, 0, 0, 1, 1, 1, 1]
    other, _ = samples_of(generator, 3, 6)
    assert not torch.equal(other, few)


def test_up_to_four_names_are_listed() -> None:
    assert listed(["a", "b", "c", "d"]) == "a, b, c, d"
    assert listed(["a", "b", "c", "d", "e"]) == "a, b, c, d and 1 more"
