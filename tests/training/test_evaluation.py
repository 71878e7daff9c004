"""Figures of generated images: a perfect generator has those of real ones, a collapsed one has not."""

from __future__ import annotations

import pytest
import torch

from biggan_directions.errors import UsageError
from biggan_directions.generators import ImageClass
from biggan_directions.training.classifier import Classifier, train_classifier
from biggan_directions.training.evaluation import evaluate
from tests.support.picture_sets import NAMES, image_set


class Copying:
    """Stands for a generator that draws real images of the class, the same few of them or any."""

    model, weights_sha256, license = "copying", "", ""
    z_dim, resolution, truncation = 2, 32, 1.0
    device = torch.device("cpu")
    classes = tuple(ImageClass(index, name) for index, name in enumerate(NAMES))

    def __init__(self, variety: int) -> None:
        self.images = image_set(600)
        self.variety = variety

    def __call__(self, z: torch.Tensor, class_index: torch.Tensor | None = None) -> torch.Tensor:
        assert class_index is not None
        which = ((z[:, 0].abs() * 1e4).long() % self.variety) * len(NAMES) + class_index
        return self.images.batch(which)[0].expand(-1, 3, -1, -1)


@pytest.fixture(scope="module")
def network() -> Classifier:
    found = Classifier(channels=1, classes=3, generator=torch.Generator().manual_seed(0))
    list(train_classifier(found, image_set(384), epochs=16, seed=0))
    return found


def test_a_perfect_generator_has_the_figures_of_real_images(network: Classifier) -> None:
    told: list[tuple[int, int]] = []
    found = evaluate(Copying(200), image_set(600), network, observe=lambda *now: told.append(now))
    assert found.images == 300
    assert told[-1] == (300, 300)
    assert found.generated.frechet < 2 * found.real.frechet + 0.02
    assert found.generated.recall > 0.8
    assert found.generated.accuracy == pytest.approx(found.real.accuracy, abs=0.05)
    assert found.generated.class_recall.keys() == set(NAMES)


def test_a_collapsed_generator_has_no_recall(network: Classifier) -> None:
    found = evaluate(Copying(2), image_set(600), network)
    assert found.generated.precision > 0.9
    assert found.generated.recall < 0.3
    assert found.generated.frechet > 3 * found.real.frechet
    assert max(found.generated.class_recall.values()) < 0.5


class Means:
    """A feature network of one's own: mean brightness and its spread, and three classes by their size."""

    classes, channels = 3, 1

    def features(self, images: torch.Tensor) -> torch.Tensor:
        return torch.stack([images[:, 0].mean((1, 2)), images[:, 0].std((1, 2))], 1)

    def last(self, features: torch.Tensor) -> torch.Tensor:
        return torch.cat([features, -features[:, :1]], 1)


def test_a_network_of_one_s_own_can_judge() -> None:
    found = evaluate(Copying(200), image_set(600), Means())
    assert 0 <= found.generated.frechet < 0.1
    assert 0 < found.real.accuracy < 1


def test_what_does_not_fit_is_a_sentence(network: Classifier) -> None:
    other = Classifier(channels=1, classes=4, generator=torch.Generator().manual_seed(0))
    for held_out, judge, said in (
        (image_set(600), other, "for 4 classes and 1 channels, not for 3 and 1"),
        (image_set(600, colour=True), network, "for 3 classes and 1 channels, not for 3 and 3"),
        (image_set(20), network, "a class has 6 held-out images, expected at least 8"),
    ):
        with pytest.raises(UsageError, match=said):
            evaluate(Copying(2), held_out, judge)
