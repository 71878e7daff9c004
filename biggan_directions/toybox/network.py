"""The network during training: BigGAN-deep with the weights on z expressed in the basis of the eight factors.

The stock class of ``pytorch_pretrained_biggan`` is for inference and keeps no running statistics. This is
the same function for training. The stored means and variances are parameters, which supply the gains that
spectral norm removes. Each weight that is multiplied by z has eight columns, one per factor. In the stock
layout they are multiplied by the first eight rows of the hidden rotation, so that the other 24 directions of
z have no effect.
"""

import math
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from biggan_directions.training.trainable import GrowingBlock, SelfAttention

FACTORS = 8
Z_DIM = 32
CLASSES = 10
STORED_STATISTICS = 51
EPS = 1e-4

# (upsample, in, out), channels in units of the width: 4 pixels grow to 64
LAYERS = (
    (True, 16, 16),
    (True, 16, 8),
    (False, 8, 8),
    (True, 8, 4),
    (False, 4, 4),
    (True, 4, 2),
    (False, 2, 1),
)
ATTENTION_AT = 3


def config(width: int) -> dict[str, Any]:
    """The ``config.json`` of the stock class."""
    return {
        "output_dim": 64,
        "z_dim": Z_DIM,
        "class_embed_dim": Z_DIM,
        "channel_width": width,
        "num_classes": CLASSES,
        "layers": [list(layer) for layer in LAYERS],
        "attention_layer_position": ATTENTION_AT,
        "eps": EPS,
        "n_stats": STORED_STATISTICS,
    }


class SpectralLinear(nn.Module):
    """A matrix divided by its largest singular value, estimated by one power iteration per training step."""

    weight_u: Tensor
    weight_v: Tensor

    def __init__(self, shape: tuple[int, ...], bias: bool, generator: torch.Generator) -> None:
        super().__init__()
        self.shape = shape
        columns = math.prod(shape[1:])
        # stored as a matrix, because the optimizer orthogonalises matrices
        self.weight_orig = nn.Parameter(
            torch.randn(shape[0], columns, generator=generator) / math.sqrt(columns)
        )
        self.bias = nn.Parameter(torch.zeros(shape[0])) if bias else None
        self.register_buffer("weight_u", F.normalize(torch.randn(shape[0], generator=generator), dim=0))
        self.register_buffer("weight_v", F.normalize(torch.randn(columns, generator=generator), dim=0))

    @torch.no_grad()
    def iterate(self, turns: int = 1) -> None:
        """Update the estimate of the largest singular value."""
        for _ in range(turns):
            self.weight_v.copy_(F.normalize(self.weight_orig.T @ self.weight_u, dim=0, eps=1e-12))
            self.weight_u.copy_(F.normalize(self.weight_orig @ self.weight_v, dim=0, eps=1e-12))

    def weight(self) -> Tensor:
        """The normalised weight in the layer's own shape."""
        sigma = torch.dot(self.weight_u.clone(), torch.mv(self.weight_orig, self.weight_v.clone()))
        return (self.weight_orig / sigma).view(self.shape)


