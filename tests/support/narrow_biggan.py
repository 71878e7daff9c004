"""Stock BigGAN-deep networks with random weights and statistics that a trained one could have."""

from typing import Any

import torch
from pytorch_pretrained_biggan import BigGAN, BigGANConfig
from pytorch_pretrained_biggan.convert_tf_to_pytorch import BigGAN128, BigGAN256, BigGAN512
from pytorch_pretrained_biggan.model import BigGANBatchNorm

PUBLISHED: dict[int, BigGANConfig] = {128: BigGAN128, 256: BigGAN256, 512: BigGAN512}


def published_config(resolution: int, **changes: Any) -> BigGANConfig:
    """The package's own configuration of a published depth, with changes to ``channel_width`` and others."""
    settings = {**PUBLISHED[resolution].to_dict(), **changes}
    settings["class_embed_dim"] = settings["z_dim"]
    return BigGANConfig.from_dict(settings)


def narrow_config(resolution: int) -> BigGANConfig:
    """A published depth made narrow enough for float64 on a small machine."""
    return published_config(resolution, channel_width=8, z_dim=12, num_classes=5)


def random_biggan(config: BigGANConfig, *, seed: int = 0, dtype: torch.dtype = torch.float32) -> BigGAN:
    """A frozen stock network in eval mode whose every tensor matters to the picture.

    Spectral norm's vectors are brought near the singular ones, the statistics of each norm are those of its
    own input changed by an amount that differs from row to row and channel to channel, and biases, gamma
    and the class embedding are far from zero.
    """
    random = torch.Generator().manual_seed(seed)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = BigGAN(config).to(dtype).eval().requires_grad_(False)
    model.embeddings.weight.normal_(generator=random)
    model.generator.bn.weight.uniform_(0.3, 0.6, generator=random)
    for name, tensor in [*model.named_parameters(), *model.named_buffers()]:
        if name.endswith("bias"):
            tensor.normal_(0.0, 0.1, generator=random)
        elif name.endswith("gamma"):
            tensor.fill_(0.7)
        elif name.endswith("weight_u"):
            _power_iteration(model, name.removesuffix("_u"))
    _calibrate(model, random)
    return model


def _power_iteration(model: BigGAN, name: str) -> None:
    state = dict(model.named_parameters()) | dict(model.named_buffers())
    weight, left, right = state[f"{name}_orig"].flatten(1), state[f"{name}_u"], state[f"{name}_v"]
    for _ in range(3):
        right.copy_(torch.nn.functional.normalize(left @ weight, dim=0))
        left.copy_(torch.nn.functional.normalize(weight @ right, dim=0))


def _calibrate(model: BigGAN, random: torch.Generator) -> None:
    """One pass in which every norm, before it runs, takes the statistics of what arrives."""

    def measure(norm: BigGANBatchNorm, arguments: tuple[Any, ...]) -> None:
        x = arguments[0]
        mean, variance = x.mean((0, 2, 3)), x.var((0, 2, 3))
        shift, stretch = torch.randn(2, *norm.running_means.shape, generator=random, dtype=x.dtype) * 0.2
        norm.running_means.copy_(mean + shift * variance.sqrt())
        norm.running_vars.copy_(variance * stretch.exp() + 1e-6)

    norms = [module for module in model.modules() if isinstance(module, BigGANBatchNorm)]
    hooks = [norm.register_forward_pre_hook(measure) for norm in norms]
    z = torch.randn(2, model.config.z_dim, generator=random, dtype=model.embeddings.weight.dtype)
    model(z, torch.eye(model.config.num_classes, dtype=z.dtype)[:2], 1.0)
    for hook in hooks:
        hook.remove()
