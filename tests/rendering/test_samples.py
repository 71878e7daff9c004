"""Which samples are shown: the same at the same seed, of every class in turn."""

import torch

from biggan_directions import load_generator
from biggan_directions.cuda_normals import cuda_normals
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


def test_the_latents_of_a_gpu_are_scaled_by_the_truncation() -> None:
    generator = load_generator("toybox", "car", truncation=0.5)
    z, classes = samples_of(generator, 3, 750, "cuda")
    assert torch.equal(z, 0.5 * cuda_normals(96, 750).reshape(3, 32))
    assert classes.tolist() == [0, 0, 0]
    assert torch.equal(samples_of(generator, 5, 750, "cuda")[0][:3], z)
    assert not torch.equal(samples_of(generator, 3, 750)[0], z)


def test_up_to_four_names_are_listed() -> None:
    assert listed(["a", "b", "c", "d"]) == "a, b, c, d"
    assert listed(["a", "b", "c", "d", "e"]) == "a, b, c, d and 1 more"
