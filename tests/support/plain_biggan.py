"""BigGAN of ajbrock's family, unfolded, in eval mode: one module for each of its parts, named as its tensors.

Written from the description of the network (arXiv:1809.11096, appendix B, and the names and shapes of the
published checkpoint's tensors). ``normalise_once`` makes spectral norm cost nothing in later passes.
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from biggan_directions.generators.biggan.sizes import Sizes

BN_EPS, SN_EPS = 1e-5, 1e-6


class Normalised(nn.Module):
    """A weight under spectral norm: one power step from ``u0`` at every use."""

    def __init__(self, *shape: int, bias: bool = True) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(shape))
        self.bias = nn.Parameter(torch.zeros(shape[0])) if bias else None
        self.register_buffer("u0", torch.ones(1, shape[0]))
        self.register_buffer("sv0", torch.ones(1))
        self.ready: Tensor | None = None

    def normalised(self) -> Tensor:
        if self.ready is not None:
            return self.ready
        u, weight = self.get_buffer("u0"), self.weight.flatten(1)
        v = F.normalize(u @ weight, eps=SN_EPS)
        stretched = v @ weight.T
        value: Tensor = self.weight / (stretched @ F.normalize(stretched, eps=SN_EPS).T)[0, 0]
        return value

    def forward(self, x: Tensor) -> Tensor:
        weight = self.normalised()
        if weight.ndim == 2:
            return F.linear(x, weight, self.bias)
        return F.conv2d(x, weight, self.bias, padding=weight.shape[-1] // 2)


class ConditionalNorm(nn.Module):
    """Batch norm by running statistics; gain 1 + gain(y) and bias of the class and a chunk of z."""

    def __init__(self, channels: int, conditions: int) -> None:
        super().__init__()
        self.gain = Normalised(channels, conditions, bias=False)
        self.bias = Normalised(channels, conditions, bias=False)
        self.register_buffer("stored_mean", torch.zeros(channels))
        self.register_buffer("stored_var", torch.ones(channels))

    def forward(self, x: Tensor, y: Tensor) -> Tensor:
        mean, variance = self.get_buffer("stored_mean"), self.get_buffer("stored_var")
        x = F.batch_norm(x, mean, variance, eps=BN_EPS)
        gain, bias = 1 + self.gain(y)[:, :, None, None], self.bias(y)[:, :, None, None]
        out: Tensor = x * gain + bias
        return out


class PlainNorm(nn.Module):
    """Batch norm by running statistics, with a gain and a bias of its own."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.gain, self.bias = nn.Parameter(torch.ones(channels)), nn.Parameter(torch.zeros(channels))
        self.register_buffer("stored_mean", torch.zeros(channels))
        self.register_buffer("stored_var", torch.ones(channels))

    def forward(self, x: Tensor) -> Tensor:
        mean, variance = self.get_buffer("stored_mean"), self.get_buffer("stored_var")
        return F.batch_norm(x, mean, variance, self.gain, self.bias, eps=BN_EPS)


class Block(nn.Module):
    """Two norms and two 3×3 convolutions, upsampled between, beside a 1×1 of the upsampled input."""

    def __init__(self, entering: int, leaving: int, conditions: int) -> None:
        super().__init__()
        self.conv1, self.conv2 = Normalised(leaving, entering, 3, 3), Normalised(leaving, leaving, 3, 3)
        self.conv_sc = Normalised(leaving, entering, 1, 1)
        self.bn1, self.bn2 = ConditionalNorm(entering, conditions), ConditionalNorm(leaving, conditions)

    def forward(self, x: Tensor, y: Tensor) -> Tensor:
        hidden = self.conv1(F.interpolate(self.bn1(x, y).relu(), scale_factor=2))
        out: Tensor = self.conv2(self.bn2(hidden, y).relu())
        skip: Tensor = self.conv_sc(F.interpolate(x, scale_factor=2))
        return out + skip


