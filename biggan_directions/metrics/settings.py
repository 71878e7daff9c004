"""How directions are measured, and how many images that takes."""

from __future__ import annotations

from dataclasses import dataclass

from biggan_directions.errors import UsageError
from biggan_directions.solvers import registry
from biggan_directions.solvers.derivatives import evaluations_per_latent
from biggan_directions.traversal import even_fractions

BASELINES = ("random", "coordinate", "first-order", "sefa")


@dataclass(frozen=True, kw_only=True)
class ScoreSettings:
    """How to measure.

    Attributes:
        latents: number of fresh latents.
        seed: of latents, signs, sketches and the random baseline; their streams are not those of learning.
        baselines: solvers to measure beside the set, of those that draw no images of their own.
        epsilon: step of differences, in units of z.
        positions: images along a traversal, an odd number from 3.
        micro_batch: images drawn at once.

    Raises:
        UsageError: a value is out of range or unknown.
    """

    latents: int = 16
    seed: int = 0
    baselines: tuple[str, ...] = BASELINES
    epsilon: float = 0.1
    positions: int = 7
    micro_batch: int = 8

    def __post_init__(self) -> None:
        if self.latents < 2:
            raise UsageError(f"latents must be 2 or more, to tell how sure a measure is, got {self.latents}")
        for name in self.baselines:
            registry.find(name)
        even_fractions(self.positions)


def images_needed(settings: ScoreSettings, *, ndirs: int, dims: int) -> int:
    """How many images measuring one set takes; more where its directions leave the space of ``dims``."""
    traversal = 1 + ndirs * (settings.positions - 1)
    return settings.latents * (evaluations_per_latent(dims, ndirs) + traversal)
