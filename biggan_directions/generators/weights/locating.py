"""Weights on this machine: found, fetched once, and the same bytes at every load.

The cache holds a folder for each model: its two files, and ``record.json`` with the size and SHA-256 that
each had when it was first used. A warm cache is read without the network, and without being written.
"""

import os
import shutil
import sys
from dataclasses import dataclass
from hashlib import sha256
from importlib.resources import files
from pathlib import Path
from typing import Literal

from filelock import FileLock

from biggan_directions.errors import BigganDirectionsError, UsageError, WeightsError
from biggan_directions.generators.weights.catalog import (
    CONFIG_NAME,
    WEIGHTS_NAME,
    CatalogEntry,
    Source,
    find_model,
)
from biggan_directions.generators.weights.download import Progress, explain_write_errors
from biggan_directions.generators.weights.sources import fetch_pair
from biggan_directions.generators.weights.weight_folder import (
    RECORD_NAME,
    WeightFiles,
    check_against_record,
    find_pair,
    read_record,
    unrecorded,
    write_record,
)

__all__ = [
    "CacheStatus",
    "Progress",
    "WeightFiles",
    "cache_folder",
    "cache_status",
    "entry_or_folder",
    "fetch_weights",
    "locate_weights",
    "model_folder",
]

_PARTIAL_NAME = ".partial"
_YES = frozenset({"1", "ON", "YES", "TRUE"})  # what huggingface-hub takes for yes in HF_HUB_OFFLINE


@dataclass(frozen=True, kw_only=True)
class CacheStatus:
    """What there is of a model: it ships here, or is cached, absent, partly fetched, or damaged."""

    state: Literal["bundled", "cached", "absent", "partial", "damaged"]
    folder: Path
    bytes_on_disk: int


def cache_folder() -> Path:
    """Where fetched weights are kept: ``BIGGAN_DIRECTIONS_CACHE``, or a place in this user's cache folder."""
    if chosen := os.environ.get("BIGGAN_DIRECTIONS_CACHE"):
        return Path(chosen).expanduser().absolute()
    if (xdg := os.environ.get("XDG_CACHE_HOME")) and Path(xdg).is_absolute():
        return Path(xdg) / "biggan-directions"
    if sys.platform == "win32" and (local := os.environ.get("LOCALAPPDATA")):
        return Path(local) / "biggan-directions"
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches" / "biggan-directions"
    return Path.home() / ".cache" / "biggan-directions"


def model_folder(entry: CatalogEntry) -> Path:
    """The folder of one model in the cache: also where to put files by hand."""
    return cache_folder() / entry.name


def locate_weights(
    model: str | Path | CatalogEntry, *, progress: Progress | None = None, offline: bool | None = None
) -> WeightFiles:
    """The files of a model: from the cache, or fetched into it; or those in a folder that somebody filled.

    Args:
        model: a name of the catalog, an entry, or a folder with ``config.json`` and ``pytorch_model.bin``
            or a ``.safetensors``. A name wins over a folder of that name: write ``./NAME`` for the folder.
        progress: called as the weights are fetched.
        offline: never use the network; None: as ``HF_HUB_OFFLINE`` says.

    Raises:
        UsageError: neither a model nor a folder, or a model that ships inside the package.
        WeightsError: the files are absent and cannot be fetched, or are not those first recorded.
        OutputError: the cache cannot be written.
    """
    entry = entry_or_folder(model)
    if isinstance(entry, Path):
        return _in_folder(entry)
    return _cached(entry) or fetch_weights(entry, progress=progress, offline=offline)


def fetch_weights(
    entry: CatalogEntry, *, progress: Progress | None = None, offline: bool | None = None
) -> WeightFiles:
    """Fetch a model into the cache, from the first source that gives it; what is there and sound is kept.

    Damaged files are replaced once the new ones are whole. Of two at once the second waits, and finds the
    first's.

    Raises:
        UsageError: the model ships inside the package.
        WeightsError: no source gave it; the message says what each one answered and what to do.
        OutputError: the cache cannot be written.
    """
    if entry.bundled:
        raise _nothing_to_fetch(entry)
    if offline is None:
        offline = os.environ.get("HF_HUB_OFFLINE", "").upper() in _YES
    folder = model_folder(entry)
    lock = FileLock(folder / ".lock")
    with explain_write_errors(folder):
        folder.mkdir(parents=True, exist_ok=True)
        lock.acquire()
    try:
        if sound := _cached_and_sound(entry):
            return sound
        answers = []
        for source in entry.sources:
            try:
                return _fetch_from(source, entry, folder, progress=progress, offline=offline)
            except WeightsError as error:
                answers.append(f"{source.address}: {error}")
    finally:
        lock.release()
    raise WeightsError(_nothing_worked(entry, folder, answers))


def cache_status(entry: CatalogEntry) -> CacheStatus:
    """What there is of a model, at a glance: sizes are compared, checksums are not."""
    folder = model_folder(entry)
    if entry.bundled:
        folder = Path(str(files(f"biggan_directions.{entry.name}")))
        size = sum(path.stat().st_size for path in folder.glob("*.safetensors"))
        return CacheStatus(state="bundled", folder=folder, bytes_on_disk=size)
    size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    state: Literal["cached", "absent", "partial", "damaged"]
    try:
        pair, record = find_pair(folder), read_record(folder) or {}
    except WeightsError:
        return CacheStatus(state="damaged", folder=folder, bytes_on_disk=size)
    if pair is None:
        state = "partial" if _is_partial(folder) else "absent"
    elif any(path.name in record and record[path.name]["size"] != path.stat().st_size for path in pair):
        state = "damaged"
    else:
        state = "cached"
    return CacheStatus(state=state, folder=folder, bytes_on_disk=size)


