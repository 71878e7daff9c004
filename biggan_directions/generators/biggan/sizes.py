"""The sizes of a BigGAN of ajbrock's family, derived from the shapes of its tensors.

The layout is that of ``BigGAN.py`` in ajbrock/BigGAN-PyTorch at 9845943, with shared embeddings, hierarchical
z and spectral norm. z is cut into one chunk for ``linear`` and one for each block; every block doubles the
image, which begins at 4×4 pixels. The widths of the blocks, the chunks and the places of attention all follow
from shapes, so a checkpoint of this family needs no ``config.json``.
"""

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import torch

BN_EPS, SN_EPS = 1e-5, 1e-6  # of the 138k release; no tensor says them
_SIDE = 4  # pixels of the first image
_CONVOLUTION = re.compile(r"blocks\.(\d+)\.0\.conv1\.weight(_orig)?")
_ATTENTION = re.compile(r"blocks\.(\d+)\.1\.theta\.weight(_orig)?")

Shapes = Mapping[str, tuple[int, ...]]


class NoSizesError(ValueError):
    """Tensors from which no sizes follow; the message says which one is absent or of an odd shape."""


@dataclass(frozen=True, kw_only=True)
class Sizes:
    """The sizes of one network.

    Attributes:
        num_classes: rows of the embedding.
        shared_dim: numbers of a class's embedding.
        chunk: numbers of z that each layer meets.
        channels: of the first image, then of each block's output.
        attention: the blocks that are followed by attention, by index.
        torch_style: whether spectral norm is stored as torch does it (``weight_orig``, ``weight_u``,
            ``weight_v``), not as the authors' code does (``weight``, ``u0``).
        bn_eps: added to the variance by every batch norm.
        sn_eps: the least norm that the power step divides by.
    """

    num_classes: int
    shared_dim: int
    chunk: int
    channels: tuple[int, ...]
    attention: tuple[int, ...]
    torch_style: bool = False
    bn_eps: float = BN_EPS
    sn_eps: float = SN_EPS

    @property
    def blocks(self) -> int:
        """The number of blocks."""
        return len(self.channels) - 1

    @property
    def z_dim(self) -> int:
        """Numbers of a latent."""
        return self.chunk * (self.blocks + 1)

    @property
    def resolution(self) -> int:
        """Side of the image in pixels."""
        return int(_SIDE * 2**self.blocks)

    @property
    def layer_names(self) -> tuple[str, ...]:
        """The layers that meet a chunk of z, in order."""
        return ("linear", *(f"blocks.{place}" for place in range(self.blocks)))

    def chunk_of(self, place: int) -> slice:
        """The part of z that layer ``place`` of :attr:`layer_names` meets."""
        return slice(place * self.chunk, (place + 1) * self.chunk)

    def expected_shapes(self) -> dict[str, torch.Size]:
        """Name and shape of every tensor that is needed, in the order of the network."""
        shapes: dict[str, tuple[int, ...]] = {"shared.weight": (self.num_classes, self.shared_dim)}
        shapes |= self._normalised("linear", self.channels[0] * _SIDE**2, self.chunk, bias=True)
        for place in range(self.blocks):
            shapes |= self._block(place)
        last = self.channels[-1]
        parts = ("gain", "bias", "stored_mean", "stored_var")
        shapes |= {f"output_layer.0.{part}": (last,) for part in parts}
        shapes |= self._normalised("output_layer.2", 3, last, 3, 3, bias=True)
        return {name: torch.Size(shape) for name, shape in shapes.items()}

    def parameters(self) -> int:
        """The number of learnt parameters: vectors of spectral norm and batch statistics are not counted."""
        kept = {"u0", "weight_u", "weight_v", "stored_mean", "stored_var"}
        return sum(
            shape.numel()
            for name, shape in self.expected_shapes().items()
            if name.rpartition(".")[2] not in kept
        )

    def _block(self, place: int) -> dict[str, tuple[int, ...]]:
        name, (entering, leaving) = f"blocks.{place}.0", self.channels[place : place + 2]
        shapes: dict[str, tuple[int, ...]] = {}
        for norm, channels in (("bn1", entering), ("bn2", leaving)):
            shapes |= {f"{name}.{norm}.{part}": (channels,) for part in ("stored_mean", "stored_var")}
            for part in ("gain", "bias"):
                conditions = self.shared_dim + self.chunk
                shapes |= self._normalised(f"{name}.{norm}.{part}", channels, conditions, bias=False)
        for convolution, *weight in (
            ("conv1", leaving, entering, 3, 3),
            ("conv2", leaving, leaving, 3, 3),
            ("conv_sc", leaving, entering, 1, 1),
        ):
            shapes |= self._normalised(f"{name}.{convolution}", *map(int, weight), bias=True)
        if place in self.attention:
            name, inner, values = f"blocks.{place}.1", leaving // 8, leaving // 2
            shapes[f"{name}.gamma"] = ()
            for part, out, into in (
                ("theta", inner, leaving),
                ("phi", inner, leaving),
                ("g", values, leaving),
                ("o", leaving, values),
            ):
                shapes |= self._normalised(f"{name}.{part}", out, into, 1, 1, bias=False)
        return shapes

    def _normalised(self, name: str, *weight: int, bias: bool) -> dict[str, tuple[int, ...]]:
        """A layer under spectral norm: its weight, and the vectors of the power iteration."""
        shapes: dict[str, tuple[int, ...]] = {f"{name}.weight": weight, f"{name}.u0": (1, weight[0])}
        if self.torch_style:
            shapes = {
                f"{name}.weight_orig": weight,
                f"{name}.weight_u": weight[:1],
                f"{name}.weight_v": (math.prod(weight[1:]),),
            }
        return {**shapes, f"{name}.bias": weight[:1]} if bias else shapes


