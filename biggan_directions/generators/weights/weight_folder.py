"""A folder with one model's weights: which two files they are, and whether they are still what they were."""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypedDict

from biggan_directions.errors import FileFormatError, OutputError, WeightsError
from biggan_directions.files.atomic_write import write_whole
from biggan_directions.files.plain_json import read_json
from biggan_directions.generators.weights.catalog import CONFIG_NAME, WEIGHTS_NAME
from biggan_directions.generators.weights.download import CACHE_REMEDY, file_sha256

RECORD_NAME = "record.json"
_RECORD_FORMAT = "biggan-directions-weights/1"
_LARGEST_RECORD_BYTES = 2**20


@dataclass(frozen=True, kw_only=True)
class WeightFiles:
    """A checkpoint on this machine; ``sha256`` is that of the file of weights."""

    config_path: Path
    state_path: Path
    sha256: str


class Facts(TypedDict):
    """What is recorded of a file."""

    size: int
    sha256: str


def find_pair(folder: Path) -> tuple[Path, Path] | None:
    """The configuration and the weights in a folder; None where one is absent.

    They are known by their usual names, or else by their endings: what is saved from the addresses of the
    package that converted the weights is called ``biggan-deep-128-config.json`` and the like.

    Raises:
        WeightsError: several files could be meant.
    """
    try:
        names = sorted(path.name for path in folder.iterdir() if path.is_file())
    except OSError:
        return None
    chosen = []
    for usual, endings in ((CONFIG_NAME, (CONFIG_NAME,)), (WEIGHTS_NAME, (".bin", ".safetensors"))):
        found = [name for name in names if name.endswith(endings)]
        if not found:
            return None
        if usual not in found and len(found) > 1:
            raise WeightsError(
                f"{folder} holds {' and '.join(found)}: which is meant? Rename the right one to {usual}"
            )
        chosen.append(folder / (usual if usual in found else found[0]))
    return chosen[0], chosen[1]


def measure(path: Path) -> Facts:
    """Size and SHA-256 of a file."""
    try:
        return Facts(size=path.stat().st_size, sha256=file_sha256(path))
    except OSError as error:
        raise WeightsError(f"{path} cannot be read: {error.strerror}") from error


def unrecorded(pair: tuple[Path, Path]) -> WeightFiles:
    """The files of a folder that is not ours to write in."""
    return WeightFiles(config_path=pair[0], state_path=pair[1], sha256=measure(pair[1])["sha256"])


def check_against_record(pair: tuple[Path, Path], record: Mapping[str, Facts]) -> WeightFiles:
    """The files, if each has the size and the checksum that were recorded.

    Raises:
        WeightsError: one has changed, or was not recorded.
    """
    for path in pair:
        now, first = measure(path), record.get(path.name)
        if first is None:
            raise WeightsError(f"{path} is not among the files that {RECORD_NAME} beside it knows")
        if now["size"] != first["size"]:
            raise WeightsError(
                f"{path} has changed since it was first used: it has {now['size']} bytes, "
                f"expected {first['size']}"
            )
        if now["sha256"] != first["sha256"]:
            raise WeightsError(
                f"{path} has changed since it was first used: its SHA-256 is {now['sha256']}, "
                f"expected {first['sha256']}"
            )
    return WeightFiles(config_path=pair[0], state_path=pair[1], sha256=record[pair[1].name]["sha256"])


def write_record(pair: tuple[Path, Path], *, source: str) -> WeightFiles:
    """Record the files of a folder as they are now."""
    facts = {path.name: measure(path) for path in pair}
    record = {"format": _RECORD_FORMAT, "source": source, "files": facts}
    try:
        content = (json.dumps(record, indent=2) + "\n").encode()
        write_whole(pair[0].with_name(RECORD_NAME), content, remedy=CACHE_REMEDY)
    except OutputError:
        if os.access(pair[0].parent, os.W_OK):
            raise  # a cache that is read-only on purpose goes unrecorded; any other failure is told
    return WeightFiles(config_path=pair[0], state_path=pair[1], sha256=facts[pair[1].name]["sha256"])


def read_record(folder: Path) -> dict[str, Facts] | None:
    """What is recorded of each file of a folder; None where nothing is.

    Raises:
        WeightsError: there is a record, but it cannot be read.
    """
    path = folder / RECORD_NAME
    if not os.path.lexists(path):
        return None
    try:
        record = read_json(path, dict, largest=_LARGEST_RECORD_BYTES, what="a record")
    except FileFormatError:
        record = None
    known = (
        record.get("files") if isinstance(record, dict) and record.get("format") == _RECORD_FORMAT else None
    )
    if not isinstance(known, dict) or not all(_is_facts(facts) for facts in known.values()):
        raise WeightsError(f"{path} cannot be read: it is damaged, or of another version")
    return {name: Facts(size=facts["size"], sha256=facts["sha256"]) for name, facts in known.items()}


def _is_facts(value: object) -> bool:
    return isinstance(value, dict) and type(value.get("size")) is int and isinstance(value.get("sha256"), str)
