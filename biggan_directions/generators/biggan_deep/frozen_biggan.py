"""BigGAN-deep with everything constant for its classes and one truncation folded: fast and exact."""

import copy
from collections.abc import Mapping, Sequence

import torch
from pytorch_pretrained_biggan import BigGANConfig
from torch import nn
from torch.autograd.forward_ad import unpack_dual

from biggan_directions.errors import UsageError
from biggan_directions.generators import ImageClass
from biggan_directions.generators.biggan_deep.attention import Attention
from biggan_directions.generators.biggan_deep.block import Block
from biggan_directions.generators.biggan_deep.folding import Modulations, normalised_weight
from biggan_directions.generators.biggan_deep.kernels.operations import bands
from biggan_directions.generators.biggan_deep.last_block import LastBlock
from biggan_directions.generators.biggan_deep.layer import Layer
from biggan_directions.generators.biggan_deep.truncation import nearest_stored_truncation
from biggan_directions.generators.capabilities import LatentWeight, TrueDirections


class FrozenBigGAN(nn.Module):
    """A BigGAN-deep that draws fixed classes at a fixed truncation, several times faster than the stock one.

    It is a function of z alone and differentiable in z; its weights take no gradient. The images equal the
    package's own to 1e-9 in float64, computed with the stored row of batch statistics nearest to the
    truncation.

    ``truncation`` is the stored one, which may differ from the one requested.
    """

    modulation: torch.Tensor
    class_terms: torch.Tensor
    norms: torch.Tensor
    true_directions: TrueDirections  # only set if they are known: see KnownTruth

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
        super().__init__()
        if not classes:
            raise UsageError("got no class, expected at least one; try --class golden_retriever")
        row, self.truncation = nearest_stored_truncation(truncation, config.n_stats)
        self.model, self.weights_sha256, self.license = model, weights_sha256, license
        self.resolution, self.z_dim, self.classes = config.output_dim, config.z_dim, tuple(classes)
        if true_directions is not None:
            self.true_directions = true_directions

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
                attention = Attention(state, f"generator.layers.{len(layers)}", offset=offset)
                layers.append(attention)
                offset = attention.offset
            name = f"generator.layers.{len(layers)}"
            block = Block(state, name, modulations, upsample=bool(upsample), offset=offset)
            layers.append(block)
            offset = block.offset
        layers[-1] = LastBlock(state, "generator", modulations, block=block)
        self.layers = nn.ModuleList(layers)
        self._sizes = [first, *(layer.size for layer in layers)]
        meet_z = [f"generator.layers.{place}" for place, layer in enumerate(layers) if layer.size]
        self._layer_names = ("generator.gen_z", *meet_z)
        self._channels, self._norm_names = modulations.channels, modulations.norm_names
        for name, tensor in modulations.gathered().items():
            self.register_buffer(name, tensor)

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
        for tensor in folded.buffers():
            if tensor.ndim == 4:
                tensor.data = tensor.contiguous(memory_format=torch.channels_last)
        return folded.to(device=device, dtype=dtype).eval()

    @property
    def device(self) -> torch.device:
        """The device of the weights, on which z must be."""
        return self.modulation.device

    @property
    def dtype(self) -> torch.dtype:
        """The precision of the layers."""
        return next(self.layers.buffers()).dtype

    def forward(self, z: torch.Tensor, class_index: torch.Tensor | None = None) -> torch.Tensor:
        """Draw ``z (N, z_dim)`` as images ``(N, 3, resolution, resolution)`` in [-1, 1], in z's dtype.

        ``class_index (N,)``, integer, indexes ``classes``; if omitted, all images are of the first class. A
        ``z (N, L, z_dim)`` is drawn as by :meth:`from_layers`.

        Raises:
            UsageError: z or class_index has another shape.
        """
        if z.shape[1:] not in ((self.z_dim,), (len(self._layer_names), self.z_dim)):
            raise UsageError(f"z must have shape (N, {self.z_dim}), got {tuple(z.shape)}")
        if class_index is not None and class_index.shape != z.shape[:1]:
            raise UsageError(f"class_index must have shape ({len(z)},), got {tuple(class_index.shape)}")
        plain = torch.compiler.is_compiling() or _is_transformed(z)
        class_terms = self.class_terms[0] if class_index is None else self.class_terms[class_index]
        if z.ndim == 2:
            terms = self._product(z, class_terms)
        else:
            terms = self._product_by_layer(z, class_terms, plain=plain)
        first, *rest = torch.split(terms.to(self.dtype), self._sizes, 1)
        x = first.reshape(len(z), 4, 4, -1).permute(0, 3, 1, 2)
        # Tensors saved for autograd exceed every cache anyway, and bands were slower there.
        if plain or (torch.is_grad_enabled() and terms.requires_grad):
            for layer, part in zip(self.layers, rest, strict=True):
                x = layer(x, part, plain=plain)
        else:
            x = _in_bands(list(self.layers), x, rest)
        return x.to(z.dtype)

    @property
    def layer_names(self) -> tuple[str, ...]:
        """The layers that z enters: the first one, then every residual block; attention has no z."""
        return self._layer_names

    def from_layers(self, z: torch.Tensor, class_index: torch.Tensor | None = None) -> torch.Tensor:
        """Draw ``z (N, L, z_dim)``, a latent for each of the L layers of :attr:`layer_names`.

        With all L latents alike it is the ordinary forward pass, bit for bit.

        Raises:
            UsageError: z or class_index has another shape.
        """
        expected = (len(self._layer_names), self.z_dim)
        if z.ndim != 3 or z.shape[1:] != expected:
            raise UsageError(f"z must have shape (N, {expected[0]}, {expected[1]}), got {tuple(z.shape)}")
        images: torch.Tensor = self(z, class_index)
        return images

    def _product(self, z: torch.Tensor, class_terms: torch.Tensor) -> torch.Tensor:
        """All that the layers need of ``z (N, z_dim)``: ``(N, size)``."""
        return torch.addmm(class_terms, z.to(class_terms.dtype), self.modulation.T)

    def _product_by_layer(self, z: torch.Tensor, class_terms: torch.Tensor, *, plain: bool) -> torch.Tensor:
        """The same where each layer has a latent of its own ``(N, L, z_dim)``.

        Each latent's product is whole, and a layer takes its part of it: a product with a part of the matrix,
        or of more latents at once, may differ in its last bits. Without gradients, layers that share a latent
        share its product; with them, each latent must get the gradient of its own layer alone.
        """
        shared = not (plain or (torch.is_grad_enabled() and z.requires_grad))
        sizes = [size for size in self._sizes if size]
        known: list[tuple[torch.Tensor, torch.Tensor]] = []
        parts, start = [], 0
        for latent, size in zip(z.unbind(1), sizes, strict=True):
            same = (of for other, of in known if torch.equal(other, latent)) if shared else iter(())
            product = next(same, None)
            if product is None:
                product = self._product(latent.contiguous(), class_terms)
                known.append((latent, product))
            parts.append(product[:, start : start + size])
            start += size
        return torch.cat(parts, 1)

    @property
    def activation_names(self) -> tuple[str, ...]:
        """The first layer and all blocks and attention layers but the last block, which gives the image."""
        return ("generator.gen_z", *(f"generator.layers.{place}" for place in range(len(self.layers) - 1)))

    def activations(
        self, name: str, z: torch.Tensor, class_index: torch.Tensor | None = None
    ) -> torch.Tensor:
        """The stock network's output ``(N, C, H, W)`` of a layer of :attr:`activation_names`.

        Only that part of the network is computed. The biases of convolutions, which are folded into later
        norms, are missing from it: a constant in each channel.

        Raises:
            UsageError: there is no such layer, or z or class_index has another shape.
        """
        if name not in self.activation_names:
            raise UsageError(f"layer '{name}' is unknown: expected one of {', '.join(self.activation_names)}")
        if z.ndim != 2 or z.shape[1] != self.z_dim:
            raise UsageError(f"z must have shape (N, {self.z_dim}), got {tuple(z.shape)}")
        if class_index is not None and class_index.shape != z.shape[:1]:
            raise UsageError(f"class_index must have shape ({len(z)},), got {tuple(class_index.shape)}")
        depth = self.activation_names.index(name)
        sizes = self._sizes[: 1 + depth]
        class_terms = self.class_terms[0] if class_index is None else self.class_terms[class_index]
        known, matrix = class_terms[..., : sum(sizes)], self.modulation[: sum(sizes)]
        terms = torch.addmm(known, z.to(matrix.dtype), matrix.T).to(self.dtype)
        first, *rest = torch.split(terms, sizes, 1)
        x = first.reshape(len(z), 4, 4, -1).permute(0, 3, 1, 2)
        plain = torch.compiler.is_compiling() or _is_transformed(z)
        for layer, part in zip(list(self.layers)[:depth], rest, strict=True):
            x = layer(x, part, plain=plain)
        return x.to(z.dtype)

    def latent_weights(self) -> list[LatentWeight]:
        """The stock network's weights that are multiplied by z, ``(outputs, z_dim)``, spectrally normalised.

        The first layer's weight, then those of the scale and of the shift of every conditional norm.
        """
        start = self._sizes[0]
        first = LatentWeight(name="generator.gen_z", layer="generator.gen_z", matrix=self.modulation[:start])
        weights = [first]
        for name, norm in zip(self._norm_names, torch.split(self.norms, self._channels, 1), strict=True):
            inverse, centre = norm[:, :, None]
            scale, shift = self.modulation[start : start + 2 * len(inverse)].chunk(2)
            weights += [
                LatentWeight(name=f"{name}.{part}", layer=name.rpartition(".")[0], matrix=matrix)
                for part, matrix in (("scale", scale / inverse), ("offset", shift - scale * centre))
            ]
            start += 2 * len(inverse)
        return weights

    @property
    def is_compiled(self) -> bool:
        """Whether the forward pass is compiled."""
        return self._compiled_call_impl is not None

    def of_class(self, *places: int) -> "FrozenBigGAN":
        """The same generator with only the classes ``classes[place]``, in this order; layers are shared."""
        twin = copy.copy(self)
        twin._buffers = {**self._buffers, "class_terms": self.class_terms[list(places)]}
        twin.classes = tuple(self.classes[place] for place in places)
        return twin

    def for_images(self, dtype: torch.dtype = torch.bfloat16) -> "FrozenBigGAN":
        """A copy that draws in low precision, for images to display but not for finite differences.

        The product with z keeps its precision; the layers compute in ``dtype``.
        """
        twin = copy.deepcopy(self)
        twin.layers.to(dtype)
        return twin

    def compiled(self) -> "FrozenBigGAN":
        """A copy with a compiled forward pass for any batch size; compiling takes minutes.

        Raises:
            UsageError: torch finds no compiler on this machine.
        """
        twin = copy.deepcopy(self)
        try:
            twin.compile(dynamic=True)
            with torch.no_grad():
                twin(torch.zeros(2, self.z_dim, dtype=self.modulation.dtype, device=self.device))
        except Exception as error:  # torch raises private classes, which differ between releases
            reason = str(error).strip().partition("\n")[0]
            raise UsageError(
                f"torch.compile does not work on this machine ({reason}); install a C++ compiler "
                "such as g++, or leave out --compile"
            ) from error
        return twin


def _is_transformed(z: torch.Tensor) -> bool:
    """Whether z has a tangent or a wrapper of torch.func, which only ordinary operations support."""
    functorch_active = getattr(torch._C, "_are_functorch_transforms_active", bool)
    tangent = unpack_dual(z).tangent  # type: ignore[no-untyped-call]
    return bool(functorch_active()) or tangent is not None


def _in_bands(layers: Sequence[nn.Module], x: torch.Tensor, terms: Sequence[torch.Tensor]) -> torch.Tensor:
    """Apply the layers to x; where x exceeds a cache, the batch is split for the rest of the layers.

    Small images are faster in large batches, and large images in small ones.
    """
    for place, layer in enumerate(layers):
        parts = list(bands(len(x), x[0].nbytes, device=x.device))
        if len(parts) > 1:
            rest, later = layers[place:], terms[place:]
            return torch.cat([_in_bands(rest, x[part], [term[part] for term in later]) for part in parts])
        x = layer(x, terms[place], plain=False)
    return x