class Convolution(SpectralLinear):
    def __init__(
        self, inside: int, outside: int, size: int, generator: torch.Generator, bias: bool = True
    ) -> None:
        super().__init__((outside, inside, size, size), bias, generator)

    def forward(self, x: Tensor) -> Tensor:
        return F.conv2d(x, self.weight(), self.bias, padding=self.shape[-1] // 2)


class Condition(SpectralLinear):
    """A linear layer of (factors, class embedding)."""

    def __init__(self, outside: int, generator: torch.Generator, bias: bool = False) -> None:
        super().__init__((outside, FACTORS + Z_DIM), bias, generator)

    def forward(self, condition: Tensor) -> Tensor:
        return F.linear(condition, self.weight(), self.bias)


class ConditionalNorm(nn.Module):
    """(x - mean) / sd x (1 + S c) + O c, with mean and log sd as parameters."""

    def __init__(self, channels: int, generator: torch.Generator) -> None:
        super().__init__()
        self.mean = nn.Parameter(torch.zeros(channels))
        self.log_deviation = nn.Parameter(torch.zeros(channels))
        self.scale, self.offset = Condition(channels, generator), Condition(channels, generator)
        self.calibrating = False

    def forward(self, x: Tensor, condition: Tensor) -> Tensor:
        if self.calibrating:
            with torch.no_grad():
                self.mean.copy_(x.mean((0, 2, 3)))
                self.log_deviation.copy_(x.std((0, 2, 3)).log())
        scale = (1 + self.scale(condition)) * torch.exp(-self.log_deviation)
        shift = self.offset(condition) - self.mean * scale
        return torch.relu(x * scale[:, :, None, None].to(x.dtype) + shift[:, :, None, None].to(x.dtype))


class Block(GrowingBlock):
    """GenBlock of the stock class; a nearest upsample commutes with the operations before it."""

    def __init__(self, inside: int, outside: int, upsample: bool, generator: torch.Generator) -> None:
        super().__init__()
        middle = inside // 4
        self.upsample, self.outside = upsample, outside
        self.bn_0, self.conv_0 = ConditionalNorm(inside, generator), Convolution(inside, middle, 1, generator)
        self.bn_1, self.conv_1 = ConditionalNorm(middle, generator), Convolution(middle, middle, 3, generator)
        self.bn_2, self.conv_2 = ConditionalNorm(middle, generator), Convolution(middle, middle, 3, generator)
        self.bn_3, self.conv_3 = (
            ConditionalNorm(middle, generator),
            Convolution(middle, outside, 1, generator),
        )


class Attention(SelfAttention):
    """SelfAttn of the stock class."""

    def __init__(self, channels: int, generator: torch.Generator) -> None:
        super().__init__()
        self.snconv1x1_theta = Convolution(channels, channels // 8, 1, generator, bias=False)
        self.snconv1x1_phi = Convolution(channels, channels // 8, 1, generator, bias=False)
        self.snconv1x1_g = Convolution(channels, channels // 2, 1, generator, bias=False)
        self.snconv1x1_o_conv = Convolution(channels // 2, channels, 1, generator, bias=False)
        self.gamma = nn.Parameter(torch.zeros(1))


class Network(nn.Module):
    """Factors ``(N, 8)`` and toy numbers ``(N,)`` to images ``(N, 3, 64, 64)`` in [-1, 1]."""

    def __init__(self, width: int, generator: torch.Generator) -> None:
        super().__init__()
        self.width = width
        self.embeddings = nn.Parameter(torch.randn(Z_DIM, CLASSES, generator=generator) * 0.3)
        self.gen_z = Condition(4 * 4 * 16 * width, generator, bias=True)
        layers: list[nn.Module] = []
        for position, (upsample, inside, outside) in enumerate(LAYERS):
            if position == ATTENTION_AT:
                layers.append(Attention(inside * width, generator))
            layers.append(Block(inside * width, outside * width, upsample, generator))
        self.layers = nn.ModuleList(layers)
        self.mean, self.log_deviation = nn.Parameter(torch.zeros(width)), nn.Parameter(torch.zeros(width))
        self.gain, self.bias = nn.Parameter(torch.ones(width)), nn.Parameter(torch.zeros(width))
        # the stock layer has `width` outputs and keeps three; this layer has only those three
        self.conv_to_rgb = Convolution(width, 3, 3, generator)

    def forward(self, factors: Tensor, toys: Tensor) -> Tensor:
        condition = torch.cat([factors, self.embeddings.T[toys]], 1)
        x = self.gen_z(condition).view(-1, 4, 4, 16 * self.width).permute(0, 3, 1, 2)
        for layer in self.layers:
            x = layer(x, condition)
        scale = self.gain * torch.exp(-self.log_deviation)
        shift = self.bias - self.mean * scale
        x = torch.relu(x * scale[:, None, None].to(x.dtype) + shift[:, None, None].to(x.dtype))
        return torch.tanh(self.conv_to_rgb(x).float())

    def iterate_spectral_norms(self, turns: int = 1) -> None:
        """Run the power iteration of every layer."""
        for module in self.modules():
            if isinstance(module, SpectralLinear):
                module.iterate(turns)

    @torch.no_grad()
    def calibrate(self, factors: Tensor, toys: Tensor) -> None:
        """Set every mean and deviation from one batch, as batch norm would initially."""
        self.iterate_spectral_norms(30)
        norms = [module for module in self.modules() if isinstance(module, ConditionalNorm)]
        for norm in norms:
            norm.calibrating = True
        self(factors, toys)
        for norm in norms:
            norm.calibrating = False

    @torch.no_grad()
    def export(self) -> dict[str, Tensor]:
        """The weights by the stock class's names, those on z with one column per factor.

        They are float32. The power iterations have converged, so the stock class divides by the same norm.
        """
        self.iterate_spectral_norms(200)
        state: dict[str, Tensor] = {"embeddings.weight": self.embeddings.detach().clone()}
        for name, module in self.named_modules():
            prefix = f"generator.{name}."
            if isinstance(module, SpectralLinear):
                state[prefix + "weight_orig"] = module.weight().detach().clone()
                if module.bias is not None:
                    state[prefix + "bias"] = module.bias.detach().clone()
            elif isinstance(module, ConditionalNorm):
                state[prefix + "running_means"] = module.mean.detach().clone()
                state[prefix + "running_vars"] = torch.exp(2 * module.log_deviation) - EPS
            elif isinstance(module, Attention):
                state[prefix + "gamma"] = module.gamma.detach().clone()
        state["generator.bn.running_means"] = self.mean.detach().clone()
        state["generator.bn.running_vars"] = torch.exp(2 * self.log_deviation) - EPS
        state["generator.bn.weight"], state["generator.bn.bias"] = (
            self.gain.detach().clone(),
            self.bias.detach().clone(),
        )
        return state
