"""The generator that ships: BigGAN's architecture taught to render ten toys, so that the truth is known.

``z = factors · R``: the first eight rows of the hidden rotation R are the true directions, the other 24 do
nothing.
Running it needs neither the scenes nor numba; rendering and training anew do (the ``[toybox]`` extra).
"""

from pathlib import Path
from typing import TYPE_CHECKING

from biggan_directions.toybox.names import FACTORS, TOYS

if TYPE_CHECKING:
    from biggan_directions.generators.capabilities import TrueDirections

__all__ = ["FACTORS", "TOYS", "save_checkpoint", "true_directions"]


def true_directions() -> "TrueDirections":
    """The eight factors' names, and their directions in z: ``(8, 32)`` float32, orthonormal rows.

    >>> names, directions = true_directions()
    >>> names[0], tuple(directions.shape)
    ('azimuth', (8, 32))
    """
    from biggan_directions.generators.capabilities import TrueDirections
    from biggan_directions.toybox.packed import rotation

    return TrueDirections(FACTORS, rotation()[: len(FACTORS)])


def save_checkpoint(folder: str | Path) -> None:
    """Write the toybox as ``config.json``, with its class names, and ``pytorch_model.bin``, as published
    models are.

    ``--model FOLDER`` and ``pytorch_pretrained_biggan.BigGAN.from_pretrained(FOLDER)`` load it.
    """
    from biggan_directions.toybox import packed as weights

    weights.save_checkpoint(Path(folder))
