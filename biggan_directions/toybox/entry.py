"""The toybox as an entry of the catalog; importing this module does not import torch."""

from __future__ import annotations

from typing import TYPE_CHECKING

from biggan_directions.errors import WeightsError
from biggan_directions.generators.classes.class_table import ClassTable
from biggan_directions.generators.weights.catalog import CatalogEntry
from biggan_directions.toybox import true_directions
from biggan_directions.toybox.names import TOYS

if TYPE_CHECKING:
    from biggan_directions.generators.biggan_deep.architecture import BigGANDeepWeights


def _load() -> BigGANDeepWeights:
    """The weights, which ship in a compact format.

    Raises:
        WeightsError: the weights are missing from the installation.
    """
    from biggan_directions.generators.biggan_deep.architecture import BigGANDeepWeights
    from biggan_directions.toybox import packed

    try:
        config, state, sha256 = packed.stock_config(), packed.stock_state(), packed.sha256()
    except OSError as error:
        raise WeightsError(
            f"this installation lacks the weights of the toybox ({error.strerror}): "
            "reinstall biggan-directions"
        ) from error
    return BigGANDeepWeights.of_tensors(
        config, state, classes=_class_names(), sha256=sha256, where="the toybox of this installation"
    )


def _class_names() -> ClassTable:
    return ClassTable.from_names(TOYS)


TOYBOX = CatalogEntry(
    name="toybox",
    resolution=64,
    z_dim=32,
    num_classes=len(TOYS),
    truncation=1.0,
    weights_bytes=2_251_208,
    license="MIT",
    description="ten toys, 64×64, eight known factors: ships with this package, needs no network",
    loader=_load,
    class_names=_class_names,
    truth=true_directions,
)
