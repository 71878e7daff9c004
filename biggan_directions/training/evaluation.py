"""How good a generator's images are, each figure beside that of real images that no network has seen."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from biggan_directions.errors import UsageError
from biggan_directions.generators import Generator
from biggan_directions.latents import sample_latents
from biggan_directions.training.classifier import FeatureNetwork
from biggan_directions.training.distances import coverage, frechet_distance
from biggan_directions.training.image_set import ImageSet

_BATCH = 100
_LEAST = 8  # images per class: four in each half


@dataclass(frozen=True, kw_only=True)
class Figures:
    """Of one set of images, against the reference half of the real images.

    Attributes:
        frechet: Fréchet distance of the features, as a share of the reference's variance.
        precision: share of the images within the manifold of the reference.
        recall: share of the reference within the manifold of the images.
        accuracy: share of the images that the classifier assigns to their class.
        class_recall: recall by the name of the class, among its own images.
    """

    frechet: float
    precision: float
    recall: float
    accuracy: float
    class_recall: dict[str, float]


@dataclass(frozen=True, kw_only=True)
class Evaluation:
    """Figures of generated images, and their floor or ceiling: those of the other half of real images.

    Attributes:
        generated: as many images as the other half has, of the same classes.
        real: the other half.
        images: number of images in each set.
    """

    generated: Figures
    real: Figures
    images: int


def evaluate(
    generator: Generator,
    held_out: ImageSet,
    network: FeatureNetwork,
    *,
    seed: int = 0,
    observe: Callable[[int, int], None] = lambda _done, _total: None,
) -> Evaluation:
    """Compare generated images with one half of held-out real images, beside the other half.

    Args:
        generator: with the classes of the real images, in their order, and at the truncation to be judged.
        held_out: real images that the classifier has not seen.
        network: whose features are compared; a pretrained one needs the attributes of FeatureNetwork.
        seed: of the latents and of the halves.
        observe: called with the number of images that are drawn, and of all.

    Raises:
        UsageError: the classes or sizes do not fit, or there are fewer than eight images of a class.
    """
    check_images(generator, held_out)
    _check_network(network, held_out)
    halves = _halves(held_out, seed)
    reference, other = (_real_features(held_out, rows, network) for rows in halves)
    classes = [held_out.class_index[rows] for rows in halves]
    drawn = []
    z = sample_latents(
        len(classes[1]), generator.z_dim, truncation=generator.truncation, seed=seed, purpose="evaluation"
    )
    for start in range(0, len(z), _BATCH):
        part = slice(start, start + _BATCH)
        with torch.no_grad():
            images = generator(z[part].to(generator.device), classes[1][part].to(generator.device))
            drawn.append(network.features(images.cpu()))
        observe(min(start + _BATCH, len(z)), len(z))
    return Evaluation(
        generated=_figures(torch.cat(drawn), classes[1], reference, classes[0], network, held_out.names),
        real=_figures(other, classes[1], reference, classes[0], network, held_out.names),
        images=len(z),
    )


def check_images(generator: Generator, held_out: ImageSet) -> None:
    """Check, before anything is computed, that a generator can be compared with these images.

    Raises:
        UsageError: the classes or sizes do not fit, or there are fewer than eight images of a class.
    """
    if len(generator.classes) != len(held_out.names):
        raise UsageError(
            f"the generator has {len(generator.classes)} classes, but the images have {len(held_out.names)}"
        )
    if generator.resolution != held_out.images.shape[-1]:
        raise UsageError(
            f"the generator draws {generator.resolution} pixels: give --resolution for the images"
        )
    least = int(torch.bincount(held_out.class_index, minlength=len(held_out.names)).min())
    if least < _LEAST:
        raise UsageError(f"a class has {least} held-out images, expected at least {_LEAST}")


def _check_network(network: FeatureNetwork, held_out: ImageSet) -> None:
    classes, channels = len(held_out.names), held_out.channels
    if (network.classes, network.channels) != (classes, channels):
        raise UsageError(
            f"the feature network is for {network.classes} classes and {network.channels} channels, not for "
            f"{classes} and {channels}"
        )


def _halves(held_out: ImageSet, seed: int) -> tuple[Tensor, Tensor]:
    """Two halves of equal size with the same number of images of each class."""
    order = held_out.rows(0, len(held_out), seed=seed)
    first, second = [], []
    for index in range(len(held_out.names)):
        own = order[held_out.class_index[order] == index]
        half = len(own) // 2
        first.append(own[:half])
        second.append(own[half : 2 * half])
    return torch.cat(first), torch.cat(second)


def _real_features(images: ImageSet, rows: Tensor, network: FeatureNetwork) -> Tensor:
    with torch.no_grad():
        return torch.cat([network.features(images.batch(part)[0]) for part in torch.split(rows, _BATCH)])


def _figures(
    features: Tensor,
    classes: Tensor,
    reference: Tensor,
    reference_classes: Tensor,
    network: FeatureNetwork,
    names: tuple[str, ...],
) -> Figures:
    found = network.last(features).argmax(1)
    return Figures(
        frechet=frechet_distance(features, reference),
        precision=coverage(features, reference),
        recall=coverage(reference, features),
        accuracy=float((found == classes).float().mean()),
        class_recall={
            name: coverage(reference[reference_classes == index], features[classes == index])
            for index, name in enumerate(names)
        },
    )
