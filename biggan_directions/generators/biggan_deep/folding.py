"""What a checkpoint's tensors become once class and truncation are fixed: fewer tensors, the same pictures.

Every conditional norm of BigGAN-deep maps x to ``(x - mean) / sqrt(var + eps) * (1 + S·[z, e]) + O·[z, e]``
with e the class's embedding. All but x and z is constant, so it is ``x * scale + shift`` with scale and
shift affine in z. A bias that reaches the norm from the convolution before it, or along the skip path, is
one more constant on mean.
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
    """Gathers what is affine in z into one matrix and one row of constants a class: one product in all.

    ``norm_names`` are the checkpoint's names of the conditional norms that were added, in order.
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
        """``weight·[z, e] + bias``; returns how many numbers that is."""
        return self._append(weight[:, : self._z_dim], self._embeddings @ weight[:, self._z_dim :].T + bias)

    def add_norm(self, name: str, offset: torch.Tensor) -> int:
        """Scale and shift of a conditional norm whose input lacks the constant ``offset (channels,)``."""
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
        """How many channels each norm has, in order."""
        return [norm.shape[1] for norm in self._norms]

    def plain_norm(self, name: str, offset: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Scale and shift ``(channels,)`` of a norm that no condition reaches."""
        mean, inverse = self._statistics(name)
        scale = self._state[f"{name}.weight"].double() * inverse
        return scale, self._state[f"{name}.bias"].double() + (offset - mean) * scale

    def gathered(self) -> dict[str, torch.Tensor]:
        """The matrix ``(size, z_dim)``, the classes' constants ``(classes, size)``, and what norms were
        folded with.

        The last is one over the standard deviation and minus the mean of each channel, ``(2, channels of
        all)``.
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
