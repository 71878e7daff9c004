"""Read untrusted weights in pytorch-pretrained-biggan's layout.

The configuration is checked before anything is built, nothing is unpickled, and every tensor that the
configuration requires must exist with its shape and be finite.
"""

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import torch
from msgspec import Meta, Struct, structs
from pytorch_pretrained_biggan import BigGANConfig

from biggan_directions.errors import FileFormatError
from biggan_directions.files.plain_json import read_json
from biggan_directions.files.safetensors_file import read_safetensors
from biggan_directions.files.torch_file import read_torch_file
from biggan_directions.files.validation import shown
from biggan_directions.generators.config_file import LARGEST_CONFIG_BYTES
from biggan_directions.generators.weights.tensor_check import checked_tensors
from biggan_directions.generators.weights.weight_folder import WeightFiles

_LARGEST_STATE_BYTES = 4 * 1024**3


class _Config(Struct, frozen=True):
    """The values of a ``config.json``; the bounds are wide, such as eight times the published width."""

    output_dim: Annotated[int, Meta(ge=8, le=2048)]
    z_dim: Annotated[int, Meta(ge=1, le=4096)]
    class_embed_dim: Annotated[int, Meta(ge=1, le=4096)]
    channel_width: Annotated[int, Meta(ge=4, le=1024)]
    num_classes: Annotated[int, Meta(ge=1, le=100_000)]
    attention_layer_position: Annotated[int, Meta(ge=0, le=64)]
    n_stats: Annotated[int, Meta(ge=2, le=1001)]
    eps: Annotated[float, Meta(gt=0, lt=1)]
    layers: Annotated[list[tuple[bool, int, int]], Meta(min_length=1, max_length=64)]

    def __post_init__(self) -> None:
        """Refuse inconsistent values.

        An item of ``layers`` is a block: whether it doubles the size, and its input and output channels as
        multiples of the width.
        """
        if self.class_embed_dim != self.z_dim:
            raise ValueError(
                f"class_embed_dim is {self.class_embed_dim}, expected z_dim, {self.z_dim}: "
                "the package that defines the layout takes no other"
            )
        channels = 16
        for position, (_, entering, leaving) in enumerate(self.layers):
            if entering != channels or leaving not in {channels, channels / 2}:
                raise ValueError(
                    f"layers[{position}] is {shown(self.layers[position])}, expected [true or false, "
                    f"{channels}, {channels} or its half]"
                )
            channels = leaving
        if channels != 1:
            raise ValueError(f"layers end at {channels} times the width, expected 1")
        size = 4 * 2 ** sum(upsamples for upsamples, _, _ in self.layers)
        if size != self.output_dim:
            raise ValueError(f"output_dim is {self.output_dim}, but its layers draw {size} pixels")
        if self.attention_layer_position < len(self.layers):
            attended = self.layers[self.attention_layer_position][1] * self.channel_width
            if attended < 8:
                raise ValueError(f"the attention layer has {attended} channels, expected at least 8")


def load_state(files: WeightFiles) -> tuple[BigGANConfig, dict[str, torch.Tensor]]:
    """Read and check the configuration and the tensors of a checkpoint.

    Args:
        files: its ``config.json``, and its ``.bin`` (torch) or ``.safetensors``.

    Returns:
        The configuration, and float32 tensors on the CPU by the names of ``BigGAN(config).state_dict()``,
        in its order; float32 numbers of the file are read once and not copied.

    Raises:
        FileFormatError: a file is not valid; the first wrong tensor is named.
    """
    config = read_config(files.config)
    expected = expected_shapes(config)
    _check_size(files.state_path, expected)
    return config, checked_tensors(_read_tensors(files.state_path), expected, where=str(files.state_path))


def read_config(path: Path) -> BigGANConfig:
    """Read a ``config.json`` and check that every value is within bounds; unknown keys are ignored.

    Raises:
        FileFormatError: it is not JSON, or a value is missing, of the wrong type, out of bounds, or
            inconsistent with another.
    """
    found = read_json(path, _Config, largest=LARGEST_CONFIG_BYTES, what="a BigGAN-deep configuration")
    return BigGANConfig(**structs.asdict(found))