def entry_or_folder(model: str | Path | CatalogEntry) -> CatalogEntry | Path:
    """What was meant: a model of the catalog, or a folder; a name that is neither is a UsageError."""
    if isinstance(model, CatalogEntry | Path):
        return model
    if "/" in model or os.sep in model:
        return Path(model).expanduser()
    try:
        return find_model(model)
    except UsageError:
        if Path(model).is_dir():
            return Path(model)
        raise


def _in_folder(folder: Path) -> WeightFiles:
    """The files in a folder of the user's, which is only read."""
    if not folder.is_dir():
        raise UsageError(f"there is no folder {str(folder)!r}. See: biggan-directions models")
    pair = find_pair(folder)
    if pair is None:
        raise WeightsError(
            f"the folder {str(folder)!r} lacks weights: expected in it {CONFIG_NAME}, and {WEIGHTS_NAME} "
            "or a file that ends in .safetensors"
        )
    return unrecorded(pair)


def _nothing_to_fetch(entry: CatalogEntry) -> UsageError:
    return UsageError(
        f"{entry.name} ships inside the package: it has no files to fetch. Use --model {entry.name}"
    )


def _cached(entry: CatalogEntry) -> WeightFiles | None:
    """The files in the cache, if they are those first recorded; files put there by hand are recorded now."""
    folder = model_folder(entry)
    pair = find_pair(folder)
    if pair is None:
        return None
    try:
        record = read_record(folder)
        if record is not None:
            return check_against_record(pair, record)
    except WeightsError as error:
        raise WeightsError(
            f"{error}. {_fetch_command(entry)} (or, if the file was replaced on purpose, delete "
            f"{folder / RECORD_NAME})"
        ) from error
    _check_config(entry, pair[0])
    return write_record(pair, source="put here by hand")


def _cached_and_sound(entry: CatalogEntry) -> WeightFiles | None:
    """The files in the cache, or None where they are absent or something is wrong with them."""
    try:
        return _cached(entry)
    except WeightsError:
        return None


def _fetch_from(
    source: Source, entry: CatalogEntry, folder: Path, *, progress: Progress | None, offline: bool
) -> WeightFiles:
    """Fetch both files of one source beside the cache's own, check them, and put them in place."""
    # a folder for each source, so that bytes of two are never joined
    staging = folder / _PARTIAL_NAME / sha256(repr(source).encode()).hexdigest()[:16]
    with explain_write_errors(staging):
        staging.mkdir(parents=True, exist_ok=True)
    config_path, state_path = staging / CONFIG_NAME, staging / WEIGHTS_NAME
    fetch_pair(source, entry, config_path, state_path, progress=progress, offline=offline)
    try:
        _check_config(entry, config_path)
        _check_tensors(config_path, state_path)
    except WeightsError:
        shutil.rmtree(staging, ignore_errors=True)
        raise
    with explain_write_errors(folder):
        # the record goes first: if a crash leaves it undone, the files that are there record themselves
        (folder / RECORD_NAME).unlink(missing_ok=True)
        os.replace(state_path, folder / WEIGHTS_NAME)
        os.replace(config_path, folder / CONFIG_NAME)
    shutil.rmtree(folder / _PARTIAL_NAME, ignore_errors=True)
    return write_record((folder / CONFIG_NAME, folder / WEIGHTS_NAME), source=source.address)


def _check_config(entry: CatalogEntry, path: Path) -> None:
    """Refuse a configuration that is not one, or not this model's."""
    from biggan_directions.generators.biggan_deep.layout import read_config

    try:
        config = read_config(path)
    except BigganDirectionsError as error:
        raise WeightsError(str(error)) from error
    got = (config.output_dim, config.z_dim, config.num_classes)
    expected = (entry.resolution, entry.z_dim, entry.num_classes)
    if got != expected:
        raise WeightsError(
            f"{path} is not of {entry.name}: pixels, z_dim and classes are {got}, expected {expected}"
        )


def _check_tensors(config_path: Path, state_path: Path) -> None:
    """Refuse what does not load before it takes the place of anything: the next source may give what does."""
    from biggan_directions.generators.biggan_deep.layout import load_state

    try:
        load_state(unrecorded((config_path, state_path)))
    except BigganDirectionsError as error:
        raise WeightsError(str(error)) from error


def _is_partial(folder: Path) -> bool:
    return any((folder / _PARTIAL_NAME).glob("*/*.part"))


def _fetch_command(entry: CatalogEntry) -> str:
    return f"Fetch it: biggan-directions models --fetch {entry.name}"


def _nothing_worked(entry: CatalogEntry, folder: Path, answers: list[str]) -> str:
    """What was tried, and the three ways on."""
    return "\n".join(
        [
            f"the weights of {entry.name} could not be fetched. Tried:",
            *(f"  {answer}" for answer in answers),
            *(["What arrived is kept: fetching again goes on from there."] if _is_partial(folder) else []),
            f"If you can get {CONFIG_NAME} and {WEIGHTS_NAME} in another way, put them into {folder}",
            "or name the folder that they are in: --model FOLDER.",
            "To begin without them: --model toybox works now, with no network.",
        ]
    )
