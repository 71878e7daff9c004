"""Networks from which a training run begins, in place of random ones."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from pytorch_pretrained_biggan import BigGANConfig
from torch import Tensor, nn

from biggan_directions.errors import FileFormatError, UsageError
from biggan_directions.generators.biggan_deep.folding import normalised_weight
from biggan_directions.training.spectral import SpectralLayer, iterate
from biggan_directions.training.trainable import EPS, BatchNorm, Plan, TrainableBigGAN

KEPT = ", statistics kept"
"""Ends the words of a beginning whose batch statistics stay as they are."""

_PREFIX = "generator."
_RGB = "conv_to_rgb"
_COLOURS = 3
_NORM_ERROR = 0.01
_VARIANTS = ("running_means", "running_vars")

Statistics = dict[str, tuple[Tensor, Tensor]]


@dataclass(frozen=True, kw_only=True, eq=False)
class Beginning:
    """A trained generator, with its discriminator if there is one.

    A run that begins with a checkpoint of ``train`` has both networks, and goes on with batch normalisation.
    Weights in the stock layout have no discriminator, and statistics of their own: those stay as they are, so
    that the generator is at first exactly the one that was given.

    Attributes:
        name: of the model, for messages.
        sha256: of what was read.
        settings: what a run's settings must be: ``resolution``, ``z_dim``, ``width`` and others by name.
        classes: names of the classes, or how many there are if they have no names.
        plan: of the generator's blocks; None if it follows from the settings.
        generator: its state, by the names of :class:`~.trainable.TrainableBigGAN`.
        discriminator: its state, or None.
        statistics: means and variances ``(rows, channels)`` by the name of the layer, or None.
    """

    name: str
    sha256: str
    settings: dict[str, Any]
    classes: tuple[str, ...] | int
    plan: Plan | None
    generator: Mapping[str, Tensor]
    discriminator: Mapping[str, Tensor] | None = None
    statistics: Statistics | None = None

    @property
    def words(self) -> str:
        """What a run that is resumed must share."""
        kept = "" if self.statistics is None else KEPT
        return f"{self.name} ({self.sha256[:12]}){kept}"

    @classmethod
    def of_stock(
        cls, config: BigGANConfig, state: Mapping[str, Tensor], *, name: str, sha256: str, classes: Any
    ) -> Beginning:
        """Begin with weights in the stock layout, checked tensors of float32.

        Raises:
            UsageError: the network cannot be trained here.
        """
        if config.eps != EPS:
            raise UsageError(
                f"{name} has eps {config.eps:g} in its normalisation; train can go on with {EPS:g}"
            )
        plan = Plan(
            layers=tuple((bool(up), inside, outside) for up, inside, outside in config.layers),
            attention_position=min(config.attention_layer_position, len(config.layers)),
        )
        own = {key.removeprefix(_PREFIX): value for key, value in state.items() if key.startswith(_PREFIX)}
        generator = {key: value for key, value in own.items() if not key.endswith(_VARIANTS)}
        generator["embeddings"] = state["embeddings.weight"]
        for key in [key for key in generator if key.endswith("weight_orig")]:
            layer = key.removesuffix(".weight_orig")
            generator[key] = normalised_weight(own, layer).float()
            # any vector of this length will do: the power iteration makes it anew
            generator[f"{layer}.weight_v"] = torch.ones_like(own[f"{layer}.weight_v"])
        for part in ("weight_orig", "bias", "weight_u"):
            generator[f"{_RGB}.{part}"] = generator[f"{_RGB}.{part}"][:_COLOURS]
        layers = [key.removesuffix(".running_means") for key in own if key.endswith("running_means")]
        return cls(
            name=name,
            sha256=sha256,
            settings={
                "resolution": config.output_dim,
                "z_dim": config.z_dim,
                "width": config.channel_width,
                "attention": _attended_size(plan),
            },
            classes=classes,
            plan=plan,
            generator=generator,
            statistics={
                layer: (own[f"{layer}.running_means"], own[f"{layer}.running_vars"]) for layer in layers
            },
        )

    @classmethod
    def of_checkpoint(cls, state: Mapping[str, Any], *, name: str, sha256: str) -> Beginning:
        """Begin with both networks of a run of ``train``.

        Raises:
            FileFormatError: it is not the state of such a run.
        """
        try:
            settings = state["settings"]
            kept = ("resolution", "z_dim", "width", "discriminator_width", "attention")
            generator, discriminator = dict(state["generator"]), dict(state["discriminator"])
            return cls(
                name=name,
                sha256=sha256,
                settings={key: settings[key] for key in kept},
                classes=int(generator["embeddings"].shape[1]),
                plan=None,
                generator=generator,
                discriminator=discriminator,
            )
        except (KeyError, TypeError, AttributeError, IndexError, ValueError) as error:
            raise FileFormatError(
                f"{name} holds no state of a training run that can be begun from"
            ) from error

    def check_images(self, names: tuple[str, ...], channels: int) -> None:
        """Refuse images of other classes, or grey ones for a generator of colours.

        Raises:
            UsageError: they do not fit.
        """
        count = self.classes if isinstance(self.classes, int) else len(self.classes)
        if len(names) != count:
            raise UsageError(f"{self.name} draws {count} classes, but there are images of {len(names)}")
        if not isinstance(self.classes, int) and names != self.classes:
            raise UsageError(
                f"the classes of the images are {', '.join(names[:4])}, …, but those of {self.name} are "
                f"{', '.join(self.classes[:4])}, …, in this order: name the images' with --class-names"
            )
        rows = self.generator[f"{_RGB}.weight_orig"]
        grey = all(torch.equal(rows[0], row) for row in rows[1:])
        if channels == 1 and not grey:
            raise UsageError(f"{self.name} draws colours, but the images are grey")

    def fill(self, network: TrainableBigGAN) -> None:
        """Give a generator the weights, and the statistics where there are some.

        Raises:
            FileFormatError: the weights are of another network.
            UsageError: spectral norm in the weights is not what it is while a network is trained.
        """
        state = dict(self.generator)
        channels = network.get_parameter(f"{_RGB}.bias").shape[0]
        for part in ("weight_orig", "bias", "weight_u"):
            found = state[f"{_RGB}.{part}"]
            if len(found) != channels:  # three equal rows, or one
                found = found[:1].expand(channels, *found.shape[1:]).clone()
            state[f"{_RGB}.{part}"] = found
        _load(network, state, self.name)
        iterate(network, 50)
        self.fix(network)
        if self.statistics is not None:
            self._check_norms(network)

    def _check_norms(self, network: TrainableBigGAN) -> None:
        """Refuse weights, divided by what they are divided by when they draw, whose norm is not 1.

        The published models' last layer has many outputs, of which three are kept, and one norm for all.
        """
        for name, layer in network.named_modules():
            if not isinstance(layer, SpectralLayer):
                continue
            matrix = layer.weight_orig.detach().flatten(1)
            norm = float(torch.dot(layer.weight_u, matrix @ layer.weight_v))
            if not abs(norm - 1) < _NORM_ERROR:
                raise UsageError(
                    f"{self.name} cannot be trained further: the weights of {name} have norm {norm:.3g} "
                    "after their spectral normalisation, expected 1"
                )

    def fix(self, network: TrainableBigGAN) -> None:
        """Make a generator normalise by the statistics of truncation 1, where there are some."""
        if self.statistics is None:
            return
        device = next(network.parameters()).device
        for layer in network.modules():
            if isinstance(layer, BatchNorm):
                means, variances = self.statistics[layer.name]
                layer.fixed = (means[-1].to(device), variances[-1].to(device))

    def fill_discriminator(self, network: nn.Module) -> None:
        """Give a discriminator its weights, where there are some.

        Raises:
            FileFormatError: the weights are of another network.
        """
        if self.discriminator is not None:
            _load(network, self.discriminator, self.name)

    def rows(self) -> list[Statistics]:
        """The statistics of every stored truncation, as ``measure_statistics`` gives them."""
        assert self.statistics is not None
        count = len(next(iter(self.statistics.values()))[0])
        return [
            {name: (means[row], variances[row]) for name, (means, variances) in self.statistics.items()}
            for row in range(count)
        ]


def _attended_size(plan: Plan) -> int:
    """Pixels of the layer that self-attention precedes; 0 for none."""
    if plan.attention_position == len(plan.layers):
        return 0
    return int(4 * 2 ** sum(upsample for upsample, _, _ in plan.layers[: plan.attention_position]))


def _load(network: nn.Module, state: Mapping[str, Tensor], name: str) -> None:
    try:
        network.load_state_dict(dict(state))
    except (RuntimeError, AttributeError, TypeError) as error:
        raise FileFormatError(
            f"the weights of {name} are of another network than its settings say"
        ) from error
