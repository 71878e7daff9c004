"""The last layers of ajbrock's family, folded: norm, ReLU, the convolution to three colours, tanh."""

import torch

from biggan_directions.generators.biggan.conditioning import Conditioning
from biggan_directions.generators.biggan.image_layer_by_hand import ImageLayerByHand
from biggan_directions.generators.folded.layer import Layer
from biggan_directions.generators.folded.to_rgb import rgb_image, rgb_weight


class ImageLayer(Layer):
    """The image of the last block's output, which lacks the constant ``offset (channels,)``."""

    size = 0
    by_hand = ImageLayerByHand
    scale: torch.Tensor
    shift: torch.Tensor
    weight: torch.Tensor
    bias: torch.Tensor

    def __init__(self, conditioning: Conditioning, *, offset: torch.Tensor) -> None:
        super().__init__()
        scale, shift = conditioning.plain_norm("output_layer.0", offset)
        self.register_buffer("scale", scale[:, None, None])
        self.register_buffer("shift", shift[:, None, None])
        self.register_buffer("weight", rgb_weight(conditioning.weight("output_layer.2")))
        self.register_buffer("bias", conditioning.bias("output_layer.2")[:, None, None])

    def plain(self, x: torch.Tensor, terms: torch.Tensor) -> torch.Tensor:
        """The layer in ordinary operations of autograd; ``terms`` is not used."""
        features = torch.addcmul(self.shift, x, self.scale).relu_()
        return rgb_image(self.weight @ features.flatten(2), (x.shape[2], x.shape[3]), self.bias)