def expected_shapes(config: BigGANConfig) -> dict[str, torch.Size]:
    """Name and shape of every tensor of ``BigGAN(config).state_dict()``, without building the model.

    Building the model could take any amount of memory for an untrusted file, draws from the global random
    generator and, on the meta device, imports sympy, which takes longer than everything else.
    """
    width, conditions = config.channel_width, 2 * config.z_dim
    shapes: dict[str, tuple[int, ...]] = {"embeddings.weight": (config.z_dim, config.num_classes)}
    shapes |= _normalised("generator.gen_z", 256 * width, conditions, bias=True)
    place = 0
    for position, (_, channels_in, channels_out) in enumerate(config.layers):
        if position == config.attention_layer_position:
            shapes |= _attention(f"generator.layers.{place}", channels_in * width)
            place += 1
        shapes |= _block(f"generator.layers.{place}", channels_in * width, channels_out * width, config)
        place += 1
    shapes |= {f"generator.bn.{name}": (width,) for name in ("weight", "bias")}
    shapes |= {f"generator.bn.{name}": (config.n_stats, width) for name in ("running_means", "running_vars")}
    shapes |= _normalised("generator.conv_to_rgb", width, width, 3, 3, bias=True)
    return {name: torch.Size(shape) for name, shape in shapes.items()}


def _normalised(name: str, *weight: int, bias: bool) -> dict[str, tuple[int, ...]]:
    """A layer under spectral norm: its weight, and the vectors of the power iteration."""
    rest = {
        f"{name}.weight_orig": weight,
        f"{name}.weight_u": weight[:1],
        f"{name}.weight_v": (math.prod(weight[1:]),),
    }
    return {f"{name}.bias": weight[:1], **rest} if bias else rest


def _attention(name: str, channels: int) -> dict[str, tuple[int, ...]]:
    inner, values = channels // 8, channels // 2
    return {
        f"{name}.gamma": (1,),
        **_normalised(f"{name}.snconv1x1_theta", inner, channels, 1, 1, bias=False),
        **_normalised(f"{name}.snconv1x1_phi", inner, channels, 1, 1, bias=False),
        **_normalised(f"{name}.snconv1x1_g", values, channels, 1, 1, bias=False),
        **_normalised(f"{name}.snconv1x1_o_conv", channels, values, 1, 1, bias=False),
    }


def _block(name: str, entering: int, leaving: int, config: BigGANConfig) -> dict[str, tuple[int, ...]]:
    """A residual block: four times a conditional norm and a convolution."""
    middle = entering // 4
    convolutions = ((middle, entering, 1), (middle, middle, 3), (middle, middle, 3), (leaving, middle, 1))
    shapes: dict[str, tuple[int, ...]] = {}
    for step, (channels_out, channels_in, size) in enumerate(convolutions):
        norm = f"{name}.bn_{step}"
        shapes |= {f"{norm}.{of}": (config.n_stats, channels_in) for of in ("running_means", "running_vars")}
        for part in ("scale", "offset"):
            shapes |= _normalised(f"{norm}.{part}", channels_in, 2 * config.z_dim, bias=False)
        shapes |= _normalised(f"{name}.conv_{step}", channels_out, channels_in, size, size, bias=True)
    return shapes


def _check_size(path: Path, expected: Mapping[str, torch.Size]) -> None:
    """Refuse a file of a wrong size before it is read, because reading takes memory of that size."""
    numbers = sum(shape.numel() for shape in expected.values())
    if 4 * numbers > _LARGEST_STATE_BYTES:
        raise FileFormatError(
            f"the configuration beside {path} requires {4 * numbers} bytes of weights, "
            f"expected at most {_LARGEST_STATE_BYTES}"
        )
    try:
        size = path.stat().st_size
    except OSError as error:
        raise FileFormatError(f"{path} cannot be read: {error.strerror}") from error
    slack = 1024 * (64 + len(expected))
    if not 2 * numbers <= size <= 8 * numbers + slack:
        raise FileFormatError(
            f"{path} has {size} bytes, expected about {4 * numbers}: it is cut short, "
            "or does not belong to the configuration beside it"
        )


def _read_tensors(path: Path) -> dict[str, torch.Tensor]:
    """The tensors of a file by name."""
    read = read_safetensors if path.suffix == ".safetensors" else read_torch_file
    found: object = read(path, largest=2 * _LARGEST_STATE_BYTES, what="a checkpoint of plain tensors")
    if not isinstance(found, dict) or not all(
        isinstance(name, str) and isinstance(tensor, torch.Tensor) for name, tensor in found.items()
    ):
        raise FileFormatError(f"{path} does not hold a dict of tensors by name, as a checkpoint does")
    return found
