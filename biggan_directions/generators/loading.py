"""A model's checkpoint in memory, wherever it comes from: the catalog, the package itself, or a folder."""

from dataclasses import dataclass
from pathlib import Path

import torch
from pytorch_pretrained_biggan import BigGANConfig

from biggan_directions.errors import WeightsError
from biggan_directions.generators.biggan_deep.layout import checked_tensors, expected_shapes, load_state
from biggan_directions.generators.weights.catalog import CatalogEntry
from biggan_directions.generators.weights.download import Progress
from biggan_directions.generators.weights.locating import cache_status, entry_or_folder, locate_weights

_UNKNOWN_LICENSE = "unknown: the weights are from a folder"
_FOLDER_TRUNCATION = 0.4  # as for the published models


@dataclass(frozen=True, kw_only=True)
class Checkpoint:
    """Everything that a generator is made from.

    Attributes:
        name: of the model in the catalog, or of the folder.
        state: float32 tensors on the CPU by the names of the stock class, each checked.
        sha256: of the file of weights.
        license: of the weights.
        truncation: what suits the model if nobody says otherwise.
    """

    name: str
    config: BigGANConfig
    state: dict[str, torch.Tensor]
    sha256: str
    license: str
    truncation: float


def load_checkpoint(
    model: str | Path | CatalogEntry, *, progress: Progress | None = None, offline: bool | None = None
) -> Checkpoint:
    """Locate, fetch where need be, check and load a model; arguments as for ``locate_weights``.

    Raises:
        UsageError: neither a model nor a folder.
        WeightsError: the files are absent and cannot be fetched, or are not those first recorded.
        FileFormatError: they are not a checkpoint of a BigGAN-deep; the first tensor that is wrong is named.
        OutputError: the cache cannot be written.
    """
    entry = entry_or_folder(model)
    if isinstance(entry, CatalogEntry) and entry.bundled:
        return _load_bundled(entry)
    files = locate_weights(entry, progress=progress, offline=offline)
    config, state = load_state(files)
    if isinstance(entry, CatalogEntry):
        name, license_, truncation = entry.name, entry.license_in_full, entry.truncation
    else:
        name, license_, truncation = entry.resolve().name, _UNKNOWN_LICENSE, _FOLDER_TRUNCATION
    return Checkpoint(
        name=name, config=config, state=state, sha256=files.sha256, license=license_, truncation=truncation
    )


def verify(model: str | Path | CatalogEntry) -> Checkpoint:
    """Check all that can be checked of a model that is here, with no network: checksums, settings, tensors.

    Raises:
        as ``load_checkpoint``; a WeightsError also where the model is not in the cache.
    """
    entry = entry_or_folder(model)
    if isinstance(entry, CatalogEntry):
        status = cache_status(entry)
        if status.state in {"absent", "partial"}:
            raise WeightsError(
                f"{entry.name} is not in {status.folder}. "
                f"Fetch it: biggan-directions models --fetch {entry.name}"
            )
    return load_checkpoint(entry, offline=True)


def _load_bundled(entry: CatalogEntry) -> Checkpoint:
    """The toybox, which ships in a more compact form than a checkpoint."""
    from biggan_directions.toybox import packed as weights

    try:
        config, state, sha256 = weights.stock_config(), weights.stock_state(), weights.sha256()
    except OSError as error:
        raise WeightsError(
            f"this installation lacks the weights of {entry.name} ({error.strerror}): "
            "reinstall biggan-directions"
        ) from error
    parsed = BigGANConfig(**config)
    return Checkpoint(
        name=entry.name,
        config=parsed,
        state=checked_tensors(state, expected_shapes(parsed), where=f"the {entry.name} of this installation"),
        sha256=sha256,
        license=entry.license_in_full,
        truncation=entry.truncation,
    )
