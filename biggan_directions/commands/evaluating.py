"""``train --evaluate``: a model's figures beside those of real images."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import typer
from rich.table import Table

from biggan_directions.commands.progress import progress_bar
from biggan_directions.commands.terminal import out, plain
from biggan_directions.errors import UsageError

if TYPE_CHECKING:
    from biggan_directions.training.classifier import Classifier
    from biggan_directions.training.evaluation import Evaluation
    from biggan_directions.training.image_set import ImageSet

_EPOCHS = 8  # and more where the images are few, for some 120 steps
_IMAGES = 16_000
FEATURES = ("own", "fashion")


def evaluate_model(
    model: Path, parts: tuple[ImageSet, ImageSet], *, features: str, seed: int, device: str, as_json: bool
) -> None:
    """Judge a model, and print its figures.

    Args:
        model: its folder, or its name.
        parts: images to fit the feature network to, and others that it has not seen.
        features: ``own`` fits a network, ``fashion`` takes the one that ships.
        seed: of the latents and of the network.
        device: where the model computes.
        as_json: print JSON.
    """
    from biggan_directions.generators.load import load_generator
    from biggan_directions.runs.observer import RunProgress
    from biggan_directions.training.classifier import accuracy
    from biggan_directions.training.evaluation import check_images, evaluate

    generator = load_generator(str(model), "all", truncation=1.0, device=device)
    check_images(generator, parts[1])
    network = _network(features, parts[0], seed)
    with progress_bar() as shown:
        found = evaluate(
            generator,
            parts[1],
            network,
            seed=seed,
            observe=lambda done, total: shown(RunProgress(phase="generated images", done=done, total=total)),
        )
    right = accuracy(network, parts[1])
    if as_json:
        typer.echo(json.dumps({"model": generator.model, "classifier_accuracy": right, **asdict(found)}))
    else:
        _print(found, right)


def _network(features: str, images: ImageSet, seed: int) -> Classifier:
    """The feature network."""
    import torch

    from biggan_directions.fashion.feature_network import feature_network
    from biggan_directions.runs.observer import RunProgress
    from biggan_directions.training.classifier import Classifier, train_classifier

    if features not in FEATURES:
        raise UsageError(f"--features must be {' or '.join(FEATURES)}, got {features!r}")
    if features == "fashion":
        return feature_network()
    if len(images.names) < 2:
        raise UsageError("a feature network of one's own needs at least two classes of pictures")
    network = Classifier(
        channels=images.channels,
        classes=len(images.names),
        generator=torch.Generator().manual_seed(seed),
    )
    with progress_bar() as observe:
        epochs = max(_EPOCHS, _IMAGES // len(images))
        for step in train_classifier(network, images, epochs=epochs, seed=seed):
            observe(
                RunProgress(
                    phase="feature network", done=step.done, total=step.total, beside={"loss": step.loss}
                )
            )
    return network


def _print(found: Evaluation, right: float) -> None:
    table = Table(box=None)
    table.add_column("")
    table.add_column("generated", justify="right")
    table.add_column("real", justify="right")
    for name, key in (
        ("Fréchet distance / variance ↓", "frechet"),
        ("precision ↑", "precision"),
        ("recall ↑", "recall"),
        ("assigned to their class", "accuracy"),
    ):
        form = ".4f" if key == "frechet" else ".3f"
        table.add_row(name, *(f"{getattr(side, key):{form}}" for side in (found.generated, found.real)))
    for name, value in found.generated.class_recall.items():
        table.add_row(f"recall of {plain(name)}", f"{value:.3f}", f"{found.real.class_recall[name]:.3f}")
    out.print(table)
    out.print(
        f"{found.images:,} images in each set, against as many other real ones; the classifier of the "
        f"features is right on {right:.1%} of the held-out images",
        soft_wrap=True,
    )
