"""Export a generator that is turned: its first coordinates are the directions of a file."""

from __future__ import annotations

import io
import json
import os
from contextlib import ExitStack
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path

import numpy as np
import torch

from biggan_directions.directions import Directions
from biggan_directions.errors import BigganDirectionsError, FileFormatError, OutputError, UsageError
from biggan_directions.files.atomic_write import check_writable, explained, replacing
from biggan_directions.generators import Generator
from biggan_directions.generators.capabilities import LatentWeights
from biggan_directions.generators.config_file import read_config_values
from biggan_directions.generators.load import LoadedModel, choose_device, read_model
from biggan_directions.generators.registry import Turnable, Weights
from biggan_directions.generators.turning import turning
from biggan_directions.generators.weights.catalog import (
    AVERAGED_NAME,
    CONFIG_NAME,
    WEIGHTS_NAME,
    CatalogEntry,
)
from biggan_directions.generators.weights.download import Progress
from biggan_directions.generators.weights.locating import entry_or_folder
from biggan_directions.latents import sample_latents
from biggan_directions.runs.checkpoint import CHECKPOINT_NAME
from biggan_directions.runs.folder import held
from biggan_directions.runs.learn import DIRECTIONS_NAME
from biggan_directions.version import made_with

ROTATION_NAME = "rotation.npy"
TURNED = "turned"  # the key of config.json by which an exported generator is known
_MODELS = (CONFIG_NAME, ".bin", ".safetensors", ".pth")
_COMPARED = 2  # images that are drawn by both generators
_UNKNOWN = "unknown"  # how the licence of a folder that names none begins


@dataclass(frozen=True, kw_only=True)
class ExportResult:
    """What was written.

    Attributes:
        folder: a folder with weights, which ``--model`` takes.
        coordinates: of each direction, the coordinate of z that moves along it.
        names: of the directions.
        license: of the weights.
        weights_sha256: of the file of weights.
        difference: the largest difference of a number of an image, on the scale [-1, 1], between what the
            new generator draws at ``w`` and the original at ``w Q``, over two latents.
    """

    folder: Path
    coordinates: tuple[int, ...]
    names: tuple[str, ...]
    license: str
    weights_sha256: str
    difference: float


def export(
    found: Directions,
    model: str | Path,
    folder: str | Path,
    *,
    force: bool = False,
    progress: Progress | None = None,
) -> ExportResult:
    """Write a generator in the layout of the original whose first coordinates are the directions.

    With Q orthogonal, its first rows the directions, the new generator draws at ``w`` what the original draws
    at ``w Q``. The folder gets ``config.json`` and the weights; ``rotation.npy``, which is Q; and,
    of directions that name their model, ``directions.pt``, the same directions as unit vectors of the new
    coordinates. Either all files are written or none.

    Args:
        found: the directions.
        model: a name of the catalog, or a folder with weights.
        folder: where to write.
        force: replace a generator that was exported into the folder before.
        progress: called as weights are fetched.

    Raises:
        UsageError: the directions are not of this model, act at some of its layers only, or mix parts of a
            hierarchical z; or its architecture cannot be turned.
        OutputError: the folder is the model's own, holds something else, or cannot be written.
        WeightsError, FileFormatError: as of :func:`~biggan_directions.generators.load.read_model`.
    """
    folder = Path(folder)
    check_writable(folder / CONFIG_NAME)
    _check_folder(folder, force=force)
    source = entry_or_folder(model)
    if isinstance(source, Path):
        _check_apart(folder, source)
    loaded = read_model(source, progress=progress)
    if loaded.files is not None:
        _check_apart(folder, loaded.files.state_path.parent)
    weights = loaded.weights
    if not isinstance(weights, Turnable):
        raise UsageError(
            f"{loaded.name} cannot be exported: its architecture has no way to fold a rotation of z into the "
            "weights"
        )
    _check_directions(found, loaded)
    original = _drawing(weights, found, loaded)
    met = original.latent_weights() if isinstance(original, LatentWeights) else ()
    new = turning(found.directions, parts=weights.parts, weights=met)
    turned = weights.turned(new.rotation)
    assert isinstance(turned, Turnable)
    difference = _largest_difference(original, _drawing(turned, found, loaded), new.rotation)

    content = _saved(turned.file_state())
    digest = sha256(content).hexdigest()
    config = loaded.files.config_path if loaded.files else None
    values = weights.config_values() if config is None else read_config_values(config)
    record = {
        "of": loaded.name,
        "weights_sha256": loaded.sha256,
        "directions": list(found.names),
        "coordinates": list(new.coordinates),
        "made_with": made_with(),
    }
    known: dict[str, object] = {} if loaded.license.startswith(_UNKNOWN) else {"license": loaded.license}
    if loaded.facts.truncation != weights.facts.truncation:  # of a model whose name says what suits it
        known["truncation"] = loaded.facts.truncation
    files = {
        CONFIG_NAME: (json.dumps({**values, **known, TURNED: record}, indent=2) + "\n").encode(),
        turned.file_name: content,
        ROTATION_NAME: _array(new.rotation),
    }
    if not found.foreign:
        files[DIRECTIONS_NAME] = _as_coordinates(found, folder, new.coordinates, digest).to_bytes()
    _write(folder, files, force=force)
    return ExportResult(
        folder=folder,
        coordinates=new.coordinates,
        names=found.names,
        license=loaded.license,
        weights_sha256=digest,
        difference=difference,
    )


