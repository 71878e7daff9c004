"""A generator with everything constant for its classes folded: fast and exact."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, ClassVar

import torch
from torch import nn
from torch.autograd.forward_ad import unpack_dual

from biggan_directions.errors import UsageError
from biggan_directions.generators import ImageClass
from biggan_directions.generators.capabilities import LatentWeight, TrueDirections
from biggan_directions.generators.folded.affine_terms import AffineTerms
from biggan_directions.generators.folded.kernels.operations import bands
from biggan_directions.generators.folded.layer import Layer

if TYPE_CHECKING:
    from typing_extensions import Self  # in the standard library since Python 3.11


class FoldedGenerator(nn.Module):
    """A BigGAN that draws fixed classes, several times faster than the network as it was trained.

    It is a function of z alone and differentiable in z; its weights take no gradient. A family's own class
    makes the layers, and says what its weights call the first layer and the two parts of a conditional norm.
    """

    first_name: ClassVar[str]
    norm_parts: ClassVar[tuple[str, str]]
    modulation: torch.Tensor
    class_terms: torch.Tensor
    norms: torch.Tensor
    true_directions: TrueDirections  # only set if they are known: see KnownTruth
    layer_names: tuple[str, ...]
    """The layers that z enters: the first one, then every block; attention has no z."""
    activation_names: tuple[str, ...]
    """The first layer and all others but the last, which gives the image."""

    def __init__(
        self,
        *,
        classes: Sequence[ImageClass],
        truncation: float,
        model: str,
        weights_sha256: str,
        license: str,
        resolution: int,
        z_dim: int,
        true_directions: TrueDirections | None = None,
    ) -> None:
        super().__init__()
        if not classes:
            raise UsageError("got no class, expected at least one; try --class golden_retriever")
        self.truncation = truncation
        self.model, self.weights_sha256, self.license = model, weights_sha256, license
        self.resolution, self.z_dim, self.classes = resolution, z_dim, tuple(classes)
        if true_directions is not None:
            self.true_directions = true_directions

    def _set_layers(self, first: int, layers: Mapping[str, Layer], terms: AffineTerms) -> None:
        """Keep the layers, and the affine terms of the first ``first`` numbers and of each layer in turn."""
        self.layers = nn.ModuleList(layers.values())
        self._sizes = [first, *(layer.size for layer in layers.values())]
        self.layer_names = (self.first_name, *(name for name, layer in layers.items() if layer.size))
        self.activation_names = (self.first_name, *layers)[:-1]
        self._channels, self._norm_names = terms.channels, terms.norm_names
        for name, tensor in terms.gathered().items():
            self.register_buffer(name, tensor)

    def _place(self, device: torch.device | str, dtype: torch.dtype) -> None:
        """Move to a device, convolutions in the layout that is fastest there."""
        for tensor in self.buffers():
            if tensor.ndim == 4:
                tensor.data = tensor.contiguous(memory_format=torch.channels_last)
        self.to(device=device, dtype=dtype).eval()

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
        if z.shape[1:] not in ((self.z_dim,), (len(self.layer_names), self.z_dim)):
            raise UsageError(f"z must have shape (N, {self.z_dim}), got {tuple(z.shape)}")
        class_terms = self._terms_of_class(z, class_index)
        plain = _is_plain(z)
        if z.ndim == 2:
            terms = self._product(z, class_terms)
        else:
            terms = self._product_by_layer(z, class_terms, plain=plain)
        x, rest = self._first_image(terms, self._sizes)
        # Tensors saved for autograd exceed every cache anyway, and bands were slower there.
        if plain or (torch.is_grad_enabled() and terms.requires_grad):
            for layer, part in zip(self.layers, rest, strict=True):
                x = layer(x, part, plain=plain)
        else:
            x = _in_bands(list(self.layers), x, rest)
        return x.to(z.dtype)

    def from_layers(self, z: torch.Tensor, class_index: torch.Tensor | None = None) -> torch.Tensor:
        """Draw ``z (N, L, z_dim)``, a latent for each of the L layers of :attr:`layer_names`.

        With all L latents alike it is the ordinary forward pass, bit for bit.

        Raises:
            UsageError: z or class_index has another shape.
        """
        expected = (len(self.layer_names), self.z_dim)
        if z.ndim != 3 or z.shape[1:] != expected:
            raise UsageError(f"z must have shape (N, {expected[0]}, {expected[1]}), got {tuple(z.shape)}")
        images: torch.Tensor = self(z, class_index)
        return images

    def activations(
        self, name: str, z: torch.Tensor, class_index: torch.Tensor | None = None
    ) -> torch.Tensor:
        """The unfolded network's output ``(N, C, H, W)`` of a layer of :attr:`activation_names`.

        Only that part of the network is computed. The biases of convolutions, which are folded into later
        norms, are missing from it: a constant in each channel.

        Raises:
            UsageError: there is no such layer, or z or class_index has another shape.
        """
        if name not in self.activation_names:
            raise UsageError(f"layer '{name}' is unknown: expected one of {', '.join(self.activation_names)}")
        if z.ndim != 2 or z.shape[1] != self.z_dim:
            raise UsageError(f"z must have shape (N, {self.z_dim}), got {tuple(z.shape)}")
        depth = self.activation_names.index(name)
        sizes = self._sizes[: 1 + depth]
        known, matrix = self._terms_of_class(z, class_index)[..., : sum(sizes)], self.modulation[: sum(sizes)]
        x, rest = self._first_image(torch.addmm(known, z.to(matrix.dtype), matrix.T), sizes)
        for layer, part in zip(list(self.layers)[:depth], rest, strict=True):
            x = layer(x, part, plain=_is_plain(z))
        return x.to(z.dtype)

    def _terms_of_class(self, z: torch.Tensor, class_index: torch.Tensor | None) -> torch.Tensor:
        """What does not depend on z: ``(size,)`` of the first class, or ``(N, size)``."""
        if class_index is None:
            return self.class_terms[0]
        if class_index.shape != z.shape[:1]:
            raise UsageError(f"class_index must have shape ({len(z)},), got {tuple(class_index.shape)}")
        return self.class_terms[class_index]

    def _first_image(
        self, terms: torch.Tensor, sizes: list[int]
    ) -> tuple[torch.Tensor, Sequence[torch.Tensor]]:
        """The first layer's output, ``(N, C, 4, 4)``, and the terms of each layer after it."""
        first, *rest = torch.split(terms.to(self.dtype), sizes, 1)
        return first.reshape(len(terms), 4, 4, -1).permute(0, 3, 1, 2), rest

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

    def latent_weights(self) -> list[LatentWeight]:
        """The network's weights that are multiplied by z, ``(outputs, z_dim)``, spectrally normalised.

        The first layer's weight, then those of the scale and of the shift of every conditional norm.
        """
        start = self._sizes[0]
        first = LatentWeight(name=self.first_name, layer=self.first_name, matrix=self.modulation[:start])
        weights = [first]
        for name, norm in zip(self._norm_names, torch.split(self.norms, self._channels, 1), strict=True):
            inverse, centre = norm[:, :, None]
            scale, shift = self.modulation[start : start + 2 * len(inverse)].chunk(2)
            weights += [
                LatentWeight(name=f"{name}.{part}", layer=self._layer_of(name), matrix=matrix)
                for part, matrix in zip(
                    self.norm_parts, (scale / inverse, shift - scale * centre), strict=True
                )
            ]
            start += 2 * len(inverse)
        return weights

    def _layer_of(self, norm_name: str) -> str:
        """The name of the layer that a conditional norm belongs to."""
        return norm_name.rpartition(".")[0]

    @property
    def is_compiled(self) -> bool:
        """Whether the forward pass is compiled."""
        return self._compiled_call_impl is not None

    def of_class(self, *places: int) -> Self:
        """The same generator with only the classes ``classes[place]``, in this order; layers are shared."""
        twin = copy.copy(self)
        twin._buffers = {**self._buffers, "class_terms": self.class_terms[list(places)]}
        twin.classes = tuple(self.classes[place] for place in places)
        return twin

    def for_images(self, dtype: torch.dtype = torch.bfloat16) -> Self:
        """A copy that draws in low precision, for images to display but not for finite differences.

        The product with z keeps its precision; the layers compute in ``dtype``.
        """
        twin = copy.deepcopy(self)
        twin.layers.to(dtype)
        return twin

    def compiled(self) -> Self:
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


def _is_plain(z: torch.Tensor) -> bool:
    """Whether only ordinary operations will do."""
    return torch.compiler.is_compiling() or _is_transformed(z)


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
