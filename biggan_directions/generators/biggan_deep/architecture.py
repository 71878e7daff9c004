"""BigGAN-deep in pytorch-pretrained-biggan's layout, as an architecture of the registry."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from pytorch_pretrained_biggan import BigGANConfig

from biggan_directions.generators import ImageClass
from biggan_directions.generators.biggan_deep.frozen_biggan import FrozenBigGAN
from biggan_directions.generators.biggan_deep.layout import expected_shapes, load_state, read_config
from biggan_directions.generators.biggan_deep.turned_state import turned
from biggan_directions.generators.capabilities import TrueDirections
from biggan_directions.generators.classes.class_table import ClassTable
from biggan_directions.generators.classes.imagenet import imagenet_classes
from biggan_directions.generators.config_file import class_list, read_class_list
from biggan_directions.generators.registry import Architecture, ModelFacts
from biggan_directions.generators.weights.catalog import WEIGHTS_NAME
from biggan_directions.generators.weights.tensor_check import checked_tensors
from biggan_directions.generators.weights.weight_folder import WeightFiles

_TRUNCATION = 0.4  # as the catalog has it for the published models
_NOT_LEARNT = ("running_means", "running_vars", "weight_u", "weight_v")
# Keys that other networks' configurations are unlikely to have, unlike z_dim and num_classes.
_OWN_KEYS = {"attention_layer_position", "channel_width", "class_embed_dim", "n_stats"}


@dataclass(frozen=True, kw_only=True, eq=False)
class BigGANDeepWeights:
    """A checkpoint's tensors by their names in ``BigGAN(config).state_dict()``: float32, on the CPU."""

    config: BigGANConfig
    classes: ClassTable
    state: Mapping[str, torch.Tensor]
    sha256: str

    @classmethod
    def of_tensors(
        cls,
        config: Mapping[str, Any],
        state: Mapping[str, torch.Tensor],
        *,
        classes: ClassTable,
        sha256: str,
        where: str,
    ) -> "BigGANDeepWeights":
        """Make weights from tensors in memory and a configuration; ``where`` is named in errors.

        Raises:
            FileFormatError: a tensor is absent, of another shape or kind, or not finite.
        """
        parsed = BigGANConfig(**config)
        checked = checked_tensors(state, expected_shapes(parsed), where=where)
        return cls(config=parsed, classes=classes, state=checked, sha256=sha256)

    @property
    def parameters(self) -> int:
        """How many learnt numbers there are."""
        return sum(tensor.numel() for name, tensor in self.state.items() if not name.endswith(_NOT_LEARNT))

    @property
    def facts(self) -> ModelFacts:
        """Sizes, classes and default truncation from the configuration."""
        return _facts(self.config, self.classes)

    @property
    def parts(self) -> tuple[range, ...]:
        """All of z: every layer that meets z meets all of it."""
        return (range(self.config.z_dim),)

    def config_values(self) -> dict[str, Any]:
        """The stock class's values, and the list of classes."""
        return {**self.config.to_dict(), "classes": class_list(self.classes)}

    @property
    def file_name(self) -> str:
        """As the stock package calls it."""
        return WEIGHTS_NAME

    def file_state(self) -> dict[str, torch.Tensor]:
        """The tensors of ``BigGAN(config).state_dict()``."""
        return dict(self.state)

    def turned(self, rotation: torch.Tensor) -> "BigGANDeepWeights":
        """Weights that draw at ``z`` what these draw at ``z @ rotation``: see :mod:`~.turned_state`."""
        return replace(self, state=turned(self.state, rotation))

    def freeze(
        self,
        *,
        classes: Sequence[ImageClass],
        truncation: float,
        model: str,
        license: str,
        true_directions: TrueDirections | None,
        device: torch.device,
    ) -> FrozenBigGAN:
        """Make the generator of these classes at the nearest stored truncation.

        Raises:
            UsageError: no class, or a truncation outside (0, 1].
        """
        return FrozenBigGAN.from_state(
            self.config,
            self.state,
            classes=classes,
            truncation=truncation,
            model=model,
            weights_sha256=self.sha256,
            license=license,
            true_directions=true_directions,
            device=device,
        )


class BigGANDeep:
    """BigGAN-deep as an :class:`~biggan_directions.generators.registry.Architecture`."""

    needs_config = True

    def recognises(self, config: Mapping[str, Any]) -> bool:
        """Whether the configuration has one of BigGAN-deep's own keys."""
        return not _OWN_KEYS.isdisjoint(config)

    def facts(self, files: WeightFiles) -> ModelFacts:
        """Sizes and classes from ``config.json``; errors as in :func:`~.layout.read_config`."""
        return _facts(*_configured(files.config))

    def read(self, files: WeightFiles) -> BigGANDeepWeights:
        """Read both files; errors as in :func:`~.layout.load_state`."""
        config, classes = _configured(files.config)
        _, state = load_state(files)
        return BigGANDeepWeights(config=config, classes=classes, state=state, sha256=files.sha256)


ARCHITECTURE: Architecture = BigGANDeep()


def _configured(config_path: Path) -> tuple[BigGANConfig, ClassTable]:
    config = read_config(config_path)
    listed = read_class_list(config_path, config.num_classes)
    if listed is not None:
        return config, listed
    return config, imagenet_classes() if _is_published(config) else ClassTable.numbered(config.num_classes)


def _is_published(config: BigGANConfig) -> bool:
    """Whether this is the configuration of one of DeepMind's three models, which were trained on ImageNet."""
    sizes = (config.num_classes, config.z_dim, config.channel_width)
    return sizes == (1000, 128, 128) and config.output_dim in (128, 256, 512)


def _facts(config: BigGANConfig, classes: ClassTable) -> ModelFacts:
    return ModelFacts(
        resolution=config.output_dim, z_dim=config.z_dim, classes=classes, truncation=_TRUNCATION
    )
