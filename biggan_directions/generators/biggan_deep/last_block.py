"""The last block and what follows it: norm, ReLU, the convolution to three colours, tanh."""

from collections.abc import Iterator

import torch
from torch.nn import functional as F

from biggan_directions.generators.biggan_deep.block import Block
from biggan_directions.generators.biggan_deep.folding import Modulations, State, normalised_weight
from biggan_directions.generators.biggan_deep.kernels.convolution import Convolution
from biggan_directions.generators.biggan_deep.kernels.operations import (
    add_skip_,
    bands,
    channels_first,
    mask_,
    pixels_last,
    skip_gradient,
    upsampled,
)
from biggan_directions.generators.biggan_deep.layer import Kept, Layer


class LastBlock(Layer):
    """A block and the way from it to the picture, so that its features, the widest tensor of all, never
    exist whole.

    The last norm knows no condition: its scale goes into the block's last convolution, and on the skip path
    it is done before the upsample. The 3×3 convolution is a product, for what each pixel adds to each
    colour of each neighbour, and a sum over neighbours.
    """

    scale: torch.Tensor
    shift: torch.Tensor
    weight: torch.Tensor
    bias: torch.Tensor

    def __init__(self, state: State, name: str, modulations: Modulations, *, block: Block) -> None:
        super().__init__()
        scale, shift = modulations.plain_norm(f"{name}.bn", block.offset)
        weight = normalised_weight(state, f"{name}.conv_to_rgb")[:3]
        self.block, self.size = block, block.size
        block.widen = Convolution(block.widen.weight * scale[:, None, None, None])
        self.register_buffer("scale", scale[:, None, None])
        self.register_buffer("shift", shift[:, None, None])
        self.register_buffer("weight", weight.flip(2, 3).permute(0, 2, 3, 1).flatten(0, 2))  # (3·9, channels)
        self.register_buffer("bias", state[f"{name}.conv_to_rgb.bias"].double()[:3, None, None])

    def plain(self, x: torch.Tensor, terms: torch.Tensor) -> torch.Tensor:
        """The layer in operations that autograd knows."""
        hidden, skip = self.block.plain_hidden(x, terms), self._skip(x)
        features = self.block.widen.plain(hidden) + (upsampled(skip) if self.block.upsample else skip)
        return self._image(torch.matmul(self.weight, features.relu_().flatten(2)), hidden)

    def run(self, x: torch.Tensor, terms: torch.Tensor, kept: Kept | None) -> torch.Tensor:
        """The layer without autograd; x stays as it is."""
        hidden = self.block.hidden(x, terms, kept)
        shares = hidden.new_empty((len(x), len(self.weight), *hidden.shape[2:]))
        for sample, tall, _, features in self._features_in_bands(hidden, self._skip(x)):
            torch.mm(self.weight, _flat(features).T, out=shares[sample, :, tall].flatten(1))
        image = self._image(shares.flatten(2), hidden)
        if kept is not None:
            kept.extend((hidden, image))
        return image

    def pull_back(
        self, x: torch.Tensor, terms: torch.Tensor, kept: Kept, gradient: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """From the gradient with respect to the picture, to those with respect to x and terms."""
        *block_kept, hidden, image = kept
        by_shares = F.unfold((1 - image * image).mul_(gradient), 3, padding=1)
        by_shares = by_shares.view(*by_shares.shape[:2], *hidden.shape[2:])
        skip = self._skip(x)
        by_hidden, by_skip = torch.empty_like(hidden), torch.empty_like(skip)
        for sample, tall, rows, features in self._features_in_bands(hidden, skip):
            by_features = torch.mm(by_shares[sample, :, tall].flatten(1).T, self.weight)
            by_features = mask_(channels_first(by_features.view(1, *features.shape[2:], -1)), features)
            by_hidden[sample, :, tall] = self.block.widen.pull_back(by_features)[0]
            back = skip_gradient(by_features, upsample=self.block.upsample)[0]
            torch.mul(back, self.scale, out=by_skip[sample, :, rows])
        by_x, by_terms = self.block.pull_hidden_back(x, terms, block_kept, by_hidden)
        by_x[:, : len(self.scale)] += by_skip
        return by_x, by_terms

    def _skip(self, x: torch.Tensor) -> torch.Tensor:
        return torch.addcmul(self.shift, x[:, : len(self.scale)], self.scale)

    def _image(self, shares: torch.Tensor, hidden: torch.Tensor) -> torch.Tensor:
        return F.fold(shares, hidden.shape[2:], kernel_size=3, padding=1).add_(self.bias).tanh_()

    def _features_in_bands(
        self, hidden: torch.Tensor, skip: torch.Tensor
    ) -> Iterator[tuple[int, slice, slice, torch.Tensor]]:
        """Sample, its rows in the picture and on the skip path, the features there ``(1, C, rows, W)``."""
        factor = 2 if self.block.upsample else 1
        row_bytes = factor * hidden.shape[3] * len(self.scale) * hidden.element_size()
        for sample in range(len(hidden)):
            for rows in bands(skip.shape[2], row_bytes, device=hidden.device):
                tall = slice(rows.start * factor, rows.stop * factor)
                features = self.block.widen.run(hidden[sample : sample + 1, :, tall])
                add_skip_(features, skip[sample : sample + 1, :, rows], upsample=self.block.upsample)
                yield sample, tall, rows, features.relu_()


def _flat(x: torch.Tensor) -> torch.Tensor:
    """One picture's pixels ``(H·W, C)``."""
    return pixels_last(x).flatten(0, 2)
