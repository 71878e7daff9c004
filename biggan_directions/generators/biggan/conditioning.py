"""What z and the class do to a BigGAN of ajbrock's family, folded for fixed classes."""

from collections.abc import Mapping

import torch
from torch.nn import functional as F

from biggan_directions.generators.biggan.sizes import Sizes
from biggan_directions.generators.folded.affine_terms import AffineTerms


class Conditioning(AffineTerms):
    """A checkpoint's tensors as they are applied, and the affine functions of z among them.

    Layer ``l`` of z's chunks meets ``z[chunk l]``: the columns of the other chunks are zero.
    """

    def __init__(
        self,
        sizes: Sizes,
        state: Mapping[str, torch.Tensor],
        *,
        embeddings: torch.Tensor,
        dtype: torch.dtype,
    ) -> None:
        super().__init__(z_dim=sizes.z_dim, embeddings=embeddings, dtype=dtype)
        self._sizes, self._state = sizes, state

    def weight(self, name: str) -> torch.Tensor:
        """The weight that spectral norm applies in eval mode, float64.

        The authors' code takes one power step from the stored ``u``: ``v = Wᵀu / |Wᵀu|``, then
        ``W / |W·v|`` (``layers.py``, ``power_iteration``). Torch's stores both vectors: ``W / (uᵀ·W·v)``.
        """
        if self._sizes.torch_style:
            weight, left, right = (self._tensor(f"{name}.weight_{part}") for part in ("orig", "u", "v"))
            return weight / torch.dot(left, weight.flatten(1) @ right)
        weight, left = self._tensor(f"{name}.weight"), self._tensor(f"{name}.u0")
        right = F.normalize(left @ weight.flatten(1), eps=self._sizes.sn_eps)
        stretched = right @ weight.flatten(1).T
        return weight / (stretched @ F.normalize(stretched, eps=self._sizes.sn_eps).T).squeeze()

    def bias(self, name: str) -> torch.Tensor:
        """The bias of a layer, float64."""
        return self._tensor(f"{name}.bias")

    def gain(self, name: str) -> torch.Tensor:
        """The gain of an attention layer, float64."""
        return self._tensor(f"{name}.gamma")

    def add_first(self) -> int:
        """Add ``linear``, its outputs in the order rows, columns, channels; returns their number."""
        weight, bias = self.weight("linear"), self.bias("linear")
        weight, bias = (
            tensor.reshape(-1, 16, *tensor.shape[1:]).transpose(0, 1).flatten(0, 1)
            for tensor in (weight, bias)
        )
        unconditional = weight.new_zeros(len(weight), self._sizes.shared_dim)
        return self.add_affine(torch.cat([self._in_all_of_z(weight, 0), unconditional], 1), bias)

    def add_norm(self, name: str, offset: torch.Tensor, *, place: int) -> int:
        """Add the scale and shift of a conditional norm; its input lacks the constant ``offset (channels,)``.

        ``place`` is the index of its layer in ``layer_names``. Returns the length of both together.
        """
        mean, inverse = self._statistics(name)
        weights = []
        for part in ("gain", "bias"):  # whose columns are the embedding, then the chunk of z
            of_class, of_z = self.weight(f"{name}.{part}").tensor_split((self._sizes.shared_dim,), 1)
            weights.append(torch.cat([self._in_all_of_z(of_z, place), of_class], 1))
        return self.add_folded_norm(
            name, scale=weights[0], shift=weights[1], inverse=inverse, centre=offset - mean
        )

    def plain_norm(self, name: str, offset: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Scale and shift ``(channels,)`` of an unconditional norm."""
        mean, inverse = self._statistics(name)
        scale = self._tensor(f"{name}.gain") * inverse
        return scale, self._tensor(f"{name}.bias") + (offset - mean) * scale

    def _statistics(self, name: str) -> tuple[torch.Tensor, torch.Tensor]:
        mean, variance = self._tensor(f"{name}.stored_mean"), self._tensor(f"{name}.stored_var")
        return mean, torch.rsqrt(variance + self._sizes.bn_eps)

    def _in_all_of_z(self, weight: torch.Tensor, place: int) -> torch.Tensor:
        """Columns for one chunk of z ``(outputs, chunk)`` among zeros ``(outputs, z_dim)``."""
        columns = weight.new_zeros(len(weight), self._sizes.z_dim)
        columns[:, self._sizes.chunk_of(place)] = weight
        return columns

    def _tensor(self, name: str) -> torch.Tensor:
        return self._state[name].double()
