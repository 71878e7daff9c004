"""The residual block of ajbrock's family, folded."""

import torch

from biggan_directions.generators.biggan.conditioning import Conditioning
from biggan_directions.generators.biggan.residual_block_by_hand import ResidualBlockByHand
from biggan_directions.generators.folded.kernels.convolution import Convolution
from biggan_directions.generators.folded.kernels.operations import modulate, upsampled
from biggan_directions.generators.folded.layer import Layer
from biggan_directions.generators.folded.subpixel import interleave, subpixel_weight


class ResidualBlock(Layer):
    """Norm, ReLU, upsample, 3×3, norm, ReLU, 3×3, and an upsampled 1×1 beside them.

    The upsample and the first 3×3 are one sub-pixel convolution, and the 1×1 is computed before its upsample.
    The biases of convolutions are not added but folded into the norms that follow. ``offset (channels,)`` is
    the constant that is missing from the input compared with the unfolded network's; ``self.offset`` is the
    one missing from the output.
    """

    by_hand = ResidualBlockByHand

    def __init__(self, conditioning: Conditioning, place: int, *, offset: torch.Tensor) -> None:
        super().__init__()
        name = f"blocks.{place}.0"
        first, second, shortcut = (
            conditioning.weight(f"{name}.{part}") for part in ("conv1", "conv2", "conv_sc")
        )
        biases = [conditioning.bias(f"{name}.{part}") for part in ("conv1", "conv2", "conv_sc")]
        self.sizes = [
            conditioning.add_norm(f"{name}.bn1", offset, place=place + 1),
            conditioning.add_norm(f"{name}.bn2", biases[0], place=place + 1),
        ]
        self.size = sum(self.sizes)
        self.first, self.second = Convolution(subpixel_weight(first)), Convolution(second)
        self.shortcut = Convolution(shortcut)
        self.offset = biases[1] + biases[2] + shortcut.flatten(1) @ offset

    def plain(self, x: torch.Tensor, terms: torch.Tensor) -> torch.Tensor:
        """The layer in ordinary operations of autograd."""
        first, second = torch.split(terms, self.sizes, 1)
        hidden = interleave(self.first.plain(modulate(x, first)))
        return self.second.plain(modulate(hidden, second)) + upsampled(self.shortcut.plain(x))
