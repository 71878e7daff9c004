"""The toybox: a BigGAN-deep that ships with the package and draws ten toys with known true directions.

``z = factors · R``: the first eight rows of the hidden rotation R are the true directions, the other 24 have
no effect. Drawing needs neither the scenes nor numba; rendering scenes and training do (the ``[toybox]``
extra).
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
    """Write the toybox in the published layout: ``config.json``, with class names, and ``pytorch_model.bin``.

    ``--model FOLDER`` and ``pytorch_pretrained_biggan.BigGAN.from_pretrained(FOLDER)`` load it.
    """
    from biggan_directions.toybox import packed as weights

    weights.save_checkpoint(Path(folder))
