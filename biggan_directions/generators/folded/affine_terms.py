"""All that z and the class do to a network: affine functions of z, gathered in one matrix.

Every conditional norm of a BigGAN maps x to ``(x - mean) / sqrt(var + eps) * (1 + S·[z, e]) + O·[z, e]`` with
e the class's embedding. Only x and z vary, so this is ``x * scale + shift`` with scale and shift affine in z.
A bias of the convolution before the norm, or of the skip path, is added to the mean.
"""

import torch


class AffineTerms:
    """Collects affine functions of z in one matrix and one row of constants per class.

    A forward pass then needs a single product for them. Weights have a column for each number of z, then one
    for each number of the class's embedding. ``norm_names`` are the names of the conditional norms in the
    weights, in the order in which they were added.
    """

    def __init__(self, *, z_dim: int, embeddings: torch.Tensor, dtype: torch.dtype) -> None:
        self._z_dim, self._dtype = z_dim, dtype
        self._embeddings = embeddings.double()  # (classes, embedding)
        self._weights: list[torch.Tensor] = []
        self._terms: list[torch.Tensor] = []
        self._norms: list[torch.Tensor] = []
        self.norm_names: list[str] = []

    def add_affine(self, weight: torch.Tensor, bias: torch.Tensor) -> int:
        """Add ``weight·[z, e] + bias``; returns the length of its output."""
        return self._append(weight[:, : self._z_dim], self._embeddings @ weight[:, self._z_dim :].T + bias)

    def add_folded_norm(
        self,
        name: str,
        *,
        scale: torch.Tensor,
        shift: torch.Tensor,
        inverse: torch.Tensor,
        centre: torch.Tensor,
    ) -> int:
        """Add a conditional norm, ``(x + centre) * inverse * (1 + S·[z, e]) + O·[z, e]``.

        ``scale`` and ``shift`` are S and O, ``(channels, z_dim + embedding)``; ``inverse (channels,)`` is the
        inverse standard deviation. Returns the length of the scale and the shift together.
        """
        scale = scale * inverse[:, None]
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

    def _append(self, weight: torch.Tensor, terms: torch.Tensor) -> int:
        self._weights.append(weight.to(self._dtype))
        self._terms.append(terms.to(self._dtype))
        return len(weight)
