"""Self-attention by hand: the attention weights are computed for some queries at a time."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import torch
from torch.nn import functional as F

from biggan_directions.generators.folded.kernels.by_hand import ByHand, Kept
from biggan_directions.generators.folded.kernels.operations import bands, from_rows, pixel_rows

if TYPE_CHECKING:
    from biggan_directions.generators.folded.attention import Attention


class AttentionByHand(ByHand["Attention"]):
    """See :class:`~biggan_directions.generators.folded.attention.Attention`."""

    @staticmethod
    def run(layer: "Attention", x: torch.Tensor, terms: torch.Tensor, kept: Kept | None) -> torch.Tensor:
        """Run the layer without autograd, in place if ``kept`` is None."""
        query = layer.query.run(x).add_(layer.query_bias)
        pooled, places = F.max_pool2d(layer.key_value.run(x), 2, return_indices=True)
        key, value = layer.halves(pooled)
        flat = pixel_rows(query)
        mixed = query.new_empty((*flat.shape[:2], value.shape[2]))
        for sample, band, weights in _weights_in_bands(flat, key):
            torch.mm(weights, value[sample], out=mixed[sample, band])
        out = layer.out.run(from_rows(mixed, x))
        if kept is None:
            return x.add_(out)
        kept.extend((query, pooled, places))
        return out.add_(x)

    @staticmethod
    def pull_back(
        layer: "Attention", x: torch.Tensor, terms: torch.Tensor, kept: Kept, gradient: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Turn the gradient of the output into that of x."""
        query, pooled, places = kept
        key, value = layer.halves(pooled)
        flat, by_mixed = pixel_rows(query), pixel_rows(layer.out.pull_back(gradient))
        by_query = torch.empty_like(flat)
        by_pooled = torch.zeros_like(pooled)
        by_key, by_value = layer.halves(by_pooled)
        for sample, band, weights in _weights_in_bands(flat, key):
            by_value[sample].addmm_(weights.T, by_mixed[sample, band])
            by_weights = torch.mm(by_mixed[sample, band], value[sample].T).mul_(weights)
            by_logits = by_weights.addcmul_(weights, by_weights.sum(1, keepdim=True), value=-1)
            torch.mm(by_logits, key[sample], out=by_query[sample, band])
            by_key[sample].addmm_(by_logits.T, flat[sample, band])
        by_x = layer.query.pull_back(from_rows(by_query, x))
        by_x += layer.key_value.pull_back(F.max_unpool2d(by_pooled, places, [2, 2], output_size=x.shape[2:]))
        return by_x.add_(gradient), torch.zeros_like(terms)


def _weights_in_bands(query: torch.Tensor, key: torch.Tensor) -> Iterator[tuple[int, slice, torch.Tensor]]:
    """Attention weights of some queries of one sample at a time, in one shared buffer."""
    parts = list(bands(query.shape[1], key.shape[1] * key.element_size(), device=key.device))
    buffer = query.new_empty((parts[0].stop, key.shape[1]))
    for sample in range(len(query)):
        for part in parts:
            logits = torch.mm(query[sample, part], key[sample].T, out=buffer[: part.stop - part.start])
            yield sample, part, torch.softmax(logits, 1, out=logits)
