"""How a scorecard is measured, and how many images that takes."""

from __future__ import annotations

from dataclasses import dataclass

from biggan_directions.errors import UsageError
from biggan_directions.generators.chosen_layers import EVERY
from biggan_directions.metrics.probing import ROUNDING_IMAGES, images_of_set, images_shared
from biggan_directions.solvers import registry
from biggan_directions.traversal import even_fractions

BASELINES = ("random", "coordinate", "first-order", "sefa")


@dataclass(frozen=True, kw_only=True)
class ScoreSettings:
    """How to measure.

    Attributes:
        latents: how many.
        seed: of latents, probes, sketches and the random baseline; their streams are not those of learning.
        baselines: solvers to measure beside the set, of those that draw no images of their own.
        epsilon: step of differences, in units of z.
        probes: random probes at a latent that stand for the live dimensions, if these are more than eight.
            docs/method.md has the bias and the spread of a penalty by their number.
        positions: images along a traversal, an odd number from 3.
        traversals: at how many of the latents, from the first, unevenness is measured. A traversal takes as
            many images as all the rest, and differs less from latent to latent than from direction to
            direction.
        micro_batch: images drawn at once.
        layers: where z is moved: see :class:`~biggan_directions.learning.settings.LearnSettings`.

    Raises:
        UsageError: a value is out of range or unknown.
    """

    latents: int = 16
    seed: int = 0
    baselines: tuple[str, ...] = BASELINES
    epsilon: float = 0.1
    probes: int = 4
    positions: int = 7
    traversals: int = 4
    micro_batch: int = 8
    layers: str = EVERY

    def __post_init__(self) -> None:
        if self.latents < 2:
            raise UsageError(f"latents must be 2 or more, to tell how sure a measure is, got {self.latents}")
        if self.probes < 2:
            raise UsageError(f"probes must be 2 or more, to tell how much they differ, got {self.probes}")
        if self.traversals < 2:
            raise UsageError(
                f"traversals must be 2 or more, to tell how sure a measure is, got {self.traversals}"
            )
        for name in self.baselines:
            registry.find(name)
        even_fractions(self.positions)


def images_needed(settings: ScoreSettings, *, ndirs: int, live: int) -> int:
    """How many images measuring one set takes, in a live space of so many dimensions."""
    each = images_shared(live, settings.probes) + images_of_set(ndirs, live, settings.probes)
    traversed = min(settings.latents, settings.traversals)
    return settings.latents * each + traversed * (ROUNDING_IMAGES + ndirs * (settings.positions - 1))
