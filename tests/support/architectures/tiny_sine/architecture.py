"""A whole architecture in one file: images are sines of a matrix times z, with a phase for each class."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch

from biggan_directions import CallableGenerator
from biggan_directions.errors import FileFormatError
from biggan_directions.files.torch_file import read_torch_file
from biggan_directions.generators import ImageClass
from biggan_directions.generators.capabilities import TrueDirections
from biggan_directions.generators.classes.class_table import ClassTable
from biggan_directions.generators.config_file import read_class_list, read_config_values
from biggan_directions.generators.registry import ModelFacts
from biggan_directions.generators.weights.weight_folder import WeightFiles


@dataclass(frozen=True, kw_only=True)
class TinySineWeights:
    facts: ModelFacts
    state: Mapping[str, torch.Tensor]
    sha256: str

    @property
    def parameters(self) -> int:
        return sum(tensor.numel() for tensor in self.state.values())

    def freeze(
        self,
        *,
        classes: Sequence[ImageClass],
        truncation: float,
        model: str,
        license: str,
        true_directions: TrueDirections | None,
        device: torch.device,
    ) -> CallableGenerator:
        matrix, phases = (self.state[name].to(device) for name in ("matrix", "phases"))
        side = self.facts.resolution

        def draw(z: torch.Tensor, class_index: torch.Tensor) -> torch.Tensor:
            waves = torch.sin(z @ matrix.to(z) + phases.to(z)[class_index, None])
            return waves.reshape(len(z), 3, side, side)

        generator = CallableGenerator(
            draw,
            z_dim=self.facts.z_dim,
            resolution=side,
            name=model,
            classes=[entry.names[0] for entry in self.facts.classes],
            truncation=truncation,
            device=device,
            license=license,
        )
        generator.weights_sha256 = self.sha256
        return generator.of_class(*(item.index for item in classes))


class TinySine:
    needs_config = True

    def recognises(self, config: Mapping[str, Any]) -> bool:
        return "sine_side" in config

    def facts(self, files: WeightFiles) -> ModelFacts:
        config_path = files.config
        values = read_config_values(config_path)
        side, z_dim, count = (values.get(key) for key in ("sine_side", "z_dim", "num_classes"))
        if not (isinstance(side, int) and isinstance(z_dim, int) and isinstance(count, int)):
            raise FileFormatError(f"{config_path} needs sine_side, z_dim and num_classes")
        classes = read_class_list(config_path, count) or ClassTable.numbered(count)
        return ModelFacts(resolution=side, z_dim=z_dim, classes=classes, truncation=1.0)

    def read(self, files: WeightFiles) -> TinySineWeights:
        facts = self.facts(files)
        state = read_torch_file(files.state_path, largest=2**20, what="tensors of tiny-sine")
        expected = {"matrix": (facts.z_dim, 3 * facts.resolution**2), "phases": (len(facts.classes),)}
        if {name: tuple(tensor.shape) for name, tensor in state.items()} != expected:
            raise FileFormatError(f"{files.state_path} has not the tensors {expected}")
        return TinySineWeights(facts=facts, state=state, sha256=files.sha256)


ARCHITECTURE = TinySine()
