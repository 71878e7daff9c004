"""The folded layers of BigGAN-deep: residual block, attention, and the end of the way to RGB.

Each works in two ways. Where autograd records, every step makes a new tensor. Where it does not
(``in_place``), steps overwrite what they read and wide pictures pass through in bands that fit a
processor's cache, one after the other: to touch fresh memory costs more time than the arithmetic on it.
"""

from collections.abc import Iterator

import torch
from torch import nn
from torch.nn import functional as F

from biggan_directions.generators.convolution import Convolution
from biggan_directions.generators.folding import Modulations, State, normalised_weight
from biggan_directions.generators.subpixel import interleave, phase_parts, subpixel_weight

_BAND_BYTES = 2**22  # of the widest tensor of a band: fits a last-level cache; many small steps cost as well


class Block(nn.Module):
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
        self.slices: list[slice] = []
        convolutions = []
        lacking = offset
        for i in range(4):
            self.slices.append(modulations.add_norm(f"{name}.bn_{i}", lacking))
            weight = normalised_weight(state, f"{name}.conv_{i}")
            convolutions.append(Convolution(subpixel_weight(weight) if upsample and i == 1 else weight))
            lacking = state[f"{name}.conv_{i}.bias"].double()
        self.narrow, self.spatial_1, self.spatial_2, self.widen = convolutions
        self.offset = lacking + offset[: len(self.widen.weight)]

    def forward(self, x: torch.Tensor, terms: torch.Tensor, *, in_place: bool) -> torch.Tensor:
        """``x (N, C, H, W)`` and the modulations of all layers ``(N, size)`` to ``(N, C', H', W')``."""
        hidden = self.before_widening(x, terms, in_place=in_place)
        out: torch.Tensor = self.widen(hidden, in_place=in_place)
        skip = x[:, : out.shape[1]]
        if in_place:
            return add_skip_(out, skip, upsample=self.upsample)
        return out + upsampled(skip) if self.upsample else out + skip

    def before_widening(self, x: torch.Tensor, terms: torch.Tensor, *, in_place: bool) -> torch.Tensor:
        """All but the last convolution and the skip path; x stays as it is."""
        first, second, third, fourth = (terms[:, part] for part in self.slices)
        x = self.narrow(modulate(x, first), in_place=in_place)
        x = modulate(x, second, in_place=in_place)
        x = self.spatial_1(x, in_place=in_place)
        if not self.upsample:
            x = modulate(x, third, in_place=in_place)
        elif in_place:
            x = interleave_modulated(x, third)
        else:
            x = modulate(interleave(x), third)
        return modulate(self.spatial_2(x, in_place=in_place), fourth, in_place=in_place)


class Attention(nn.Module):
    """Self-attention: a query at every pixel, keys and values at the strongest of each 2×2 pixels."""

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
        self.register_buffer("query_bias", query.flatten(1) @ offset)
        self.offset = offset + out.flatten(1) @ (value.flatten(1) @ offset)

    def forward(self, x: torch.Tensor, terms: torch.Tensor, *, in_place: bool) -> torch.Tensor:
        """``x (N, C, H, W)`` to the same shape, into x itself if ``in_place``; ``terms`` play no part."""
        query = pixels_last(self.query(x, in_place=in_place)).flatten(1, 2) + self.query_bias  # (N, HW, d)
        pooled = F.max_pool2d(self.key_value(x, in_place=in_place), 2)
        pooled = pixels_last(pooled).flatten(1, 2)
        key, value = pooled.tensor_split((query.shape[2],), 2)
        if in_place and x.is_cpu:
            mixed = attend_in_bands(query, key, value)
        else:
            mixed = torch.bmm(torch.bmm(query, key.transpose(1, 2)).softmax(2), value)
        mixed = mixed.view(len(x), *x.shape[2:], -1).permute(0, 3, 1, 2)
        attended: torch.Tensor = self.out(mixed, in_place=in_place)
        return x.add_(attended) if in_place else x + attended


