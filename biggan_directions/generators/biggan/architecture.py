"""BigGAN of ajbrock/BigGAN-PyTorch, with hierarchical z, as an architecture of the registry."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch

from biggan_directions.generators import ImageClass
from biggan_directions.generators.biggan.hierarchical_biggan import HierarchicalBigGAN
from biggan_directions.generators.biggan.sizes import Sizes
from biggan_directions.generators.biggan.turned_chunks import turned
from biggan_directions.generators.biggan.weights_file import CheckpointSettings, read_checkpoint
from biggan_directions.generators.capabilities import TrueDirections
from biggan_directions.generators.classes.class_table import ClassTable
from biggan_directions.generators.classes.imagenet import imagenet_classes
from biggan_directions.generators.config_file import class_list, read_class_list
from biggan_directions.generators.registry import Architecture, ModelFacts
from biggan_directions.generators.weights.catalog import AVERAGED_NAME
from biggan_directions.generators.weights.weight_folder import WeightFiles

_TRUNCATION = 1.0  # none, as in the Hessian Penalty's paper; the weights have one set of batch statistics


@dataclass(frozen=True, kw_only=True, eq=False)
class BigGANWeights:
    """A checkpoint's tensors by their names in :meth:`Sizes.expected_shapes`: float32, on the CPU."""

    sizes: Sizes
    classes: ClassTable
    state: Mapping[str, torch.Tensor]
    sha256: str

    @property
    def parameters(self) -> int:
        """How many learnt numbers there are."""
        return self.sizes.parameters()

    @property
    def facts(self) -> ModelFacts:
        """Sizes, classes and default truncation."""
        return ModelFacts(
            resolution=self.sizes.resolution,
            z_dim=self.sizes.z_dim,
            classes=self.classes,
            truncation=_TRUNCATION,
        )

    @property
    def parts(self) -> tuple[range, ...]:
        """The chunks of z, each of which meets a layer of its own."""
        chunks = map(self.sizes.chunk_of, range(len(self.sizes.layer_names)))
        return tuple(range(chunk.start, chunk.stop) for chunk in chunks)

    def config_values(self) -> dict[str, Any]:
        """What no tensor says: architecture, constants, and the list of classes unless it is ImageNet's."""
        said = {"architecture": "biggan", "bn_eps": self.sizes.bn_eps, "sn_eps": self.sizes.sn_eps}
        return said if _is_published(self.sizes) else {**said, "classes": class_list(self.classes)}

    @property
    def file_name(self) -> str:
        """As the authors' code calls it."""
        return AVERAGED_NAME

    def file_state(self) -> dict[str, torch.Tensor]:
        """The tensors, with the logs of singular values that the authors' code has, which nothing reads."""
        logs = {name.removesuffix("u0") + "sv0": torch.ones(1) for name in self.state if name.endswith(".u0")}
        return {**self.state, **logs}

    def turned(self, rotation: torch.Tensor) -> "BigGANWeights":
        """Weights that draw at ``z`` what these draw at ``z @ rotation``: see :mod:`~.turned_chunks`."""
        return replace(self, state=turned(self.sizes, self.state, rotation))

    def freeze(
        self,
        *,
        classes: Sequence[ImageClass],
        truncation: float,
        model: str,
        license: str,
        true_directions: TrueDirections | None,
        device: torch.device,
    ) -> HierarchicalBigGAN:
        """Make the generator of these classes.

        Raises:
            UsageError: no class, or a truncation outside (0, 1].
        """
        return HierarchicalBigGAN(
            self.sizes,
            self.state,
            classes=classes,
            truncation=truncation,
            model=model,
            weights_sha256=self.sha256,
            license=license,
            true_directions=true_directions,
            device=device,
        )


class BigGAN:
    """The family as an :class:`~biggan_directions.generators.registry.Architecture`."""

    needs_config = False

    def recognises(self, config: Mapping[str, Any]) -> bool:
        """Whether the configuration has one of the settings that only this family has."""
        return not set(CheckpointSettings.__struct_fields__).isdisjoint(config)

    def facts(self, files: WeightFiles) -> ModelFacts:
        """Sizes and classes; errors as in :func:`~.weights_file.read_checkpoint`."""
        return self.read(files).facts

    def read(self, files: WeightFiles) -> BigGANWeights:
        """Read the files; errors as in :func:`~.weights_file.read_checkpoint`."""
        sizes, state, sha256 = read_checkpoint(files)
        listed = None if files.config_path is None else read_class_list(files.config_path, sizes.num_classes)
        if listed is None:
            listed = imagenet_classes() if _is_published(sizes) else ClassTable.numbered(sizes.num_classes)
        return BigGANWeights(sizes=sizes, classes=listed, state=state, sha256=sha256)


ARCHITECTURE: Architecture = BigGAN()


def _is_published(sizes: Sizes) -> bool:
    """Whether these are the sizes of the networks that were trained on ImageNet."""
    return (sizes.num_classes, sizes.shared_dim, sizes.channels[-1]) == (1000, 128, 96) and sizes.blocks in (
        5,
        6,
        7,
    )
