"""The last block by hand: its features, the largest tensor of the network, are computed in bands."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import torch

from biggan_directions.generators.biggan_deep.block_by_hand import BlockByHand
from biggan_directions.generators.folded.kernels.by_hand import ByHand, Kept
from biggan_directions.generators.folded.kernels.operations import (
    add_skip_,
    bands,
    channels_first,
    mask_,
    pixels_last,
    skip_gradient,
)
from biggan_directions.generators.folded.to_rgb import rgb_shares_gradient

if TYPE_CHECKING:
    from biggan_directions.generators.biggan_deep.last_block import LastBlock


class LastBlockByHand(ByHand["LastBlock"]):
    """See :class:`~biggan_directions.generators.biggan_deep.last_block.LastBlock`."""

    @staticmethod
    def run(layer: "LastBlock", x: torch.Tensor, terms: torch.Tensor, kept: Kept | None) -> torch.Tensor:
        """Run the layer without autograd; x is not changed."""
        hidden = BlockByHand.hidden(layer.block, x, terms, kept)
        shares = hidden.new_empty((len(x), len(layer.weight), *hidden.shape[2:]))
        for sample, tall, _, features in _features_in_bands(layer, hidden, layer.skip(x)):
            torch.mm(layer.weight, _flat(features).T, out=shares[sample, :, tall].flatten(1))
        image = layer.image(shares.flatten(2), hidden)
        if kept is not None:
            kept.extend((hidden, image))
        return image

    @staticmethod
    def pull_back(
        layer: "LastBlock", x: torch.Tensor, terms: torch.Tensor, kept: Kept, gradient: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Turn the gradient of the image into those of x and terms."""
        *block_kept, hidden, image = kept
        by_shares = rgb_shares_gradient(image, gradient)
        by_shares = by_shares.view(*by_shares.shape[:2], *hidden.shape[2:])
        skip = layer.skip(x)
        by_hidden, by_skip = torch.empty_like(hidden), torch.empty_like(skip)
        for sample, tall, rows, features in _features_in_bands(layer, hidden, skip):
            by_features = torch.mm(by_shares[sample, :, tall].flatten(1).T, layer.weight)
            by_features = mask_(channels_first(by_features.view(1, *features.shape[2:], -1)), features)
            by_hidden[sample, :, tall] = layer.block.widen.pull_back(by_features)[0]
            back = skip_gradient(by_features, upsample=layer.block.upsample)[0]
            torch.mul(back, layer.scale, out=by_skip[sample, :, rows])
        by_x, by_terms = BlockByHand.pull_hidden_back(layer.block, x, terms, block_kept, by_hidden)
        by_x[:, : len(layer.scale)] += by_skip
        return by_x, by_terms


def _features_in_bands(
    layer: "LastBlock", hidden: torch.Tensor, skip: torch.Tensor
) -> Iterator[tuple[int, slice, slice, torch.Tensor]]:
    """Sample, rows of the image, rows of the skip path, and the features there ``(1, C, rows, W)``."""
    factor = 2 if layer.block.upsample else 1
    row_bytes = factor * hidden.shape[3] * len(layer.scale) * hidden.element_size()
    for sample in range(len(hidden)):
        for rows in bands(skip.shape[2], row_bytes, device=hidden.device):
            tall = slice(rows.start * factor, rows.stop * factor)
            features = layer.block.widen.run(hidden[sample : sample + 1, :, tall])
            add_skip_(features, skip[sample : sample + 1, :, rows], upsample=layer.block.upsample)
            yield sample, tall, rows, features.relu_()


def _flat(x: torch.Tensor) -> torch.Tensor:
    """The pixels of one image ``(H·W, C)``."""
    return pixels_last(x).flatten(0, 2)
