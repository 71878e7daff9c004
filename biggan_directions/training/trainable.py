"""BigGAN-deep for training: the stock layout's function with batch statistics.

The stock class of ``pytorch_pretrained_biggan`` is for inference: it has stored statistics and no code that
measures them. The names of the tensors are the stock ones without the prefix ``generator.``.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from biggan_directions.training.spectral import SpectralConvolution, SpectralLinear

EPS = 1e-4
STORED_STATISTICS = 51

# by resolution: (upsample, in, out), channels in units of the width; 4 pixels grow, 16 channels shrink to 1
LAYERS: dict[int, tuple[tuple[bool, int, int], ...]] = {
    32: ((True, 16, 8), (True, 8, 4), (True, 4, 2), (False, 2, 1)),
    64: ((True, 16, 16), (True, 16, 8), (True, 8, 4), (True, 4, 2), (False, 2, 1)),
    128: ((True, 16, 16), (True, 16, 8), (True, 8, 4), (True, 4, 2), (True, 2, 1)),
}


@dataclass(frozen=True, kw_only=True)
class Plan:
    """The blocks of a generator.

    Attributes:
        layers: of each block: whether it doubles the size, and its channels in and out in units of the width.
        attention_position: of self-attention among them; their number for none.
    """

    layers: tuple[tuple[bool, int, int], ...]
    attention_position: int


def planned(resolution: int, attention: int) -> Plan:
    """The blocks for a resolution, with self-attention before the first at ``attention`` pixels, or none.

    >>> planned(32, 16).attention_position, planned(32, 0).attention_position
    (2, 4)
    """
    layers, size = LAYERS[resolution], 4
    for position, (upsample, _, _) in enumerate(layers):
        if size == attention:
            return Plan(layers=layers, attention_position=position)
        size *= 2 if upsample else 1
    return Plan(layers=layers, attention_position=len(layers))


Observer = Callable[[Tensor], None]


class BatchNorm(nn.Module):
    """Normalise each channel by the batch; tells its observer what it normalises.

    ``fixed``, a mean and a variance per channel, takes the place of the batch's where it is set.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.channels = channels
        self.observer: Observer | None = None
        self.fixed: tuple[Tensor, Tensor] | None = None
        self.name = ""

    def normalised(self, x: Tensor) -> Tensor:
        if self.observer is not None:
            self.observer(x)
        mean, variance = (None, None) if self.fixed is None else self.fixed
        return F.batch_norm(x, mean, variance, training=self.fixed is None, eps=EPS)


class ConditionalNorm(BatchNorm):
    """(x - mean) / sd × (1 + S c) + O c, followed by a ReLU."""

    def __init__(self, channels: int, conditions: int, generator: torch.Generator) -> None:
        super().__init__(channels)
        self.scale = SpectralLinear(conditions, channels, generator)
        self.offset = SpectralLinear(conditions, channels, generator)

    def forward(self, x: Tensor, condition: Tensor) -> Tensor:
        scale, offset = 1 + self.scale(condition), self.offset(condition)
        x = self.normalised(x)
        return torch.relu(x * scale[:, :, None, None].to(x.dtype) + offset[:, :, None, None].to(x.dtype))


class PlainNorm(BatchNorm):
    """(x - mean) / sd × weight + bias, followed by a ReLU."""

    def __init__(self, channels: int) -> None:
        super().__init__(channels)
        self.weight = nn.Parameter(torch.ones(channels))
        self.bias = nn.Parameter(torch.zeros(channels))

    def forward(self, x: Tensor) -> Tensor:
        x = self.normalised(x)
        return torch.relu(x * self.weight[:, None, None].to(x.dtype) + self.bias[:, None, None].to(x.dtype))


class GrowingBlock(nn.Module):
    """The pass through GenBlock of the stock class; a subclass makes the layers."""

    upsample: bool
    outside: int
    bn_0: nn.Module
    bn_1: nn.Module
    bn_2: nn.Module
    bn_3: nn.Module
    conv_0: nn.Module
    conv_1: nn.Module
    conv_2: nn.Module
    conv_3: nn.Module

    def forward(self, x: Tensor, condition: Tensor) -> Tensor:
        """Maps ``(N, inside, H, W)`` to ``(N, outside, H, W)``, or to twice the height and width."""
        y = self.bn_1(self.conv_0(self.bn_0(x, condition)), condition)
        skip = x[:, : self.outside]
        if self.upsample:
            y, skip = (F.interpolate(part, scale_factor=2.0, mode="nearest") for part in (y, skip))
        y = self.bn_2(self.conv_1(y), condition)
        y = self.bn_3(self.conv_2(y), condition)
        grown: Tensor = self.conv_3(y) + skip
        return grown


