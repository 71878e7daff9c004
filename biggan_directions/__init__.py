"""Directions in a frozen BigGAN's latent space: found under the Hessian Penalty, judged, and rendered."""

from biggan_directions.version import __version__

__all__ = ["__version__"]
