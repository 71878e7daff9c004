"""A BigGAN of ajbrock's family with everything constant for its classes folded: fast and exact."""

from collections.abc import Mapping, Sequence

import torch

from biggan_directions.errors import UsageError
from biggan_directions.generators import ImageClass
from biggan_directions.generators.biggan.conditioning import Conditioning
from biggan_directions.generators.biggan.image_layer import ImageLayer
from biggan_directions.generators.biggan.residual_block import ResidualBlock
from biggan_directions.generators.biggan.sizes import Sizes
from biggan_directions.generators.capabilities import TrueDirections
from biggan_directions.generators.folded.attention import Attention
from biggan_directions.generators.folded.folded_generator import FoldedGenerator
from biggan_directions.generators.folded.layer import Layer


class HierarchicalBigGAN(FoldedGenerator):
    """A BigGAN that draws fixed classes; each layer meets a chunk of z of its own.

    The images equal the unfolded network's to 1e-9 in float64. There is one set of batch statistics, so
    ``truncation`` is only the scale that suits its latents, 1.0 for the paper's. The rows of ``linear`` in
    :meth:`latent_weights` are ordered by pixel, then channel.

    Args:
        sizes: of the network.
        state: its tensors, named as by :meth:`Sizes.expected_shapes`; not modified.
        classes: the classes to draw, in the order of ``class_index``.
        truncation: in (0, 1].
        model, weights_sha256, license: stored as attributes.
        device, dtype: device and precision of drawing; folding itself is done in float64.
        true_directions: the true directions, if they are known.

    Raises:
        UsageError: no class, or a truncation outside (0, 1].
    """

    first_name = "linear"
    norm_parts = ("gain", "bias")

    def __init__(
        self,
        sizes: Sizes,
        state: Mapping[str, torch.Tensor],
        *,
        classes: Sequence[ImageClass],
        truncation: float,
        model: str,
        weights_sha256: str,
        license: str,
        device: torch.device | str,
        true_directions: TrueDirections | None = None,
        dtype: torch.dtype = torch.float32,
    ) -> None:
        if not 0 < truncation <= 1:
            raise UsageError(f"truncation must lie in (0, 1], got {truncation}; try --truncation 1")
        super().__init__(
            classes=classes,
            truncation=truncation,
            model=model,
            weights_sha256=weights_sha256,
            license=license,
            resolution=sizes.resolution,
            z_dim=sizes.z_dim,
            true_directions=true_directions,
        )
        self._chunk = sizes.chunk
        embeddings = state["shared.weight"][[image_class.index for image_class in self.classes]]
        conditioning = Conditioning(sizes, state, embeddings=embeddings, dtype=dtype)
        first = conditioning.add_first()
        layers: dict[str, Layer] = {}
        offset = torch.zeros(sizes.channels[0], dtype=torch.float64, device=embeddings.device)
        for place in range(sizes.blocks):
            block = ResidualBlock(conditioning, place, offset=offset)
            layers[f"blocks.{place}"] = block
            offset = block.offset
            if place in sizes.attention:
                name = f"blocks.{place}.1"
                layers[name] = attention = _attention(conditioning, name, offset)
                offset = attention.offset
        layers["output_layer"] = ImageLayer(conditioning, offset=offset)
        self._set_layers(first, layers, conditioning)
        self._place(device, dtype)

    def from_layers(self, z: torch.Tensor, class_index: torch.Tensor | None = None) -> torch.Tensor:
        """Draw ``z (N, L, z_dim)``: layer ``l`` meets its chunk of ``z[:, l]``, and no other part of it.

        Raises:
            UsageError: z or class_index has another shape.
        """
        count = len(self.layer_names)
        if z.ndim != 3 or z.shape[1:] != (count, self.z_dim):
            raise UsageError(f"z must have shape (N, {count}, {self.z_dim}), got {tuple(z.shape)}")
        chunks = z.reshape(len(z), count, count, self._chunk).diagonal(dim1=1, dim2=2)  # (N, chunk, L)
        mixed: torch.Tensor = self(chunks.transpose(1, 2).flatten(1), class_index)
        return mixed

    def _layer_of(self, norm_name: str) -> str:
        return norm_name.rsplit(".", 2)[0]


def _attention(conditioning: Conditioning, name: str, offset: torch.Tensor) -> Attention:
    query, key, value, out = (conditioning.weight(f"{name}.{part}") for part in ("theta", "phi", "g", "o"))
    return Attention(query, key, value, out * conditioning.gain(name), offset=offset)
