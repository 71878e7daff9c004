"""Fold the weights for fixed classes and a fixed truncation: fewer tensors, the same images."""

from collections.abc import Mapping

import torch

from biggan_directions.generators.folded.affine_terms import AffineTerms

State = Mapping[str, torch.Tensor]


def normalised_weight(state: State, name: str) -> torch.Tensor:
    """The weight that spectral norm applies in eval mode, ``W / (uᵀ·W·v)``, float64."""
    weight = state[f"{name}.weight_orig"].double()
    left, right = state[f"{name}.weight_u"].double(), state[f"{name}.weight_v"].double()
    return weight / torch.dot(left, weight.flatten(1) @ right)


class Modulations(AffineTerms):
    """The affine functions of z of a BigGAN-deep checkpoint, at one row of its batch statistics."""

    def __init__(
        self, state: State, *, row: int, eps: float, z_dim: int, embeddings: torch.Tensor, dtype: torch.dtype
    ) -> None:
        super().__init__(z_dim=z_dim, embeddings=embeddings, dtype=dtype)
        self._state, self._row, self._eps = state, row, eps

    def add_norm(self, name: str, offset: torch.Tensor) -> int:
        """Add the scale and shift of a conditional norm; its input lacks the constant ``offset (channels,)``.

        Returns the length of both together.
        """
        mean, inverse = self._statistics(name)
        scale, shift = (normalised_weight(self._state, f"{name}.{part}") for part in ("scale", "offset"))
        return self.add_folded_norm(name, scale=scale, shift=shift, inverse=inverse, centre=offset - mean)

    def plain_norm(self, name: str, offset: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Scale and shift ``(channels,)`` of an unconditional norm."""
        mean, inverse = self._statistics(name)
        scale = self._state[f"{name}.weight"].double() * inverse
        return scale, self._state[f"{name}.bias"].double() + (offset - mean) * scale

    def _statistics(self, name: str) -> tuple[torch.Tensor, torch.Tensor]:
        mean = self._state[f"{name}.running_means"][self._row].double()
        variance = self._state[f"{name}.running_vars"][self._row].double()
        return mean, torch.rsqrt(variance + self._eps)
