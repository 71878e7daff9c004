"""The settings of a training run; the one place of their defaults."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from biggan_directions.errors import UsageError

RESOLUTIONS = (32, 64, 128)


def _setting(default: Any, text: str) -> Any:
    return field(default=default, metadata={"help": text})


@dataclass(frozen=True, kw_only=True)
class TrainSettings:
    """How to train a generator.

    The generator is BigGAN-deep (arXiv:1809.11096). The recipe is that of R3GAN (arXiv:2501.05441): a paired
    relativistic loss, a discriminator without normalisation, penalties on its gradient at real and generated
    images. The penalties are used every few steps (arXiv:1912.04958, section 3.1), and the weights are
    averaged.

    Raises:
        UsageError: a value is out of range; the message names it.
    """

    resolution: int = _setting(32, "side of the images in pixels: 32, 64 or 128")
    z_dim: int = _setting(32, "numbers per latent")
    width: int = _setting(48, "channels of the generator's last layer; its first has sixteen times as many")
    discriminator_width: int = _setting(48, "channels of the discriminator's first block")
    attention: int = _setting(0, "size in pixels of the layer that self-attention precedes; 0 for none")
    steps: int = _setting(20_000, "training steps")
    decay: float = _setting(0.25, "share of the steps at the end in which the learning rates fall to zero")
    batch: int = _setting(64, "images per step")
    micro_batch: int = _setting(64, "images per batch normalisation; the unit of work of several processes")
    generator_rate: float = _setting(2e-4, "Adam's learning rate of the generator")
    discriminator_rate: float = _setting(2e-4, "Adam's learning rate of the discriminator")
    penalty: float = _setting(0.2, "weight of the penalty on the discriminator's gradient at images, γ")
    penalty_every: int = _setting(16, "steps between two uses of the penalty, with as much more weight")
    averaging: float = _setting(0.999, "decay per step of the average of the generator's weights")
    augment: bool = _setting(False, "shift and cut the images that the discriminator sees (arXiv:2006.10738)")
    autocast: bool = _setting(True, "compute convolutions in bfloat16")
    statistics: int = _setting(1024, "images for the batch statistics of each truncation, at the end")
    seed: int = _setting(0, "of the weights, latents and order of images")

    def __post_init__(self) -> None:
        if self.resolution not in RESOLUTIONS:
            raise UsageError(f"resolution must be 32, 64 or 128, got {self.resolution}; try --resolution 32")
        for name, least, most in (
            ("z_dim", 2, 4096),
            ("width", 4, 1024),
            ("discriminator_width", 4, 1024),
            ("steps", 1, 10**9),
            ("penalty_every", 1, 10**6),
            ("batch", 2, 2**20),
            ("micro_batch", 2, 2**20),
            ("statistics", 2, 2**20),
        ):
            value = getattr(self, name)
            if not least <= value <= most:
                raise UsageError(f"{name} must be from {least} to {most}, got {value}")
        if self.batch % self.micro_batch:
            raise UsageError(
                f"batch must be a multiple of micro_batch, got {self.batch} and {self.micro_batch}: "
                f"try --set micro_batch={self.batch}"
            )
        if self.attention and (self.attention not in (8, 16, 32, 64) or self.attention >= self.resolution):
            raise UsageError(
                f"attention must be 0 or 8, 16, 32 or 64 and below the resolution, got {self.attention}"
            )
        for name, low, high in (
            ("generator_rate", 0.0, 1.0),
            ("discriminator_rate", 0.0, 1.0),
            ("averaging", 0.0, 1.0),
        ):
            if not low < getattr(self, name) < high:
                raise UsageError(f"{name} must be above 0 and below 1, got {getattr(self, name)}")
        if not 0 <= self.penalty <= 1e6:
            raise UsageError(f"penalty must be from 0 to 1000000, got {self.penalty}")
        if not 0 <= self.decay <= 1:
            raise UsageError(f"decay must be from 0 to 1, got {self.decay}")

    @classmethod
    def of_text(cls, words: Mapping[str, str], given: Mapping[str, Any]) -> TrainSettings:
        """Settings from texts by their names, as ``--set`` gives them, and from values that are ready.

        Raises:
            UsageError: there is no such setting, it is given twice, or its text is not of its type.

        >>> TrainSettings.of_text({"width": "24", "augment": "true"}, {"steps": 100}).width
        24
        """
        types = {field.name: type(field.default) for field in fields(cls)}
        values = dict(given)
        for name, text in words.items():
            if name not in types:
                raise UsageError(f"there is no setting {name[:80]!r}; the settings are {', '.join(types)}")
            if name in given:
                raise UsageError(f"{name} is given twice: leave --set {name}={text} out")
            values[name] = _parsed(name, text, types[name])
        if "micro_batch" not in values and values.get("batch", cls.micro_batch) < cls.micro_batch:
            values["micro_batch"] = values["batch"]
        return cls(**values)

    @property
    def units(self) -> int:
        """Micro-batches per step."""
        return self.batch // self.micro_batch


def _parsed(name: str, text: str, kind: type) -> Any:
    """The value of a setting in a text."""
    try:
        if kind is bool:
            return {"true": True, "false": False}[text.lower()]
        return kind(text)
    except (ValueError, KeyError):
        what = {bool: "true or false", int: "a whole number", float: "a number"}[kind]
        raise UsageError(f"{name} must be {what}, got {text[:80]!r}") from None
