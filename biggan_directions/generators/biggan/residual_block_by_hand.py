"""The residual block of ajbrock's family by hand."""

from typing import TYPE_CHECKING

import torch

from biggan_directions.generators.folded.kernels.by_hand import ByHand, Kept
from biggan_directions.generators.folded.kernels.operations import (
    add_skip_,
    modulate,
    modulate_back_,
    modulate_interleaved,
    modulate_interleaved_back,
    skip_gradient,
)

if TYPE_CHECKING:
    from biggan_directions.generators.biggan.residual_block import ResidualBlock


class ResidualBlockByHand(ByHand["ResidualBlock"]):
    """See :class:`~biggan_directions.generators.biggan.residual_block.ResidualBlock`."""

    @staticmethod
    def run(layer: "ResidualBlock", x: torch.Tensor, terms: torch.Tensor, kept: Kept | None) -> torch.Tensor:
        """Run the layer without autograd; x is not changed."""
        first, second = torch.split(terms, layer.sizes, 1)
        phases = layer.first.run(modulate(x, first))
        out = layer.second.run(modulate_interleaved(phases, second))
        if kept is not None:
            kept.append(phases)
        return add_skip_(out, layer.shortcut.run(x), upsample=True)

    @staticmethod
    def pull_back(
        layer: "ResidualBlock", x: torch.Tensor, terms: torch.Tensor, kept: Kept, gradient: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Turn the gradient of the output into those of x and terms."""
        (phases,) = kept
        first, second = torch.split(terms, layer.sizes, 1)
        by_skip = layer.shortcut.pull_back(skip_gradient(gradient, upsample=True))
        by_phases, by_second = modulate_interleaved_back(phases, second, layer.second.pull_back(gradient))
        by_x = layer.first.pull_back(by_phases)
        by_first = modulate_back_(x, first, by_x)
        return by_x.add_(by_skip), torch.cat([by_first, by_second], 1)
