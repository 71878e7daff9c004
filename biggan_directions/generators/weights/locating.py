"""Weights on this machine: found, fetched once, and the same bytes at every load.

The cache holds a folder for each model: its files, and ``record.json`` with the size and SHA-256 that
each had when it was first used. A warm cache is read without the network, and without being written.
"""

import contextlib
import os
import shutil
from dataclasses import dataclass, replace
from hashlib import sha256
from importlib.resources import files
from pathlib import Path
from typing import Literal

from filelock import FileLock
from platformdirs import user_cache_path

from biggan_directions.errors import BigganDirectionsError, UsageError, WeightsError
from biggan_directions.files.atomic_write import explained
from biggan_directions.files.packed_file import ENDINGS
from biggan_directions.generators.weights.catalog import (
    AVERAGED_NAME,
    CONFIG_NAME,
    WEIGHTS_NAME,
    CatalogEntry,
    Source,
    find_model,
)
from biggan_directions.generators.weights.download import CACHE_REMEDY, Progress
from biggan_directions.generators.weights.sources import fetch_files
from biggan_directions.generators.weights.weight_folder import (
    RECORD_NAME,
    Record,
    WeightFiles,
    find_pair,
    measure,
    read_record,
    unrecorded,
    write_record,
)

State = Literal["bundled", "cached", "absent", "partial", "damaged"]
_PARTIAL_NAME = ".partial"


@dataclass(frozen=True, kw_only=True)
class CacheStatus:
    """What there is of a model: it ships here, or is cached, absent, partly fetched, or damaged."""

    state: State
    folder: Path
    bytes_on_disk: int


def cache_folder() -> Path:
    """Where fetched weights are kept: ``BIGGAN_DIRECTIONS_CACHE``, or a place in this user's cache folder."""
    if chosen := os.environ.get("BIGGAN_DIRECTIONS_CACHE"):
        return Path(chosen).expanduser().absolute()
    return user_cache_path("biggan-directions", appauthor=False)


def model_folder(entry: CatalogEntry) -> Path:
    """The folder of one model in the cache: also where to put files by hand."""
    return cache_folder() / entry.name


def locate_weights(
    model: str | Path | CatalogEntry, *, progress: Progress | None = None, offline: bool | None = None
) -> WeightFiles:
    """The files of a model: from the cache, or fetched into it; or those in a folder that somebody filled.

    Args:
        model: a name of the catalog, an entry, or a folder with ``config.json`` and ``pytorch_model.bin``
            or a ``.safetensors``, or with ``G_ema.pth``, alone or in a zip or tar; or such a file itself.
            A name wins over a folder of that name: write ``./NAME`` for the folder.
        progress: called as the weights are fetched.
        offline: never use the network; None: as ``HF_HUB_OFFLINE`` says.

    Raises:
        UsageError: neither a model nor a folder, or a model that ships inside the package.
        WeightsError: the files are absent and cannot be fetched, or are not those first recorded.
        OutputError: the cache cannot be written.
    """
    entry = entry_or_folder(model)
    if isinstance(entry, CatalogEntry):
        return _cached(entry) or fetch_weights(entry, progress=progress, offline=offline)
    if _is_weights(entry):
        return unrecorded((None, entry))
    if not entry.is_dir():
        raise UsageError(f"there is no folder {str(entry)!r}. See: biggan-directions models")
    if pair := find_pair(entry):
        return unrecorded(pair)
    raise WeightsError(
        f"the folder {str(entry)!r} lacks weights: expected in it {CONFIG_NAME}, and {WEIGHTS_NAME} "
        f"or a file that ends in .safetensors; or {AVERAGED_NAME}, alone or in a zip or tar"
    )


def fetch_weights(
    entry: CatalogEntry, *, progress: Progress | None = None, offline: bool | None = None
) -> WeightFiles:
    """Fetch a model into the cache, from the first source that gives it; what is there and sound is kept.

    Damaged files are replaced once the new ones are whole. Of two processes at once the second waits, and
    finds the first's files.

    Raises:
        UsageError: the model ships inside the package.
        WeightsError: no source gave it; the message says what each one answered and what to do.
        OutputError: the cache cannot be written.
    """
    if entry.bundled:
        raise UsageError(
            f"{entry.name} ships inside the package: it has no files to fetch. Use --model {entry.name}"
        )
    if offline is None:
        from huggingface_hub import constants

        offline = constants.HF_HUB_OFFLINE
    folder, answers = model_folder(entry), []
    with explained(folder, CACHE_REMEDY):
        folder.mkdir(parents=True, exist_ok=True)
        with FileLock(folder / ".lock"):
            with contextlib.suppress(WeightsError):
                if sound := _cached(entry):
                    return sound
            for source in entry.sources:
                try:
                    return _fetch_from(source, entry, progress=progress, offline=offline)
                except WeightsError as error:
                    answers.append(f"  {source.address}: {error}\n")
    kept = "What arrived is kept: fetching again resumes from there.\n" if _is_partial(folder) else ""
    raise WeightsError(
        f"the weights of {entry.name} could not be fetched. Tried:\n{''.join(answers)}{kept}"
        f"If you can get {entry.wanted} in another way, put {entry.them} into {folder}\n"
        f"or name the folder that holds {entry.them}: --model FOLDER.\n"
        "To begin without them: --model toybox works now, with no network."
    )