def _check_apart(folder: Path, source: Path) -> None:
    """Refuse the folder of the model itself, by whatever path it is named."""
    same = folder.resolve() == source.resolve()
    if same or (folder.exists() and source.exists() and os.path.samefile(folder, source)):
        raise OutputError(f"{folder} is the folder of the model itself: choose another folder with --out")


def _check_folder(folder: Path, *, force: bool) -> None:
    """Refuse a folder that holds a model, a run, or anything else that export did not write."""
    if not folder.is_dir():
        return
    with explained(folder):
        names = sorted(path.name for path in folder.iterdir())
    taken = [name for name in names if name in (CHECKPOINT_NAME, DIRECTIONS_NAME) or name.endswith(_MODELS)]
    if not taken:
        return
    if not _exported(folder, names):
        raise OutputError(
            f"{folder} holds {taken[0]}, which export did not write: choose another folder with --out"
        )
    if not force:
        raise OutputError(
            f"{folder} holds a generator that was exported before: replace it with --force, or choose "
            "another folder with --out"
        )


def _exported(folder: Path, names: list[str]) -> bool:
    """Whether the model in a folder is one that export wrote, or began to replace when it was killed."""
    if CONFIG_NAME not in names:
        return ROTATION_NAME in names and CHECKPOINT_NAME not in names
    try:
        return TURNED in read_config_values(folder / CONFIG_NAME)
    except FileFormatError:
        return False


def _check_directions(found: Directions, loaded: LoadedModel) -> None:
    """Refuse directions of other weights, or of another size of z."""
    if found.layers is not None:
        raise UsageError(
            f"the directions act at the layers {found.at_layers} alone, where the others meet z as it is, so "
            "they cannot be coordinates of z: learn them for all layers"
        )
    if found.z_dim != loaded.facts.z_dim:
        raise UsageError(
            f"the directions have {found.z_dim} numbers, and z of {loaded.name} has {loaded.facts.z_dim}: "
            "choose the model that they were learnt on with --model"
        )
    known = found.model.get("weights_sha256")  # a published set does not say
    if known and known != loaded.sha256:
        raise UsageError(
            f"the directions were learnt on other weights of {found.model['name']} than those of "
            f"{loaded.name} here: choose the model that they were learnt on with --model"
        )


def _drawing(weights: Weights, found: Directions, loaded: LoadedModel) -> Generator:
    """A generator of one of the classes that the directions are of, on the CPU."""
    index = found.classes[0].index if found.classes else next(iter(loaded.facts.classes)).index
    return weights.freeze(
        classes=(loaded.facts.classes.image_class(index),),
        truncation=found.truncation or loaded.facts.truncation,
        model=loaded.name,
        license=loaded.license,
        true_directions=None,
        device=choose_device("cpu"),
    )


@torch.no_grad()
def _largest_difference(original: Generator, turned: Generator, rotation: torch.Tensor) -> float:
    z = sample_latents(
        _COMPARED, original.z_dim, truncation=original.truncation, seed=0, purpose="export"
    ).double()
    images = [generator(points.float()) for generator, points in ((original, z @ rotation), (turned, z))]
    return float((images[0] - images[1]).abs().max())


def _as_coordinates(found: Directions, folder: Path, coordinates: tuple[int, ...], digest: str) -> Directions:
    """The same directions in the new coordinates, of the new model; what was measured stays true."""
    name = str(folder)
    try:
        shadowed = isinstance(entry_or_folder(name), CatalogEntry)
    except BigganDirectionsError:
        shadowed = False  # a name that is neither yet, as the folder is still to be made
    return replace(
        found,
        directions=torch.eye(found.z_dim)[list(coordinates)],
        model={
            **found.model,
            "name": os.path.join(".", name) if shadowed else name,
            "weights_sha256": digest,
        },
    )


def _saved(state: dict[str, torch.Tensor]) -> bytes:
    content = io.BytesIO()  # torch.save itself does not report a full disk as an OSError
    torch.save(state, content)
    return content.getvalue()


def _array(rotation: torch.Tensor) -> bytes:
    content = io.BytesIO()
    np.save(content, rotation.numpy(), allow_pickle=False)
    return content.getvalue()


def _write(folder: Path, files: dict[str, bytes], *, force: bool) -> None:
    """Write all files or none; ``config.json``, without which a folder is no model, gets its name last."""
    with held(folder), ExitStack() as stack:
        _check_folder(folder, force=force)  # again: it is locked now
        for name, content in files.items():  # the last one that is entered gets its name first
            path = stack.enter_context(replacing(folder / name))
            with explained(folder / name):
                path.write_bytes(content)
        with explained(folder / CONFIG_NAME):
            (folder / CONFIG_NAME).unlink(missing_ok=True)  # of an export that is replaced
            for name in {DIRECTIONS_NAME, WEIGHTS_NAME, AVERAGED_NAME} - files.keys():
                (folder / name).unlink(missing_ok=True)
