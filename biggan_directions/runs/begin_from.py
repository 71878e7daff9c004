"""``train --from``: which networks a run begins with."""

from __future__ import annotations

from pathlib import Path

from biggan_directions.errors import UsageError
from biggan_directions.generators.biggan_deep.architecture import BigGANDeepWeights
from biggan_directions.generators.classes.class_table import ClassTable
from biggan_directions.generators.load import read_model
from biggan_directions.generators.weights.catalog import CONFIG_NAME, WEIGHTS_NAME
from biggan_directions.generators.weights.download import Progress, file_sha256
from biggan_directions.generators.weights.locating import entry_or_folder
from biggan_directions.runs.checkpoint import CHECKPOINT_NAME, read_state
from biggan_directions.runs.trained_model import BEGINNING
from biggan_directions.training.beginning import KEPT, Beginning


def begin_from(model: str, *, progress: Progress | None = None) -> Beginning:
    """The networks of a model: of a folder that ``train`` wrote, or weights in the stock layout.

    Args:
        model: a name of the catalog, or a folder. A folder with a checkpoint of ``train`` gives both
            networks, any other the generator.
        progress: called as weights are fetched.

    Raises:
        UsageError: there is no such model, or it cannot be trained, or it is a run that began with weights
            whose statistics were kept.
        WeightsError, FileFormatError: as of :func:`~biggan_directions.generators.load.read_model`.
    """
    source = entry_or_folder(model)
    if isinstance(source, Path) and (checkpoint := source / CHECKPOINT_NAME).is_file():
        state = read_state(checkpoint)
        if str(state.get(BEGINNING, "")).endswith(KEPT):
            raise UsageError(
                f"{model} was trained with the batch statistics of the weights that it began with, which its "
                f"checkpoint does not hold: copy {CONFIG_NAME} and {WEIGHTS_NAME} into another folder, and "
                "begin from that"
            )
        return Beginning.of_checkpoint(state, name=model, sha256=file_sha256(checkpoint))
    loaded = read_model(source, progress=progress)
    weights = loaded.weights
    if not isinstance(weights, BigGANDeepWeights):
        raise UsageError(f"{model} is no BigGAN-deep: train goes on with networks of that kind alone")
    table = weights.classes
    numbered = [entry.names for entry in table] == [entry.names for entry in ClassTable.numbered(len(table))]
    return Beginning.of_stock(
        weights.config,
        weights.state,
        name=model,
        sha256=weights.sha256,
        classes=len(table) if numbered else tuple(entry.names[0] for entry in table),
    )
