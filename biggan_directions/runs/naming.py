"""Names of directions, written into their file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import torch

from biggan_directions.directions import Directions
from biggan_directions.errors import UsageError
from biggan_directions.files.atomic_write import write_whole
from biggan_directions.published.reference import named_set
from biggan_directions.runs.folder import held

if TYPE_CHECKING:
    from collections.abc import Mapping

_REMEDY = "Free some space, or make the folder writable."


def rename(path: Path, names: Mapping[int, str], *, expected: torch.Tensor | None = None) -> Directions:
    """Give some of a file's directions new names; the file is written completely or not at all.

    Args:
        path: the file of directions.
        names: for the index of a direction, its name; "" takes its name away.
        expected: the matrix that the file must still hold, if the names are chosen for just that one.

    Returns:
        What the file holds now.

    Raises:
        FileFormatError: the file does not hold directions.
        UsageError: a published set, a bare matrix, other directions than ``expected``, or names that
            :meth:`~biggan_directions.directions.Directions.named` refuses.
        OutputError: another run has locked the file's folder, or the file cannot be written.
    """
    if (chosen := named_set(path)) is not None:
        raise UsageError(
            f"{path} is not a file: write one with biggan-directions published {chosen.name} --out "
            f"{chosen.name}.pt, and name its directions"
        )
    _nameable(path, expected)
    with held(path.parent, remedy=_REMEDY) as folder:
        found = _nameable(path, expected).named(dict(names))  # read again: a run may just have ended
        folder.check()
        write_whole(path, found.to_bytes(), remedy=_REMEDY)
    return found


def _nameable(path: Path, expected: torch.Tensor | None) -> Directions:
    found = Directions.load(path)
    if found.foreign:
        raise UsageError(f"{path} is a bare matrix, which has no place for names")
    if expected is not None and not torch.equal(found.directions, expected):
        raise UsageError(f"{path} now holds other directions than are shown here: start explore again")
    return found
