"""Self-attention, folded."""

import torch
from torch.nn import functional as F

from biggan_directions.generators.folded.kernels.attention_by_hand import AttentionByHand
from biggan_directions.generators.folded.kernels.convolution import Convolution
from biggan_directions.generators.folded.kernels.operations import from_rows, pixel_rows
from biggan_directions.generators.folded.layer import Layer


class Attention(Layer):
    """Self-attention with a query at every pixel, and keys and values max-pooled over 2×2 pixels.

    Args:
        query, key, value: weights of its 1×1 convolutions ``(·, channels, 1, 1)``, as they are applied.
        out: the weight of the last one, times the layer's gain.
        offset: ``(channels,)``, the constant that is missing from the input compared with the unfolded
            network's; ``self.offset`` is the one missing from the output.
    """

    size = 0
    by_hand = AttentionByHand
    query_bias: torch.Tensor

    def __init__(
        self,
        query: torch.Tensor,
        key: torch.Tensor,
        value: torch.Tensor,
        out: torch.Tensor,
        *,
        offset: torch.Tensor,
    ) -> None:
        super().__init__()
        # The offset adds the same constant to all keys, which cancels in the softmax.
        self.query, self.key_value = Convolution(query), Convolution(torch.cat([key, value]))
        self.out = Convolution(out)
        self.register_buffer("query_bias", (query.flatten(1) @ offset)[:, None, None])
        self.offset = offset + out.flatten(1) @ (value.flatten(1) @ offset)

    def plain(self, x: torch.Tensor, terms: torch.Tensor) -> torch.Tensor:
        """The layer in ordinary operations of autograd; ``terms`` is not used."""
        query = self.query.plain(x) + self.query_bias
        key, value = self.halves(F.max_pool2d(self.key_value.plain(x), 2))
        weights = torch.bmm(pixel_rows(query), key.transpose(1, 2)).softmax(2)
        return x + self.out.plain(from_rows(torch.bmm(weights, value), x))

    def halves(self, pooled: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Keys and values ``(N, pixels, channels)``."""
        key, value = pixel_rows(pooled).tensor_split((len(self.query_bias),), 2)
        return key, value