def sizes_of(shapes: Shapes, *, bn_eps: float = BN_EPS, sn_eps: float = SN_EPS) -> Sizes:
    """The sizes that follow from the shapes of a checkpoint's tensors by name.

    Raises:
        NoSizesError: a tensor that says a size is absent, or has a shape that says none.
    """
    torch_style = "linear.weight_orig" in shapes
    weight = "weight_orig" if torch_style else "weight"
    num_classes, shared_dim = _shape(shapes, "shared.weight", 2)
    rows, chunk = _shape(shapes, f"linear.{weight}", 2)
    if rows % _SIDE**2:
        raise NoSizesError(f"linear.{weight} has {rows} rows, expected a multiple of {_SIDE**2}")
    blocks = 1 + max(_places(_CONVOLUTION, shapes), default=-1)
    if not 1 <= blocks <= 12:
        raise NoSizesError(
            f"blocks.0.0.conv1.{weight} is absent" if not blocks else f"it has {blocks} blocks"
        )
    leaving = [_shape(shapes, f"blocks.{place}.0.conv1.{weight}", 4)[0] for place in range(blocks)]
    return Sizes(
        num_classes=num_classes,
        shared_dim=shared_dim,
        chunk=chunk,
        channels=(rows // _SIDE**2, *leaving),
        attention=tuple(sorted(_places(_ATTENTION, shapes))),
        torch_style=torch_style,
        bn_eps=bn_eps,
        sn_eps=sn_eps,
    )


def _shape(shapes: Shapes, name: str, dimensions: int) -> tuple[int, ...]:
    shape = shapes.get(name)
    if shape is None:
        raise NoSizesError(f"{name} is absent")
    if len(shape) != dimensions or 0 in shape:
        raise NoSizesError(f"{name} is {tuple(shape)}, expected {dimensions} dimensions")
    return tuple(shape)


def _places(pattern: re.Pattern[str], shapes: Shapes) -> Iterator[int]:
    return (int(found[1]) for name in shapes if (found := pattern.fullmatch(name)) and len(found[1]) < 4)
