"""Directions in a frozen BigGAN's latent space: found under the Hessian Penalty, judged, and rendered."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from biggan_directions.fashion.shipped import FASHION
from biggan_directions.generators.weights.catalog import register
from biggan_directions.toybox.entry import TOYBOX
from biggan_directions.version import __version__

if TYPE_CHECKING:
    from biggan_directions.directions import Directions
    from biggan_directions.generators.custom import CallableGenerator
    from biggan_directions.generators.load import load_generator
    from biggan_directions.latents import sample_latents
    from biggan_directions.learning.run import iterate, learn
    from biggan_directions.learning.settings import LearnSettings
    from biggan_directions.penalty import hessian_penalty, hessian_penalty_along
    from biggan_directions.runs.learn import LearnRun
    from biggan_directions.runs.per_class import PerClassRun

__all__ = [
    "CallableGenerator",
    "Directions",
    "LearnRun",
    "LearnSettings",
    "PerClassRun",
    "__version__",
    "hessian_penalty",
    "hessian_penalty_along",
    "iterate",
    "learn",
    "load_generator",
    "sample_latents",
]

register(TOYBOX)
register(FASHION)

_HOME = {
    "CallableGenerator": "generators.custom",
    "Directions": "directions",
    "LearnRun": "runs.learn",
    "LearnSettings": "learning.settings",
    "PerClassRun": "runs.per_class",
    "hessian_penalty": "penalty",
    "hessian_penalty_along": "penalty",
    "iterate": "learning.run",
    "learn": "learning.run",
    "load_generator": "generators.load",
    "sample_latents": "latents",
}


def __getattr__(name: str) -> Any:
    """Import on first use: torch takes seconds, and the command line's help needs none of it."""
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
