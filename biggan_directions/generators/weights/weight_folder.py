"""A folder with one model's weights: which files they are, and whether they are still what they were."""

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path

from biggan_directions.errors import FileFormatError, WeightsError
from biggan_directions.files.atomic_write import write_whole
from biggan_directions.files.plain_json import read_json
from biggan_directions.generators.weights.candidates import generator_among
from biggan_directions.generators.weights.catalog import CONFIG_NAME, WEIGHTS_NAME
from biggan_directions.generators.weights.download import CACHE_REMEDY, file_sha256

RECORD_NAME = "record.json"


@dataclass(frozen=True, kw_only=True)
class Facts:
    """What is recorded of a file."""

    size: int
    sha256: str

    def __str__(self) -> str:
        return f"{self.size} bytes with SHA-256 {self.sha256}"


@dataclass(frozen=True, kw_only=True)
class Record:
    """Where a folder's files came from, and the facts of each by its name."""

    source: str
    files: dict[str, Facts]


@dataclass(frozen=True, kw_only=True)
class WeightFiles:
    """A checkpoint on this machine.

    Attributes:
        config_path: its configuration; None where its tensors say all that is needed.
        state_path: its weights: a file of tensors, or an archive that holds one.
        sha256: of the file at ``state_path``.
    """

    config_path: Path | None
    state_path: Path
    sha256: str

    @property
    def config(self) -> Path:
        """The configuration, where there must be one.

        Raises:
            FileFormatError: there is none.
        """
        if self.config_path is None:
            raise FileFormatError(f"{self.state_path} needs a {CONFIG_NAME} beside it")
        return self.config_path


Pair = tuple[Path | None, Path]


def find_pair(folder: Path) -> Pair | None:
    """The configuration and the weights in a folder; None where they are absent.

    They are known by their usual names, or else by their endings: what is saved from the addresses of the
    package that converted the weights is called ``biggan-deep-128-config.json`` and the like. Weights that
    need no configuration end in ``.pth``, or are in an archive.

    Raises:
        WeightsError: several files could be meant.
    """
    try:
        names = sorted(path.name for path in folder.iterdir() if path.is_file())
    except OSError:
        return None
    config = _one_of(names, CONFIG_NAME, (CONFIG_NAME,), folder)
    weights = config and _one_of(names, WEIGHTS_NAME, (".bin", ".safetensors"), folder)
    if not weights:
        try:
            weights = generator_among(names, where=str(folder), archives=True)
        except FileFormatError as error:
            raise WeightsError(str(error)) from error
    return (folder / config if config else None, folder / weights) if weights else None


def _one_of(names: list[str], usual: str, endings: tuple[str, ...], folder: Path) -> str | None:
    """The file of the usual name, or else the only one that ends like it."""
    found = [usual] if usual in names else [name for name in names if name.endswith(endings)]
    if len(found) > 1:
        raise WeightsError(
            f"{folder} holds {' and '.join(found)}: which is meant? Rename the right one to {usual}"
        )
    return found[0] if found else None


def measure(pair: Pair) -> tuple[WeightFiles, dict[str, Facts]]:
    """The files, and the facts of each by its name; a WeightsError where one cannot be read."""
    try:
        facts = {
            path.name: Facts(size=path.stat().st_size, sha256=file_sha256(path)) for path in pair if path
        }
    except OSError as error:
        raise WeightsError(f"the weights in {pair[1].parent} cannot be read: {error}") from error
    return WeightFiles(config_path=pair[0], state_path=pair[1], sha256=facts[pair[1].name].sha256), facts


def unrecorded(pair: Pair) -> WeightFiles:
    """The files of a folder that is not ours to write in."""
    return measure(pair)[0]


def write_record(folder: Path, record: Record) -> None:
    """Record the facts of a folder's files; in a folder that is read-only on purpose nothing is recorded."""
    if os.access(folder, os.W_OK):
        content = (json.dumps(asdict(record), indent=2) + "\n").encode()
        write_whole(folder / RECORD_NAME, content, remedy=CACHE_REMEDY)


def read_record(folder: Path) -> Record | None:
    """What is recorded of a folder's files; None where nothing is.

    Raises:
        WeightsError: there is a record, but it cannot be read.
    """
    path = folder / RECORD_NAME
    if not os.path.lexists(path):
        return None
    try:
        return read_json(path, Record, largest=2**20, what="a record")
    except FileFormatError as error:
        raise WeightsError(str(error)) from error