class Attention(nn.Module):
    """Every pixel attends to 2×2 maxima of keys and values."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.theta = Normalised(channels // 8, channels, 1, 1, bias=False)
        self.phi = Normalised(channels // 8, channels, 1, 1, bias=False)
        self.g = Normalised(channels // 2, channels, 1, 1, bias=False)
        self.o = Normalised(channels, channels // 2, 1, 1, bias=False)
        self.gamma = nn.Parameter(torch.zeros(()))

    def forward(self, x: Tensor, y: Tensor) -> Tensor:
        query = self.theta(x).flatten(2)
        key, value = (F.max_pool2d(part(x), 2).flatten(2) for part in (self.phi, self.g))
        weights = (query.transpose(1, 2) @ key).softmax(2)
        mixed = (value @ weights.transpose(1, 2)).unflatten(2, x.shape[2:])
        out: Tensor = self.gamma * self.o(mixed) + x
        return out


class PlainBigGAN(nn.Module):
    """The whole network: ``forward(z (N, z_dim), labels (N,))`` with labels of the whole class table."""

    def __init__(self, sizes: Sizes) -> None:
        super().__init__()
        self.sizes = sizes
        conditions = sizes.shared_dim + sizes.chunk
        self.shared = nn.Embedding(sizes.num_classes, sizes.shared_dim)
        self.linear = Normalised(16 * sizes.channels[0], sizes.chunk)
        self.blocks = nn.ModuleList()
        for place in range(sizes.blocks):
            entering, leaving = sizes.channels[place : place + 2]
            parts: list[nn.Module] = [Block(entering, leaving, conditions)]
            parts += [Attention(leaving)] if place in sizes.attention else []
            self.blocks.append(nn.ModuleList(parts))
        last = sizes.channels[-1]
        self.output_layer = nn.Sequential(PlainNorm(last), nn.ReLU(), Normalised(3, last, 3, 3))
        self.eval().requires_grad_(False)

    def forward(self, z: Tensor, labels: Tensor) -> Tensor:
        embedding, chunks = self.shared(labels), torch.split(z, self.sizes.chunk, 1)
        x = self.linear(chunks[0]).view(len(z), -1, 4, 4)
        for block, chunk in zip(self.blocks, chunks[1:], strict=True):
            y = torch.cat([embedding, chunk], 1)
            for part in block:  # type: ignore[attr-defined]
                x = part(x, y)
        image: Tensor = self.output_layer(x).tanh()
        return image

    def normalise_once(self) -> "PlainBigGAN":
        """Keep every normalised weight from now on."""
        for module in self.modules():
            if isinstance(module, Normalised):
                module.ready = module.normalised()
        return self


def published_sizes(resolution: int, *, width: int = 96) -> Sizes:
    """The family's own sizes for ImageNet: widths by block, and attention at 64 pixels."""
    factors = {
        128: (16, 16, 8, 4, 2, 1),
        256: (16, 16, 8, 8, 4, 2, 1),
        512: (16, 16, 8, 8, 4, 2, 1, 1),
    }[resolution]
    chunk = {128: 120, 256: 140, 512: 128}[resolution] // len(factors)
    return Sizes(
        num_classes=1000,
        shared_dim=128,
        chunk=chunk,
        channels=tuple(factor * width for factor in factors),
        attention=(3,),
    )


def small_sizes(*, classes: int = 5, chunk: int = 3, channels: Sequence[int] = (32, 16, 8, 8)) -> Sizes:
    """A network of 4·2ⁿ pixels that is quick in float64."""
    return Sizes(num_classes=classes, shared_dim=6, chunk=chunk, channels=tuple(channels), attention=(1,))


def random_plain(sizes: Sizes, *, seed: int = 0, dtype: torch.dtype = torch.float32) -> PlainBigGAN:
    """A network with random weights whose every tensor matters to the picture.

    Spectral norm's vectors are a few power steps old, and each norm's statistics are those of its own input,
    changed by an amount that differs from channel to channel.
    """
    random = torch.Generator().manual_seed(seed)
    model = PlainBigGAN(sizes).to(dtype)
    for name, tensor in model.state_dict().items():
        if name.endswith("gamma"):
            tensor.fill_(0.7)
        elif name == "output_layer.0.gain":
            tensor.uniform_(0.3, 0.6, generator=random)
        else:
            tensor.normal_(0.0, 0.1 if name.endswith(".bias") else 1.0, generator=random)
    for module in model.modules():
        if isinstance(module, Normalised):
            u, weight = module.get_buffer("u0"), module.weight.flatten(1)
            for _ in range(3):
                u.copy_(F.normalize(F.normalize(u @ weight) @ weight.T))
    _calibrate(model, random)
    return model


def _calibrate(model: PlainBigGAN, random: torch.Generator) -> None:
    """One pass in which every norm, before it runs, takes the statistics of what arrives."""

    def measure(norm: nn.Module, given: tuple[Tensor, ...]) -> None:
        mean, variance = given[0].mean((0, 2, 3)), given[0].var((0, 2, 3))
        shift, stretch = torch.randn(2, len(mean), generator=random, dtype=mean.dtype) * 0.2
        norm.get_buffer("stored_mean").copy_(mean + shift * variance.sqrt())
        norm.get_buffer("stored_var").copy_(variance * stretch.exp() + 1e-6)

    norms = [module for module in model.modules() if isinstance(module, ConditionalNorm | PlainNorm)]
    hooks = [norm.register_forward_pre_hook(measure) for norm in norms]
    z = torch.randn(2, model.sizes.z_dim, generator=random, dtype=model.linear.weight.dtype)
    model(z, torch.tensor([0, 1]))
    for hook in hooks:
        hook.remove()
