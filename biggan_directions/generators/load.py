"""One call from a model's name and a class's name to a frozen generator."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch

from biggan_directions.errors import UsageError, WeightsError
from biggan_directions.generators import Generator, ImageClass
from biggan_directions.generators.capabilities import TrueDirections
from biggan_directions.generators.classes.class_table import ClassTable
from biggan_directions.generators.config_file import license_in, read_config_values, truncation_in
from biggan_directions.generators.registry import ModelFacts, Weights, read_facts, read_weights
from biggan_directions.generators.weights.catalog import CatalogEntry
from biggan_directions.generators.weights.download import Progress
from biggan_directions.generators.weights.locating import cache_status, entry_or_folder, locate_weights
from biggan_directions.generators.weights.weight_folder import WeightFiles

_UNKNOWN_LICENSE = "unknown: the weights are from a folder"


@dataclass(frozen=True, kw_only=True)
class LoadedModel:
    """A model's weights in memory, and what they do not say themselves.

    Attributes:
        name: of the model in the catalog, or of the folder.
        facts: sizes, classes, and the truncation that suits the model.
        license: of the weights.
        true_directions: where they are known.
        files: the two files that were read; None for weights that ship with the package.
    """

    name: str
    weights: Weights
    facts: ModelFacts
    license: str
    true_directions: TrueDirections | None = None
    files: WeightFiles | None = None

    @property
    def sha256(self) -> str:
        """Of the file of weights, hexadecimal."""
        return self.weights.sha256


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


def chosen_classes(names: Sequence[str], table: ClassTable) -> tuple[ImageClass, ...]:
    """The classes of a table that are named, each once and in the order named; all of them for ``all``.

    Raises:
        UsageError: no name is given, or one names no class.
    """
    if not names:
        raise UsageError("no class was named: see biggan-directions classes")
    if list(names) == ["all"]:
        return tuple(table.image_class(entry.index) for entry in table)
    return tuple(dict.fromkeys(table.resolve(name) for name in names))


def check_truncation(truncation: float | None) -> None:
    """Refuse a truncation that is asked for and outside (0, 1]: a UsageError."""
    if truncation is not None and not 0 < truncation <= 1:
        raise UsageError(f"truncation must be above 0 and at most 1, got {truncation}")


def model_facts(model: str | Path | CatalogEntry) -> ModelFacts:
    """What is known of a model without its weights: its sizes and classes.

    Raises:
        UsageError: neither a model nor a folder.
        WeightsError, FileFormatError: of a folder, as of :func:`read_model`.
    """
    entry = entry_or_folder(model)
    if isinstance(entry, CatalogEntry):
        return _facts_of(entry)
    files = locate_weights(entry)
    return _own_truncation(read_facts(files), files)


def read_model(
    model: str | Path | CatalogEntry, *, progress: Progress | None = None, offline: bool | None = None
) -> LoadedModel:
    """Locate, fetch where need be, check and read a model; arguments as for ``locate_weights``.

    Raises:
        UsageError: neither a model nor a folder.
        WeightsError: the files are absent and cannot be fetched, or are not those first recorded.
        FileFormatError: they are not of an architecture that is installed; the first tensor that is wrong is
            named.
        OutputError: the cache cannot be written.
    """
    entry = entry_or_folder(model)
    if isinstance(entry, Path):
        files = locate_weights(entry)
        weights = read_weights(files)
        return LoadedModel(
            name=entry.resolve().name,
            weights=weights,
            facts=_own_truncation(weights.facts, files),
            license=license_in(_config_values(files)) or _UNKNOWN_LICENSE,
            files=files,
        )
    if entry.loader is not None:
        located, weights = None, entry.loader()
    else:
        located = locate_weights(entry, progress=progress, offline=offline)
        weights = read_weights(located)
    return LoadedModel(
        name=entry.name,
        weights=weights,
        facts=_facts_of(entry),
        license=entry.license_in_full,
        true_directions=entry.truth() if entry.truth else None,
        files=located,
    )


def verify(model: str | Path | CatalogEntry) -> LoadedModel:
    """Check all that can be checked of a model that is here, with no network: checksums, settings, tensors.

    Raises:
        as ``read_model``; a WeightsError also where the model is not in the cache.
    """
    entry = entry_or_folder(model)
    if isinstance(entry, CatalogEntry):
        status = cache_status(entry)
        if status.state in {"absent", "partial"}:
            raise WeightsError(
                f"{entry.name} is not in {status.folder}. "
                f"Fetch it: biggan-directions models --fetch {entry.name}"
            )
    return read_model(entry, offline=True)


def load_generator(
    model: str | Path = "toybox",
    class_name: str | Sequence[str] = "car",
    *,
    truncation: float | None = None,
    device: str = "auto",
    progress: Progress | None = None,
) -> Generator:
    """Load a model's weights, frozen for its classes and one truncation.

    Args:
        model: a name of the catalog, or a folder with ``config.json`` and ``pytorch_model.bin``. For a
            generator of your own see :class:`~biggan_directions.generators.custom.CallableGenerator`.
        class_name: one or several: any name, WordNet id or index; or ``all``.
        truncation: in (0, 1]; what suits the model where left out. The nearest stored one is used.
        device: ``auto``, ``cpu``, ``cuda``, ``cuda:1``, …
        progress: called with the bytes fetched so far and in all.

    Returns:
        A generator of these classes.

    Raises:
        UsageError: an unknown model, class or device, or a truncation out of range.
        WeightsError: weights that are absent and cannot be fetched.
        FileFormatError: a folder whose files are not a model's.

    >>> load_generator("toybox", "duck").classes[0].name
    'duck'
    """
    check_truncation(truncation)
    chosen_device = choose_device(device)
    asked = [class_name] if isinstance(class_name, str) else list(class_name)
    source = entry_or_folder(model)
    if isinstance(source, CatalogEntry):
        chosen_classes(asked, source.classes)  # a misspelt class costs no download
    loaded = read_model(source, progress=progress)
    return loaded.weights.freeze(
        classes=chosen_classes(asked, loaded.facts.classes),
        truncation=loaded.facts.truncation if truncation is None else truncation,
        model=loaded.name if isinstance(source, CatalogEntry) else str(model),
        license=loaded.license,
        true_directions=loaded.true_directions,
        device=chosen_device,
    )


def _own_truncation(facts: ModelFacts, files: WeightFiles) -> ModelFacts:
    """With the truncation that a folder's ``config.json`` says suits the model, where it says one."""
    chosen = truncation_in(_config_values(files), files.config_path or files.state_path)
    return facts if chosen is None else replace(facts, truncation=chosen)


def _config_values(files: WeightFiles) -> dict[str, Any]:
    """What the configuration says; nothing where the weights have none."""
    return {} if files.config_path is None else read_config_values(files.config_path)


def _facts_of(entry: CatalogEntry) -> ModelFacts:
    return ModelFacts(
        resolution=entry.resolution, z_dim=entry.z_dim, classes=entry.classes, truncation=entry.truncation
    )
