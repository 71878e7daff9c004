"""BigGAN-deep's self-attention, folded."""

from collections.abc import Iterator

import torch
from torch.nn import functional as F

from biggan_directions.generators.biggan_deep.folding import State, normalised_weight
from biggan_directions.generators.biggan_deep.kernels.convolution import Convolution
from biggan_directions.generators.biggan_deep.kernels.operations import bands, channels_first, pixels_last
from biggan_directions.generators.biggan_deep.layer import Kept, Layer


class Attention(Layer):
    """A query at every pixel; keys and values at the strongest of each 2×2 pixels.

    ``offset (channels,)`` is what the input lacks of the package's picture, ``self.offset`` what the output
    lacks.
    """

    size = 0
    query_bias: torch.Tensor

    def __init__(self, state: State, name: str, *, offset: torch.Tensor) -> None:
        super().__init__()
        query, key, value, out = (
            normalised_weight(state, f"{name}.snconv1x1_{part}") for part in ("theta", "phi", "g", "o_conv")
        )
        out = out * state[f"{name}.gamma"].double()
        # What the offset adds to the keys is the same for all of them and drops out of the softmax.
        self.query, self.key_value = Convolution(query), Convolution(torch.cat([key, value]))
        self.out = Convolution(out)
        self.register_buffer("query_bias", (query.flatten(1) @ offset)[:, None, None])
        self.offset = offset + out.flatten(1) @ (value.flatten(1) @ offset)

    def plain(self, x: torch.Tensor, terms: torch.Tensor) -> torch.Tensor:
        """The layer in operations that autograd knows; it has no use for ``terms``."""
        query = self.query.plain(x) + self.query_bias
        key, value = self._halves(F.max_pool2d(self.key_value.plain(x), 2))
        weights = torch.bmm(_flat(query), key.transpose(1, 2)).softmax(2)
        return x + self.out.plain(_image(torch.bmm(weights, value), x))

    def run(self, x: torch.Tensor, terms: torch.Tensor, kept: Kept | None) -> torch.Tensor:
        """The layer without autograd; into x where nothing is kept."""
        query = self.query.run(x).add_(self.query_bias)
        pooled, places = F.max_pool2d(self.key_value.run(x), 2, return_indices=True)
        key, value = self._halves(pooled)
        flat = _flat(query)
        mixed = query.new_empty((*flat.shape[:2], value.shape[2]))
        for sample, band, weights in _weights_in_bands(flat, key):
            torch.mm(weights, value[sample], out=mixed[sample, band])
        out = self.out.run(_image(mixed, x))
        if kept is None:
            return x.add_(out)
        kept.extend((query, pooled, places))
        return out.add_(x)

    def pull_back(
        self, x: torch.Tensor, terms: torch.Tensor, kept: Kept, gradient: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """From the gradient with respect to the output, to that with respect to x."""
        query, pooled, places = kept
        key, value = self._halves(pooled)
        flat, by_mixed = _flat(query), _flat(self.out.pull_back(gradient))
        by_query = torch.empty_like(flat)
        by_pooled = torch.zeros_like(pooled)
        by_key, by_value = self._halves(by_pooled)
        for sample, band, weights in _weights_in_bands(flat, key):
            by_value[sample].addmm_(weights.T, by_mixed[sample, band])
            by_weights = torch.mm(by_mixed[sample, band], value[sample].T).mul_(weights)
            by_logits = by_weights.addcmul_(weights, by_weights.sum(1, keepdim=True), value=-1)
            torch.mm(by_logits, key[sample], out=by_query[sample, band])
            by_key[sample].addmm_(by_logits.T, flat[sample, band])
        by_x = self.query.pull_back(_image(by_query, x))
        by_x += self.key_value.pull_back(F.max_unpool2d(by_pooled, places, [2, 2], output_size=x.shape[2:]))
        return by_x.add_(gradient), torch.zeros_like(terms)

    def _halves(self, pooled: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Keys and values ``(N, pixels, channels)``."""
        key, value = _flat(pooled).tensor_split((len(self.query_bias),), 2)
        return key, value


def _flat(x: torch.Tensor) -> torch.Tensor:
    return pixels_last(x).flatten(1, 2)


def _image(flat: torch.Tensor, like: torch.Tensor) -> torch.Tensor:
    return channels_first(flat.view(len(flat), *like.shape[2:], -1))


def _weights_in_bands(query: torch.Tensor, key: torch.Tensor) -> Iterator[tuple[int, slice, torch.Tensor]]:
    """Softmax of the queries' products with the keys, a sample and some queries at a time, in one buffer."""
    parts = list(bands(query.shape[1], key.shape[1] * key.element_size(), device=key.device))
    buffer = query.new_empty((parts[0].stop, key.shape[1]))
    for sample in range(len(query)):
        for part in parts:
            logits = torch.mm(query[sample, part], key[sample].T, out=buffer[: part.stop - part.start])
            yield sample, part, torch.softmax(logits, 1, out=logits)
