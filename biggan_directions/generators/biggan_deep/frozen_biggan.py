"""BigGAN-deep with everything constant for its classes and one truncation folded: fast and exact."""

from collections.abc import Mapping, Sequence

import torch
from pytorch_pretrained_biggan import BigGANConfig

from biggan_directions.generators import ImageClass
from biggan_directions.generators.biggan_deep.block import Block
from biggan_directions.generators.biggan_deep.folding import Modulations, State, normalised_weight
from biggan_directions.generators.biggan_deep.last_block import LastBlock
from biggan_directions.generators.biggan_deep.truncation import nearest_stored_truncation
from biggan_directions.generators.capabilities import TrueDirections
from biggan_directions.generators.folded.attention import Attention
from biggan_directions.generators.folded.folded_generator import FoldedGenerator
from biggan_directions.generators.folded.layer import Layer


class FrozenBigGAN(FoldedGenerator):
    """A BigGAN-deep that draws fixed classes at a fixed truncation, several times faster than the stock one.

    The images equal the package's own to 1e-9 in float64, computed with the stored row of batch statistics
    nearest to the truncation.

    ``truncation`` is the stored one, which may differ from the one requested.
    """

    first_name = "generator.gen_z"
    norm_parts = ("scale", "offset")

    def __init__(
        self,
        config: BigGANConfig,
        state: Mapping[str, torch.Tensor],
        *,
        classes: Sequence[ImageClass],
        truncation: float,
        model: str,
        weights_sha256: str,
        license: str,
        true_directions: TrueDirections | None = None,
        dtype: torch.dtype = torch.float32,
    ) -> None:
        row, stored = nearest_stored_truncation(truncation, config.n_stats)
        super().__init__(
            classes=classes,
            truncation=stored,
            model=model,
            weights_sha256=weights_sha256,
            license=license,
            resolution=config.output_dim,
            z_dim=config.z_dim,
            true_directions=true_directions,
        )
        chosen = state["embeddings.weight"].T[[image_class.index for image_class in self.classes]]
        modulations = Modulations(
            state, row=row, eps=config.eps, z_dim=config.z_dim, embeddings=chosen, dtype=dtype
        )
        first = modulations.add_affine(
            normalised_weight(state, "generator.gen_z"), state["generator.gen_z.bias"].double()
        )
        layers: list[Layer] = []
        offset = torch.zeros(16 * config.channel_width, dtype=torch.float64, device=chosen.device)
        for position, (upsample, _, _) in enumerate(config.layers):
            if position == config.attention_layer_position:
                attention = _attention(state, f"generator.layers.{len(layers)}", offset)
                layers.append(attention)
                offset = attention.offset
            name = f"generator.layers.{len(layers)}"
            block = Block(state, name, modulations, upsample=bool(upsample), offset=offset)
            layers.append(block)
            offset = block.offset
        layers[-1] = LastBlock(state, "generator", modulations, block=block)
        names = (f"generator.layers.{place}" for place in range(len(layers)))
        self._set_layers(first, dict(zip(names, layers, strict=True)), modulations)

    @classmethod
    def from_state(
        cls,
        config: BigGANConfig,
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
    ) -> "FrozenBigGAN":
        """Fold a stock checkpoint.

        Args:
            config: the checkpoint's configuration.
            state: its tensors, named and shaped as in the package's ``BigGAN.state_dict()``; not modified.
            classes: the classes to draw, in the order of ``class_index``.
            truncation: in (0, 1]; the nearest stored one is used.
            model, weights_sha256, license: stored as attributes.
            true_directions: the true directions, if they are known.
            device, dtype: device and precision of drawing; folding itself is done in float64.

        Raises:
            UsageError: no class, or a truncation outside (0, 1].
        """
        folded = cls(
            config,
            state,
            classes=classes,
            truncation=truncation,
            model=model,
            weights_sha256=weights_sha256,
            license=license,
            true_directions=true_directions,
            dtype=dtype,
        )
        folded._place(device, dtype)
        return folded


def _attention(state: State, name: str, offset: torch.Tensor) -> Attention:
    query, key, value, out = (
        normalised_weight(state, f"{name}.snconv1x1_{part}") for part in ("theta", "phi", "g", "o_conv")
    )
    return Attention(query, key, value, out * state[f"{name}.gamma"].double(), offset=offset)
