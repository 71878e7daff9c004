"""A run that begins with a trained generator: at first it is exactly that generator."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import torch

from biggan_directions import load_generator
from biggan_directions.errors import FileFormatError, UsageError
from biggan_directions.generators.biggan_deep.architecture import BigGANDeepWeights
from biggan_directions.generators.load import read_model
from biggan_directions.training.beginning import Beginning
from biggan_directions.training.image_set import ImageSet
from biggan_directions.training.settings import TrainSettings
from biggan_directions.training.trainer import Trainer
from tests.support.picture_sets import TINY, image_set


def of_model(model: str) -> Beginning:
    loaded = read_model(model)
    assert isinstance(loaded.weights, BigGANDeepWeights)
    weights = loaded.weights
    return Beginning.of_stock(
        weights.config,
        weights.state,
        name=model,
        sha256=weights.sha256,
        classes=tuple(entry.names[0] for entry in weights.classes),
    )


def pictures(beginning: Beginning, channels: int) -> ImageSet:
    side = beginning.settings["resolution"]
    random = torch.Generator().manual_seed(0)
    assert isinstance(beginning.classes, tuple)
    return ImageSet(
        images=torch.randint(0, 256, (20, channels, side, side), dtype=torch.uint8, generator=random),
        class_index=torch.arange(20) % 10,
        names=beginning.classes,
    )


def trainer_of(beginning: Beginning, channels: int, **changes: Any) -> Trainer:
    few = {"batch": 4, "micro_batch": 4, "steps": 100, "discriminator_width": 4}
    settings = TrainSettings(**{**few, **beginning.settings, **changes})
    return Trainer(settings, pictures(beginning, channels), beginning=beginning)


@pytest.mark.parametrize(("model", "channels", "off"), [("toybox", 3, 1e-4), ("fashion", 1, 0.02)])
def test_it_draws_what_the_model_draws(model: str, channels: int, off: float) -> None:
    """To rounding: that of float16 for fashion, whose stored weights have norms a little off 1."""
    trainer, generator = trainer_of(of_model(model), channels), load_generator(model, "all")
    z = torch.randn(3, 32, generator=torch.Generator().manual_seed(0))
    classes = torch.tensor([0, 4, 9])
    with torch.no_grad():
        for network in (trainer.generator, trainer.averaged()):
            images = network(z, classes).expand(-1, 3, -1, -1)
            torch.testing.assert_close(images, generator(z, classes), rtol=0, atol=off)
            # a sample does not depend on the batch, as the statistics are constants
            torch.testing.assert_close(
                network(z[:1], classes[:1]).expand(-1, 3, -1, -1), images[:1], rtol=0, atol=1e-4
            )
    plan = of_model(model).plan
    assert plan is not None
    assert trainer.generator.config()["layers"] == [list(layer) for layer in plan.layers]


def test_the_generator_waits_for_its_discriminator() -> None:
    trainer = trainer_of(of_model("fashion"), 1, autocast=False)
    before = [parameter.detach().clone() for parameter in trainer.generator.parameters()]
    rates = []
    for _ in range(3):
        trainer.advance()
        rates.append(trainer.state()["optimizers"][0]["param_groups"][0]["lr"])
        if len(rates) == 1:
            assert all(map(torch.equal, before, trainer.generator.parameters()))
    assert rates == pytest.approx([0.0, 2e-5, 4e-5])  # over a tenth of a hundred steps
    assert not all(map(torch.equal, before, trainer.generator.parameters()))


def test_a_checkpoint_gives_both_networks_and_batch_normalisation() -> None:
    first = Trainer(TINY, image_set())
    for _ in range(3):
        first.advance()
    beginning = Beginning.of_checkpoint(first.state(), name="mine", sha256="0" * 64)
    assert beginning.settings == {
        name: getattr(TINY, name)
        for name in ("resolution", "z_dim", "width", "discriminator_width", "attention")
    }
    second = Trainer(replace(TINY, seed=9), image_set(), beginning=beginning)
    z, classes = torch.randn(6, 4, generator=torch.Generator().manual_seed(0)), torch.arange(6) % 3
    with torch.no_grad():
        images = first.generator(z, classes)
        torch.testing.assert_close(second.generator(z, classes), images, rtol=0, atol=0.02)
        assert torch.equal(second.discriminator(images, classes), first.discriminator(images, classes))
        assert not torch.allclose(second.generator(z[:2], classes[:2]), images[:2], atol=1e-3)
    second.advance()
    assert second.state()["optimizers"][0]["param_groups"][0]["lr"] == TINY.generator_rate


def test_what_does_not_fit_is_refused() -> None:
    toybox = of_model("toybox")
    grey, colours = pictures(toybox, 1), pictures(toybox, 3)
    settings = TrainSettings(batch=4, micro_batch=4, **toybox.settings)
    for images, says in (
        (grey, "toybox draws colours, but the images are grey"),
        (replace(colours, names=colours.names[:9]), "toybox draws 10 classes, but there are images of 9"),
        (replace(colours, names=colours.names[::-1]), "in this order: name the images' with --class-names"),
    ):
        with pytest.raises(UsageError, match=says):
            Trainer(settings, images, beginning=toybox)
    numbered = replace(toybox, classes=10)
    Trainer(settings, replace(colours, names=colours.names[::-1]), beginning=numbered)
    states: list[dict[str, Any]] = [{}, {"settings": {}}, {"settings": None, "generator": {}}]
    for broken in states:
        with pytest.raises(FileFormatError, match="mine holds no state of a training run"):
            Beginning.of_checkpoint(broken, name="mine", sha256="")


def test_weights_that_are_scaled_otherwise_are_refused() -> None:
    """As of the published models, whose last layer has more outputs under one norm than the three colours."""
    fashion = of_model("fashion")
    weights = {
        **fashion.generator,
        "conv_to_rgb.weight_orig": fashion.generator["conv_to_rgb.weight_orig"] / 2,
    }
    with pytest.raises(UsageError, match=r"weights of conv_to_rgb have norm 0\.5 after"):
        trainer_of(replace(fashion, generator=weights), 1)
