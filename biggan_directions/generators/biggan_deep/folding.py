"""Fold the weights for fixed classes and a fixed truncation: fewer tensors, the same images.

Every conditional norm of BigGAN-deep maps x to ``(x - mean) / sqrt(var + eps) * (1 + S·[z, e]) + O·[z, e]``
with e the class's embedding. Only x and z vary, so this is ``x * scale + shift`` with scale and shift affine
in z. A bias of the convolution before the norm, or of the skip path, is added to the mean.
"""

from collections.abc import Mapping

import torch

State = Mapping[str, torch.Tensor]


def normalised_weight(state: State, name: str) -> torch.Tensor:
    """The weight that spectral norm applies in eval mode, ``W / (uᵀ·W·v)``, float64."""
    weight = state[f"{name}.weight_orig"].double()
    left, right = state[f"{name}.weight_u"].double(), state[f"{name}.weight_v"].double()
    return weight / torch.dot(left, weight.flatten(1) @ right)


class Modulations:
    """Collects all affine functions of z in one matrix and one row of constants per class.

    A forward pass then needs a single product for them. ``norm_names`` are the names of the conditional norms
    in the weights, in the order in which they were added.
    """

    def __init__(
        self, state: State, *, row: int, eps: float, z_dim: int, embeddings: torch.Tensor, dtype: torch.dtype
    ) -> None:
        self._state, self._row, self._eps, self._z_dim, self._dtype = state, row, eps, z_dim, dtype
        self._embeddings = embeddings.double()  # (classes, embedding)
        self._weights: list[torch.Tensor] = []
        self._terms: list[torch.Tensor] = []
        self._norms: list[torch.Tensor] = []
        self.norm_names: list[str] = []

    def add_affine(self, weight: torch.Tensor, bias: torch.Tensor) -> int:
        """Add ``weight·[z, e] + bias``; returns the length of its output."""
        return self._append(weight[:, : self._z_dim], self._embeddings @ weight[:, self._z_dim :].T + bias)

    def add_norm(self, name: str, offset: torch.Tensor) -> int:
        """Add the scale and shift of a conditional norm; its input lacks the constant ``offset (channels,)``.

        Returns the length of both together.
        """
        mean, inverse = self._statistics(name)
        scale, shift = (normalised_weight(self._state, f"{name}.{part}") for part in ("scale", "offset"))
        scale = scale * inverse[:, None]
        centre = offset - mean
        self._norms.append(torch.stack([inverse, centre]))
        self.norm_names.append(name)
        scale_terms = inverse + self._embeddings @ scale[:, self._z_dim :].T
        shift_terms = scale_terms * centre + self._embeddings @ shift[:, self._z_dim :].T
        scale, shift = scale[:, : self._z_dim], shift[:, : self._z_dim]
        return self._append(
            torch.cat([scale, shift + scale * centre[:, None]]), torch.cat([scale_terms, shift_terms], 1)
        )

    @property
    def channels(self) -> list[int]:
        """The number of channels of each norm, in order."""
        return [norm.shape[1] for norm in self._norms]

    def plain_norm(self, name: str, offset: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Scale and shift ``(channels,)`` of an unconditional norm."""
        mean, inverse = self._statistics(name)
        scale = self._state[f"{name}.weight"].double() * inverse
        return scale, self._state[f"{name}.bias"].double() + (offset - mean) * scale

    def gathered(self) -> dict[str, torch.Tensor]:
        """The matrix ``(size, z_dim)``, the constants ``(classes, size)``, and the statistics of the norms.

        The last are the inverse standard deviation and the negative mean of every channel, with offsets
        included, ``(2, channels of all norms)``.
        """
        return {
            "modulation": torch.cat(self._weights),
            "class_terms": torch.cat(self._terms, 1),
            "norms": torch.cat(self._norms, 1),
        }

    def _statistics(self, name: str) -> tuple[torch.Tensor, torch.Tensor]:
        mean = self._state[f"{name}.running_means"][self._row].double()
        variance = self._state[f"{name}.running_vars"][self._row].double()
        return mean, torch.rsqrt(variance + self._eps)

    def _append(self, weight: torch.Tensor, terms: torch.Tensor) -> int:
        self._weights.append(weight.to(self._dtype))
        self._terms.append(terms.to(self._dtype))
        return len(weight)
