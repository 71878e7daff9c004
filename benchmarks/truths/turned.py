"""A generator behind a rotation of z, which hides the axes that its factors lie on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from hashlib import sha256

import torch

from biggan_directions.generators import Generator
from biggan_directions.generators.capabilities import LatentWeight, TrueDirections
from biggan_directions.latents import stream
from biggan_directions.linalg import orthonormal


def random_rotation(size: int, seed: int, *, purpose: str = "hidden rotation") -> torch.Tensor:
    """A random orthogonal matrix, uniform over all of them: float64 ``(size, size)``."""
    draws = torch.randn(size, size, generator=stream(purpose, seed), dtype=torch.float64)
    return orthonormal(draws)


class Turned:
    """Draws z as ``inner`` draws ``rotation @ z``: what lies along axis i of the inner z lies along row i.

    Args:
        inner: the generator that is hidden.
        rotation: orthogonal ``(z_dim, z_dim)``.
        seed: of the rotation, as part of the model's name.
        true_directions: in the turned z, where each factor has a direction of its own.
    """

    true_directions: TrueDirections  # set where they are known: see KnownTruth

    def __init__(
        self,
        inner: Generator,
        rotation: torch.Tensor,
        *,
        seed: int,
        true_directions: TrueDirections | None = None,
    ) -> None:
        self._inner, self._rotation = inner, rotation.float().to(inner.device)
        self.model = f"{inner.model}, rotation {seed}"
        self.z_dim, self.resolution, self.classes = inner.z_dim, inner.resolution, inner.classes
        self.truncation, self.license = inner.truncation, inner.license
        digest = sha256(inner.weights_sha256.encode())
        digest.update(self._rotation.cpu().numpy().tobytes())
        self.weights_sha256 = digest.hexdigest()
        if true_directions is not None:
            self.true_directions = true_directions

    @property
    def device(self) -> torch.device:
        """Where z must lie."""
        return self._inner.device

    def __call__(self, z: torch.Tensor, class_index: torch.Tensor | None = None) -> torch.Tensor:
        """Draw ``z (N, z_dim)`` as images ``(N, 3, H, W)`` in [-1, 1]."""
        return self._inner(z @ self._rotation.to(z.dtype).T, class_index)


class TurnedNetwork(Turned):
    """A turned network whose matrices that meet z are known, as SeFa needs them.

    Args:
        weights: the matrices of the inner network.
    """

    def __init__(
        self,
        inner: Generator,
        rotation: torch.Tensor,
        weights: Sequence[LatentWeight],
        *,
        seed: int,
        true_directions: TrueDirections | None = None,
    ) -> None:
        super().__init__(inner, rotation, seed=seed, true_directions=true_directions)
        self._weights = tuple(weights)

    def latent_weights(self) -> list[LatentWeight]:
        """The matrices as they meet the turned z."""
        return [
            replace(weight, matrix=weight.matrix @ self._rotation.to(weight.matrix))
            for weight in self._weights
        ]