class SelfAttention(nn.Module):
    """The pass through SelfAttn of the stock class; a subclass makes the layers."""

    snconv1x1_theta: nn.Module
    snconv1x1_phi: nn.Module
    snconv1x1_g: nn.Module
    snconv1x1_o_conv: nn.Module
    gamma: nn.Parameter

    def forward(self, x: Tensor, condition: Tensor) -> Tensor:
        """Maps ``(N, channels, H, W)`` to the same shape; the condition has no part in it."""
        height, width = x.shape[-2:]
        query = self.snconv1x1_theta(x).flatten(2)
        key = F.max_pool2d(self.snconv1x1_phi(x), 2).flatten(2)
        value = F.max_pool2d(self.snconv1x1_g(x), 2).flatten(2)
        weights = torch.softmax(query.transpose(1, 2) @ key, -1)
        mixed = (value @ weights.transpose(1, 2)).reshape(len(x), -1, height, width)
        attended: Tensor = x + self.gamma * self.snconv1x1_o_conv(mixed)
        return attended


class Block(GrowingBlock):
    """GenBlock of the stock class."""

    def __init__(
        self, upsample: bool, inside: int, outside: int, conditions: int, generator: torch.Generator
    ) -> None:
        super().__init__()
        middle = inside // 4
        self.upsample, self.outside = upsample, outside
        self.bn_0 = ConditionalNorm(inside, conditions, generator)
        self.conv_0 = SpectralConvolution(inside, middle, 1, generator)
        self.bn_1 = ConditionalNorm(middle, conditions, generator)
        self.conv_1 = SpectralConvolution(middle, middle, 3, generator)
        self.bn_2 = ConditionalNorm(middle, conditions, generator)
        self.conv_2 = SpectralConvolution(middle, middle, 3, generator)
        self.bn_3 = ConditionalNorm(middle, conditions, generator)
        self.conv_3 = SpectralConvolution(middle, outside, 1, generator)


class Attention(SelfAttention):
    """SelfAttn of the stock class."""

    def __init__(self, channels: int, generator: torch.Generator) -> None:
        super().__init__()

        def layer(inside: int, outside: int) -> SpectralConvolution:
            return SpectralConvolution(inside, outside, 1, generator, bias=False)

        self.snconv1x1_theta = layer(channels, channels // 8)
        self.snconv1x1_phi = layer(channels, channels // 8)
        self.snconv1x1_g = layer(channels, channels // 2)
        self.snconv1x1_o_conv = layer(channels // 2, channels)
        self.gamma = nn.Parameter(torch.zeros(1))


class TrainableBigGAN(nn.Module):
    """Latents ``(N, z_dim)`` and class indices ``(N,)`` to images ``(N, channels, R, R)`` in [-1, 1].

    Args:
        resolution: 32, 64 or 128.
        z_dim: numbers per latent, and per class embedding.
        classes: number of classes.
        width: channels of the last layer.
        channels: 1 for grey images, 3 for colour.
        attention: the size in pixels of the layer that self-attention precedes; 0 for none.
        generator: of the initial values.
        plan: the blocks, and the position of self-attention among them, where they are not those of the
            resolution and of ``attention``.
    """

    def __init__(
        self,
        *,
        resolution: int,
        z_dim: int,
        classes: int,
        width: int,
        channels: int,
        attention: int,
        generator: torch.Generator,
        plan: Plan | None = None,
    ) -> None:
        super().__init__()
        self.plan = plan or planned(resolution, attention)
        self.width, self.z_dim, self.classes, self.resolution = width, z_dim, classes, resolution
        self.embeddings = nn.Parameter(torch.randn(z_dim, classes, generator=generator))
        self.gen_z = SpectralLinear(2 * z_dim, 16 * 16 * width, generator, bias=True)
        layers: list[nn.Module] = []
        for position, (upsample, inside, outside) in enumerate(self.plan.layers):
            if position == self.plan.attention_position:
                layers.append(Attention(inside * width, generator))
            layers.append(Block(upsample, inside * width, outside * width, 2 * z_dim, generator))
        self.layers = nn.ModuleList(layers)
        self.bn = PlainNorm(width)
        # the stock layer has `width` outputs and keeps three
        self.conv_to_rgb = SpectralConvolution(width, channels, 3, generator)
        for name, module in self.named_modules():
            if isinstance(module, BatchNorm):
                module.name = name

    def forward(self, z: Tensor, class_index: Tensor) -> Tensor:
        condition = torch.cat([z, self.embeddings.T[class_index]], 1)
        x = self.gen_z(condition).view(-1, 4, 4, 16 * self.width).permute(0, 3, 1, 2)
        for layer in self.layers:
            x = layer(x, condition)
        return torch.tanh(self.conv_to_rgb(self.bn(x)).float())

    def config(self) -> dict[str, Any]:
        """The ``config.json`` of the stock class."""
        return {
            "output_dim": self.resolution,
            "z_dim": self.z_dim,
            "class_embed_dim": self.z_dim,
            "channel_width": self.width,
            "num_classes": self.classes,
            "layers": [list(layer) for layer in self.plan.layers],
            "attention_layer_position": self.plan.attention_position,
            "eps": EPS,
            "n_stats": STORED_STATISTICS,
        }
