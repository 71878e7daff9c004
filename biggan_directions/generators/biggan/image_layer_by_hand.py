"""The last layers of ajbrock's family by hand: features, the largest tensor, are computed in bands."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import torch

from biggan_directions.generators.folded.kernels.by_hand import ByHand, Kept
from biggan_directions.generators.folded.kernels.operations import bands, channels_first, mask_, pixels_last
from biggan_directions.generators.folded.to_rgb import rgb_image, rgb_shares_gradient

if TYPE_CHECKING:
    from biggan_directions.generators.biggan.image_layer import ImageLayer


class ImageLayerByHand(ByHand["ImageLayer"]):
    """See :class:`~biggan_directions.generators.biggan.image_layer.ImageLayer`."""

    @staticmethod
    def run(layer: "ImageLayer", x: torch.Tensor, terms: torch.Tensor, kept: Kept | None) -> torch.Tensor:
        """Run the layer without autograd; x is not changed."""
        shares = x.new_empty((len(x), len(layer.weight), *x.shape[2:]))
        for sample, rows, features in _features_in_bands(layer, x):
            flat = pixels_last(features.relu_()).flatten(0, 2)
            torch.mm(layer.weight, flat.T, out=shares[sample, :, rows].flatten(1))
        image = rgb_image(shares.flatten(2), (x.shape[2], x.shape[3]), layer.bias)
        if kept is not None:
            kept.append(image)
        return image

    @staticmethod
    def pull_back(
        layer: "ImageLayer", x: torch.Tensor, terms: torch.Tensor, kept: Kept, gradient: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Turn the gradient of the image into that of x."""
        (image,) = kept
        by_shares = rgb_shares_gradient(image, gradient)
        by_shares = by_shares.view(*by_shares.shape[:2], *x.shape[2:])
        by_x = torch.empty_like(x)
        for sample, rows, features in _features_in_bands(layer, x):
            by_features = torch.mm(by_shares[sample, :, rows].flatten(1).T, layer.weight)
            by_features = mask_(channels_first(by_features.view(1, *features.shape[2:], -1)), features)
            torch.mul(by_features[0], layer.scale, out=by_x[sample, :, rows])
        return by_x, torch.zeros_like(terms)


def _features_in_bands(layer: "ImageLayer", x: torch.Tensor) -> Iterator[tuple[int, slice, torch.Tensor]]:
    """Sample, rows of the image, and the input of the ReLU there ``(1, C, rows, W)``."""
    for sample in range(len(x)):
        for rows in bands(x.shape[2], x[0, :, 0].nbytes, device=x.device):
            yield sample, rows, torch.addcmul(layer.shift, x[sample : sample + 1, :, rows], layer.scale)
