"""The residual block by hand."""

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
    from biggan_directions.generators.biggan_deep.block import Block


class BlockByHand(ByHand["Block"]):
    """See :class:`~biggan_directions.generators.biggan_deep.block.Block`."""

    @staticmethod
    def run(layer: "Block", x: torch.Tensor, terms: torch.Tensor, kept: Kept | None) -> torch.Tensor:
        """Run the layer without autograd; x is not changed."""
        out = layer.widen.run(BlockByHand.hidden(layer, x, terms, kept))
        return add_skip_(out, x[:, : layer.out_channels], upsample=layer.upsample)

    @staticmethod
    def hidden(layer: "Block", x: torch.Tensor, terms: torch.Tensor, kept: Kept | None) -> torch.Tensor:
        """Run all but the last convolution and the skip path; keeps the input of each norm but the first."""
        first, second, third, fourth = torch.split(terms, layer.sizes, 1)
        narrow = layer.narrow.run(modulate(x, first))
        spatial_1 = layer.spatial_1.run(modulate(narrow, second, out=narrow if kept is None else None))
        if layer.upsample:
            out = modulate_interleaved(spatial_1, third)
        else:
            out = modulate(spatial_1, third, out=spatial_1 if kept is None else None)
        spatial_2 = layer.spatial_2.run(out)
        if kept is not None:
            kept.extend((narrow, spatial_1, spatial_2))
        return modulate(spatial_2, fourth, out=spatial_2 if kept is None else None)

    @staticmethod
    def pull_back(
        layer: "Block", x: torch.Tensor, terms: torch.Tensor, kept: Kept, gradient: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Turn the gradient of the output into those of x and terms."""
        by_x, by_terms = BlockByHand.pull_hidden_back(layer, x, terms, kept, layer.widen.pull_back(gradient))
        by_x[:, : layer.out_channels] += skip_gradient(gradient, upsample=layer.upsample)
        return by_x, by_terms

    @staticmethod
    def pull_hidden_back(
        layer: "Block", x: torch.Tensor, terms: torch.Tensor, kept: Kept, gradient: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """The same for :meth:`hidden`; overwrites ``gradient``."""
        narrow, spatial_1, spatial_2 = kept
        first, second, third, fourth = torch.split(terms, layer.sizes, 1)
        by_fourth = modulate_back_(spatial_2, fourth, gradient)
        gradient = layer.spatial_2.pull_back(gradient)
        if layer.upsample:
            gradient, by_third = modulate_interleaved_back(spatial_1, third, gradient)
        else:
            by_third = modulate_back_(spatial_1, third, gradient)
        gradient = layer.spatial_1.pull_back(gradient)
        by_second = modulate_back_(narrow, second, gradient)
        gradient = layer.narrow.pull_back(gradient)
        by_first = modulate_back_(x, first, gradient)
        return gradient, torch.cat([by_first, by_second, by_third, by_fourth], 1)