def cache_status(entry: CatalogEntry) -> CacheStatus:
    """What there is of a model, at a glance: sizes are compared, checksums are not."""
    folder, pattern = model_folder(entry), "*"
    if entry.bundled:
        folder, pattern = Path(str(files(f"biggan_directions.{entry.name}"))), "*.safetensors"
    size = sum(path.stat().st_size for path in folder.rglob(pattern) if path.is_file())
    state: State = "bundled" if entry.bundled else _state(folder)
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
        if Path(model).is_dir() or _is_weights(Path(model)):
            return Path(model)
        raise


def _is_weights(path: Path) -> bool:
    """Whether this is a file that can hold weights and all that must be known of them."""
    return path.name.endswith((".pth", *ENDINGS)) and path.is_file()


def _cached(entry: CatalogEntry) -> WeightFiles | None:
    """The files in the cache, if they are those first recorded; files put there by hand are recorded now."""
    folder = model_folder(entry)
    if (pair := find_pair(folder)) is None:
        return None
    found, facts = measure(pair)
    try:
        record = read_record(folder)
        for name, now in facts.items():
            if record is not None and now != (first := record.files.get(name)):
                raise WeightsError(
                    f"{folder / name} has changed since it was first used: it has {now}, "
                    f"expected {first or 'no such file'}"
                )
    except WeightsError as error:
        raise WeightsError(
            f"{error}. Fetch it: biggan-directions models --fetch {entry.name} (or, if the file was replaced "
            f"on purpose, delete {folder / RECORD_NAME})"
        ) from error
    if record is None:
        _check(entry, found)
        write_record(folder, Record(source="put here by hand", files=facts))
    return found


def _fetch_from(
    source: Source, entry: CatalogEntry, *, progress: Progress | None, offline: bool
) -> WeightFiles:
    """Fetch the files of one source beside the cache's own, check them, and put them in place."""
    folder = model_folder(entry)
    # a folder for each source, so that bytes of two are never joined
    staging = folder / _PARTIAL_NAME / sha256(repr(source).encode()).hexdigest()[:16]
    staging.mkdir(parents=True, exist_ok=True)
    names: list[str] = []
    try:
        largest = 2 * entry.weights_bytes + 2**20  # theirs is known to a few per cent
        names = fetch_files(source, staging, max_bytes=largest, progress=progress, offline=offline)
        config = staging / CONFIG_NAME if CONFIG_NAME in names else None
        found, facts = measure((config, staging / names[-1]))
        _check(entry, found)
    except WeightsError:
        for name in names or (CONFIG_NAME, WEIGHTS_NAME):  # not what arrived of a file that is not whole
            (staging / name).unlink(missing_ok=True)
        raise
    write_record(staging, Record(source=source.address, files=facts))
    _remove_replaced(folder, names)
    for name in (*reversed(names), RECORD_NAME):
        os.replace(staging / name, folder / name)
    shutil.rmtree(folder / _PARTIAL_NAME, ignore_errors=True)
    return replace(found, config_path=config and folder / CONFIG_NAME, state_path=folder / names[-1])


def _remove_replaced(folder: Path, names: list[str]) -> None:
    """Remove damaged weights that would be taken for these, because they have another name."""
    with contextlib.suppress(WeightsError):
        while (pair := find_pair(folder)) and pair[1].name not in names:
            pair[1].unlink()


def _check(entry: CatalogEntry, found: WeightFiles) -> None:
    """Refuse files that do not load, or that are of another model."""
    from biggan_directions.generators.registry import read_weights

    try:
        weights = read_weights(found)
    except BigganDirectionsError as error:
        raise WeightsError(str(error)) from error
    facts = weights.facts
    got = (facts.resolution, facts.z_dim, len(facts.classes))
    expected = (entry.resolution, entry.z_dim, entry.num_classes)
    if got != expected:
        raise WeightsError(
            f"{found.config_path or found.state_path} is not of {entry.name}: pixels, z_dim and classes are "
            f"{got}, expected {expected}"
        )
    if entry.parameters not in (None, weights.parameters):
        raise WeightsError(
            f"{found.state_path} is not of {entry.name}: it has {weights.parameters:,} parameters, expected "
            f"{entry.parameters:,}"
        )


def _state(folder: Path) -> State:
    try:
        pair, record = find_pair(folder), read_record(folder)
    except WeightsError:
        return "damaged"
    if pair is None:
        return "partial" if _is_partial(folder) else "absent"
    sizes = {path.name: path.stat().st_size for path in pair if path}
    first = {name: facts.size for name, facts in record.files.items()} if record else sizes
    return "cached" if sizes.items() <= first.items() else "damaged"


def _is_partial(folder: Path) -> bool:
    return any((folder / _PARTIAL_NAME).glob("*/*.part"))
