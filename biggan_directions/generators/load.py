"""One call from a model's name and a class's name to a frozen generator."""

from collections.abc import Sequence
from pathlib import Path

import torch

from biggan_directions.errors import UsageError
from biggan_directions.generators.biggan_deep.frozen_biggan import FrozenBigGAN
from biggan_directions.generators.classes.class_table import ImageClass
from biggan_directions.generators.classes.of_model import class_table
from biggan_directions.generators.loading import load_checkpoint
from biggan_directions.generators.weights.catalog import CatalogEntry
from biggan_directions.generators.weights.download import Progress
from biggan_directions.generators.weights.locating import entry_or_folder


def choose_device(device: str) -> torch.device:
    """``auto`` is CUDA where there is one, else the CPU.

    Raises:
        UsageError: torch does not know the device, or it is not there.
    """
    if device == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        chosen = torch.device(device)
        torch.empty(0, device=chosen)
    except (RuntimeError, AssertionError) as error:
        raise UsageError(
            f"device '{device}' cannot be used here: try --device auto or --device cpu"
        ) from error
    return chosen


def _resolved(names: Sequence[str], count: int) -> list[ImageClass]:
    """The classes that are named, of a model with so many; all of them for ``all``."""
    table = class_table(count)
    if list(names) == ["all"]:
        return [table.image_class(entry.index) for entry in table]
    return [table.resolve(name) for name in names]


def load_generator(
    model: str | Path = "toybox",
    class_name: str | Sequence[str] = "car",
    *,
    truncation: float | None = None,
    device: str = "auto",
    progress: Progress | None = None,
) -> FrozenBigGAN:
    """Load a pretrained BigGAN-deep, frozen for its classes and one truncation.

    Args:
        model: a name of the catalog, or a folder with ``config.json`` and ``pytorch_model.bin``.
        class_name: one or several: any name, WordNet id or index; or ``all``.
        truncation: in (0, 1]; what suits the model where left out. The nearest stored one is used.
        device: ``auto``, ``cpu``, ``cuda``, ``cuda:1``, …
        progress: called with the bytes fetched so far and in all.

    Returns:
        A :class:`~biggan_directions.generators.Generator`.

    Raises:
        UsageError: an unknown model, class or device, or a truncation out of range.
        WeightsError: weights that are absent and cannot be fetched.
        FileFormatError: a folder whose files are not a checkpoint.

    >>> load_generator("toybox", "duck").classes[0].name
    'duck'
    """
    if truncation is not None and not 0 < truncation <= 1:
        raise UsageError(f"truncation must be above 0 and at most 1, got {truncation}")
    chosen_device = choose_device(device)
    asked = [class_name] if isinstance(class_name, str) else list(class_name)
    if not asked:
        raise UsageError("no class was named: see biggan-directions classes")
    source = entry_or_folder(model)
    classes: list[ImageClass] = []
    if isinstance(source, CatalogEntry):  # known before its weights are: a misspelt class costs no download
        classes = _resolved(asked, source.num_classes)
    checkpoint = load_checkpoint(source, progress=progress)
    if not classes:
        classes = _resolved(asked, checkpoint.config.num_classes)
    return FrozenBigGAN.from_state(
        checkpoint.config,
        checkpoint.state,
        classes=tuple(dict.fromkeys(classes)),
        truncation=checkpoint.truncation if truncation is None else truncation,
        model=checkpoint.name if isinstance(source, CatalogEntry) else str(model),
        weights_sha256=checkpoint.sha256,
        license=checkpoint.license,
        device=chosen_device,
    )
