"""``train --tensorboard``: a run's measures as curves."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from biggan_directions.distributed.launched import leads
from biggan_directions.errors import UsageError
from biggan_directions.runs.observer import Note, Observe, RunProgress


@contextmanager
def curves(folder: Path | None, observe: Observe) -> Iterator[Observe]:
    """Give what a run is to be observed with, so that its measures are also written for TensorBoard.

    Args:
        folder: for the curves; None writes none.
        observe: what is called with everything, too.

    Raises:
        UsageError: TensorBoard is not installed.
    """
    if folder is None or not leads():
        yield observe
        return
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError as error:
        raise UsageError(
            "TensorBoard is not installed: pip install 'biggan-directions[tensorboard]'"
        ) from error
    writer = None

    def write(told: RunProgress | Note) -> None:
        nonlocal writer
        observe(told)
        if isinstance(told, RunProgress) and told.beside:
            writer = writer or SummaryWriter(str(folder))  # only once the run has begun
            for name, value in told.beside.items():
                writer.add_scalar(name, value, told.done)

    try:
        yield write
    finally:
        if writer is not None:
            writer.close()
