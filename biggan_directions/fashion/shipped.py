"""Fashion as an entry of the catalog; importing this module does not import torch."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from importlib import resources
from typing import TYPE_CHECKING

from biggan_directions.errors import WeightsError
from biggan_directions.fashion.clothes import CLOTHES
from biggan_directions.generators.classes.class_table import ClassTable
from biggan_directions.generators.weights.catalog import CatalogEntry

if TYPE_CHECKING:
    from biggan_directions.generators.biggan_deep.architecture import BigGANDeepWeights

WEIGHTS_FILE = "fashion.safetensors"
SPREADS_FILE = "image_spreads.json"


def _load() -> BigGANDeepWeights:
    """The weights, which ship in a compact format.

    Raises:
        WeightsError: the weights are missing from the installation.
    """
    from biggan_directions.generators.biggan_deep.architecture import BigGANDeepWeights
    from biggan_directions.training.stock_weights import unpacked

    content = _content(WEIGHTS_FILE, "weights")
    config, state = unpacked(content)
    del config["classes"]  # named in the catalog, too
    return BigGANDeepWeights.of_tensors(
        config,
        state,
        classes=_class_names(),
        sha256=hashlib.sha256(content).hexdigest(),
        where="the weights of fashion of this installation",
    )


def _content(name: str, what: str) -> bytes:
    """What a file of this package holds."""
    try:
        return resources.files(__package__).joinpath(name).read_bytes()
    except OSError as error:
        raise WeightsError(
            f"this installation lacks the {what} of fashion ({error.strerror}): reinstall biggan-directions"
        ) from error


def _class_names() -> ClassTable:
    return ClassTable.from_names(CLOTHES)


def _image_spreads() -> Mapping[str, Mapping[str, float]]:
    """The spreads of image factors over Fashion-MNIST, as ``fashion.image_spreads`` measured them.

    Raises:
        WeightsError: they are missing from the installation.
    """
    found: dict[str, dict[str, float]] = json.loads(_content(SPREADS_FILE, "image spreads"))
    return found


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
    image_spreads=_image_spreads,
)
