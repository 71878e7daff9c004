"""Fashion as an entry of the catalog; importing this module does not import torch."""

from __future__ import annotations

import hashlib
from importlib import resources
from typing import TYPE_CHECKING

from biggan_directions.errors import WeightsError
from biggan_directions.fashion.clothes import CLOTHES
from biggan_directions.generators.classes.class_table import ClassTable
from biggan_directions.generators.weights.catalog import CatalogEntry

if TYPE_CHECKING:
    from biggan_directions.generators.biggan_deep.architecture import BigGANDeepWeights

WEIGHTS_FILE = "fashion.safetensors"


def _load() -> BigGANDeepWeights:
    """The weights, which ship in a compact format.

    Raises:
        WeightsError: the weights are missing from the installation.
    """
    from biggan_directions.generators.biggan_deep.architecture import BigGANDeepWeights
    from biggan_directions.training.stock_weights import unpacked

    try:
        content = resources.files(__package__).joinpath(WEIGHTS_FILE).read_bytes()
    except OSError as error:
        raise WeightsError(
            f"this installation lacks the weights of fashion ({error.strerror}): reinstall biggan-directions"
        ) from error
    config, state = unpacked(content)
    del config["classes"]  # named in the catalog, too
    return BigGANDeepWeights.of_tensors(
        config,
        state,
        classes=_class_names(),
        sha256=hashlib.sha256(content).hexdigest(),
        where="the weights of fashion of this installation",
    )


def _class_names() -> ClassTable:
    return ClassTable.from_names(CLOTHES)


FASHION = CatalogEntry(
    name="fashion",
    resolution=32,
    z_dim=32,
    num_classes=len(CLOTHES),
    truncation=1.0,
    weights_bytes=5_657_010,
    license="MIT",
    description="ten kinds of clothes, 32×32, learnt from photographs: ships with this package",
    loader=_load,
    class_names=_class_names,
)
