"""BigGAN-deep's residual block, folded."""

import torch

from biggan_directions.generators.biggan_deep.folding import Modulations, State, normalised_weight
from biggan_directions.generators.biggan_deep.kernels.convolution import Convolution
from biggan_directions.generators.biggan_deep.kernels.operations import (
    add_skip_,
    modulate,
    modulate_back_,
    modulate_interleaved,
    modulate_interleaved_back,
    skip_gradient,
    upsampled,
)
from biggan_directions.generators.biggan_deep.layer import Kept, Layer
from biggan_directions.generators.biggan_deep.subpixel import interleave, subpixel_weight


class Block(Layer):
    """Norm, ReLU and convolution four times, beside a skip path that may drop channels, and an upsample
    halfway.

    Biases of convolutions are not added but left to the norms that follow: ``offset (channels,)`` is what the
    input lacks of the package's picture, ``self.offset`` what the output lacks.
    """

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
        """The layer in operations that autograd knows."""
        out, skip = self.widen.plain(self.plain_hidden(x, terms)), x[:, : self.out_channels]
        return out + upsampled(skip) if self.upsample else out + skip

    def plain_hidden(self, x: torch.Tensor, terms: torch.Tensor) -> torch.Tensor:
        """All but the last convolution and the skip path."""
        first, second, third, fourth = torch.split(terms, self.sizes, 1)
        x = modulate(self.narrow.plain(modulate(x, first)), second)
        x = self.spatial_1.plain(x)
        x = modulate(interleave(x) if self.upsample else x, third)
        return modulate(self.spatial_2.plain(x), fourth)

    def run(self, x: torch.Tensor, terms: torch.Tensor, kept: Kept | None) -> torch.Tensor:
        """The layer without autograd; x stays as it is."""
        out = self.widen.run(self.hidden(x, terms, kept))
        return add_skip_(out, x[:, : self.out_channels], upsample=self.upsample)

    def hidden(self, x: torch.Tensor, terms: torch.Tensor, kept: Kept | None) -> torch.Tensor:
        """All but the last convolution and the skip path; keeps what each norm but the first meets."""
        first, second, third, fourth = torch.split(terms, self.sizes, 1)
        narrow = self.narrow.run(modulate(x, first))
        spatial_1 = self.spatial_1.run(modulate(narrow, second, out=narrow if kept is None else None))
        if self.upsample:
            out = modulate_interleaved(spatial_1, third)
        else:
            out = modulate(spatial_1, third, out=spatial_1 if kept is None else None)
        spatial_2 = self.spatial_2.run(out)
        if kept is not None:
            kept.extend((narrow, spatial_1, spatial_2))
        return modulate(spatial_2, fourth, out=spatial_2 if kept is None else None)

    def pull_back(
        self, x: torch.Tensor, terms: torch.Tensor, kept: Kept, gradient: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """From the gradient with respect to the output, to those with respect to x and terms."""
        by_x, by_terms = self.pull_hidden_back(x, terms, kept, self.widen.pull_back(gradient))
        by_x[:, : self.out_channels] += skip_gradient(gradient, upsample=self.upsample)
        return by_x, by_terms

    def pull_hidden_back(
        self, x: torch.Tensor, terms: torch.Tensor, kept: Kept, gradient: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """The same for :meth:`hidden`; ``gradient`` is given up."""
        narrow, spatial_1, spatial_2 = kept
        first, second, third, fourth = torch.split(terms, self.sizes, 1)
        by_fourth = modulate_back_(spatial_2, fourth, gradient)
        gradient = self.spatial_2.pull_back(gradient)
        if self.upsample:
            gradient, by_third = modulate_interleaved_back(spatial_1, third, gradient)
        else:
            by_third = modulate_back_(spatial_1, third, gradient)
        gradient = self.spatial_1.pull_back(gradient)
        by_second = modulate_back_(narrow, second, gradient)
        gradient = self.narrow.pull_back(gradient)
        by_first = modulate_back_(x, first, gradient)
        return gradient, torch.cat([by_first, by_second, by_third, by_fourth], 1)
