"""BigGAN-deep's residual block, folded."""

import torch

from biggan_directions.generators.biggan_deep.block_by_hand import BlockByHand
from biggan_directions.generators.biggan_deep.folding import Modulations, State, normalised_weight
from biggan_directions.generators.folded.kernels.convolution import Convolution
from biggan_directions.generators.folded.kernels.operations import modulate, upsampled
from biggan_directions.generators.folded.layer import Layer
from biggan_directions.generators.folded.subpixel import interleave, subpixel_weight


class Block(Layer):
    """Four times norm, ReLU and convolution, an optional upsample, and a skip path that may drop channels.

    The biases of convolutions are not added but folded into the norms that follow. ``offset (channels,)`` is
    the constant that is missing from the input compared with the package's tensor; ``self.offset`` is the one
    missing from the output.
    """

    by_hand = BlockByHand

    def __init__(
        self, state: State, name: str, modulations: Modulations, *, upsample: bool, offset: torch.Tensor
    ) -> None:
        super().__init__()
        self.upsample = upsample
        self.sizes: list[int] = []
        convolutions = []
        lacking = offset
        for i in range(4):
            self.sizes.append(modulations.add_norm(f"{name}.bn_{i}", lacking))
            weight = normalised_weight(state, f"{name}.conv_{i}")
            convolutions.append(Convolution(subpixel_weight(weight) if upsample and i == 1 else weight))
            lacking = state[f"{name}.conv_{i}.bias"].double()
        self.size = sum(self.sizes)
        self.narrow, self.spatial_1, self.spatial_2, self.widen = convolutions
        self.out_channels = len(self.widen.weight)
        self.offset = lacking + offset[: self.out_channels]

    def plain(self, x: torch.Tensor, terms: torch.Tensor) -> torch.Tensor:
        """The layer in ordinary operations of autograd."""
        out, skip = self.widen.plain(self.plain_hidden(x, terms)), x[:, : self.out_channels]
        return out + upsampled(skip) if self.upsample else out + skip

    def plain_hidden(self, x: torch.Tensor, terms: torch.Tensor) -> torch.Tensor:
        """The layer without its last convolution and the skip path."""
        first, second, third, fourth = torch.split(terms, self.sizes, 1)
        x = modulate(self.narrow.plain(modulate(x, first)), second)
        x = self.spatial_1.plain(x)
        x = modulate(interleave(x) if self.upsample else x, third)
        return modulate(self.spatial_2.plain(x), fourth)
