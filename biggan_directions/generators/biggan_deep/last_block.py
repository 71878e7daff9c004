"""The last block and the layers after it: norm, ReLU, the convolution to three colours, tanh."""

import torch

from biggan_directions.generators.biggan_deep.block import Block
from biggan_directions.generators.biggan_deep.folding import Modulations, State, normalised_weight
from biggan_directions.generators.biggan_deep.last_block_by_hand import LastBlockByHand
from biggan_directions.generators.folded.kernels.convolution import Convolution
from biggan_directions.generators.folded.kernels.operations import upsampled
from biggan_directions.generators.folded.layer import Layer
from biggan_directions.generators.folded.to_rgb import rgb_image, rgb_weight


class LastBlock(Layer):
    """The last block together with the output layers, so that its features need not be in memory at once.

    The features are the largest tensor of the network. The last norm is unconditional: its scale is folded
    into the block's last convolution, and on the skip path it is applied before the upsample.
    """

    by_hand = LastBlockByHand
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
        self.register_buffer("weight", rgb_weight(weight))
        self.register_buffer("bias", state[f"{name}.conv_to_rgb.bias"].double()[:3, None, None])

    def plain(self, x: torch.Tensor, terms: torch.Tensor) -> torch.Tensor:
        """The layer in ordinary operations of autograd."""
        hidden, skip = self.block.plain_hidden(x, terms), self.skip(x)
        features = self.block.widen.plain(hidden) + (upsampled(skip) if self.block.upsample else skip)
        return self.image(torch.matmul(self.weight, features.relu_().flatten(2)), hidden)

    def skip(self, x: torch.Tensor) -> torch.Tensor:
        """The skip path, scaled and shifted by the last norm."""
        return torch.addcmul(self.shift, x[:, : len(self.scale)], self.scale)

    def image(self, shares: torch.Tensor, hidden: torch.Tensor) -> torch.Tensor:
        """The image, from the contribution of each pixel to each colour of each neighbour."""
        return rgb_image(shares, (hidden.shape[2], hidden.shape[3]), self.bias)
