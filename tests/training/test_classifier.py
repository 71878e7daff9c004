"""The classifier of features: learns the classes of a small set in seconds, and the same for one seed."""

import torch

from biggan_directions.training.classifier import FEATURES, Classifier, accuracy, train_classifier
from tests.support.picture_sets import image_set


def _new() -> Classifier:
    return Classifier(channels=1, classes=3, generator=torch.Generator().manual_seed(0))


def test_it_learns_the_classes_and_ignores_further_channels() -> None:
    images, network = image_set(384), _new()
    assert accuracy(network.eval(), images) < 0.8
    steps = list(train_classifier(network, images, epochs=16, seed=0))
    assert (steps[-1].done, steps[-1].total) == (48, 48)
    assert accuracy(network, images) > 0.9
    assert not network.training
    grey = images.batch(torch.arange(5))[0]
    features = network.features(grey)
    assert features.shape == (5, FEATURES)
    assert torch.equal(network.features(grey.expand(-1, 3, -1, -1)), features)


def test_it_is_the_same_for_one_seed() -> None:
    found = []
    for seed in (1, 1, 2):
        network = _new()
        list(train_classifier(network, image_set(128), epochs=1, seed=seed))
        found.append(network.last.weight)
    assert torch.equal(found[0], found[1])
    assert not torch.equal(found[0], found[2])