class ToRgb(nn.Module):
    """The end of the last block, last norm and ReLU, the three colours kept of the last convolution, tanh.

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
        self.upsample = block.upsample
        self.register_buffer("scale", scale[:, None, None])
        self.register_buffer("shift", shift[:, None, None])
        self.widen = Convolution(block.widen.weight * scale[:, None, None, None])
        self.register_buffer("weight", weight.flip(2, 3).permute(0, 2, 3, 1).flatten(0, 2))  # (3·9, channels)
        self.register_buffer("bias", state[f"{name}.conv_to_rgb.bias"].double()[:3, None, None])

    def forward(self, hidden: torch.Tensor, x: torch.Tensor, *, in_place: bool) -> torch.Tensor:
        """The last block's :meth:`Block.before_widening` and its input x, to pictures in [-1, 1]."""
        skip = torch.addcmul(self.shift, x[:, : len(self.scale)], self.scale)
        if in_place and x.is_cpu:
            shares = self._shares_in_bands(hidden, skip)
        else:
            features = self.widen(hidden, in_place=in_place) + (upsampled(skip) if self.upsample else skip)
            shares = torch.matmul(self.weight, features.relu_().flatten(2))
        picture = F.fold(shares, hidden.shape[2:], kernel_size=3, padding=1)
        return picture.add_(self.bias).tanh_()

    def _shares_in_bands(self, hidden: torch.Tensor, skip: torch.Tensor) -> torch.Tensor:
        """Never holds the features, the widest tensor of all, of more than a band of rows."""
        samples, _, height, width = hidden.shape
        factor = 2 if self.upsample else 1
        shares = hidden.new_empty((samples, len(self.weight), height, width))
        for sample in range(samples):
            for rows in bands(height // factor, factor * width * len(self.scale) * hidden.element_size()):
                tall = slice(rows.start * factor, rows.stop * factor)
                features = self.widen(hidden[sample : sample + 1, :, tall], in_place=True)
                features = add_skip_(features, skip[sample : sample + 1, :, rows], upsample=self.upsample)
                pixels = pixels_last(features.relu_()).flatten(0, 2)
                torch.mm(self.weight, pixels.T, out=shares[sample, :, tall].flatten(1))
        return shares.flatten(2)


def bands(length: int, row_bytes: int) -> Iterator[slice]:
    """Slices that cover ``length`` rows, each of about a cache's size."""
    rows = max(1, _BAND_BYTES // row_bytes)
    for start in range(0, length, rows):
        yield slice(start, min(start + rows, length))


def attend_in_bands(query: torch.Tensor, key: torch.Tensor, value: torch.Tensor) -> torch.Tensor:
    """``softmax(query·keyᵀ)·value`` for ``(N, pixels, channels)`` each, never holding all weights at once."""
    mixed = query.new_empty((*query.shape[:2], value.shape[2]))
    parts = list(bands(query.shape[1], key.shape[1] * key.element_size()))
    buffer = query.new_empty((parts[0].stop, key.shape[1]))
    for sample in range(len(query)):
        for part in parts:
            weights = buffer[: part.stop - part.start]
            torch.mm(query[sample, part], key[sample].T, out=weights)
            torch.softmax(weights, 1, out=weights)
            torch.mm(weights, value[sample], out=mixed[sample, part])
    return mixed


def pixels_last(x: torch.Tensor) -> torch.Tensor:
    """``(N, C, H, W)`` seen as ``(N, H, W, C)``."""
    return x.permute(0, 2, 3, 1)


def modulate(x: torch.Tensor, terms: torch.Tensor, *, in_place: bool = False) -> torch.Tensor:
    """``relu(x * scale + shift)`` for scale and shift side by side in ``terms (N, 2·C)``."""
    scale, shift = terms[:, :, None, None].chunk(2, 1)
    if in_place:
        return torch.addcmul(shift, x, scale, out=x).relu_()
    return torch.addcmul(shift, x, scale).relu_()


def interleave_modulated(phases: torch.Tensor, terms: torch.Tensor) -> torch.Tensor:
    """``modulate(interleave(phases), terms)`` in one pass over the picture."""
    samples, channels, height, width = (
        phases.shape[0],
        phases.shape[1] // 4,
        phases.shape[2] - 1,
        phases.shape[3] - 1,
    )
    scale, shift = terms[:, :, None, None].chunk(2, 1)
    picture = phases.new_empty((samples, 2 * height, 2 * width, channels)).permute(0, 3, 1, 2)
    for p, q, part in phase_parts(phases):
        torch.addcmul(shift, part, scale, out=picture[:, :, p::2, q::2])
    return picture.relu_()


def upsampled(x: torch.Tensor) -> torch.Tensor:
    """Every pixel doubled in both directions."""
    return F.interpolate(x, scale_factor=2, mode="nearest")


def add_skip_(out: torch.Tensor, skip: torch.Tensor, *, upsample: bool) -> torch.Tensor:
    """Add the skip path to ``out`` in place, doubling its pixels on the way."""
    if not upsample:
        return out.add_(skip)
    samples, channels, height, width = skip.shape
    doubled = pixels_last(out).view(samples, height, 2, width, 2, channels)
    doubled.add_(pixels_last(skip)[:, :, None, :, None])
    return out
