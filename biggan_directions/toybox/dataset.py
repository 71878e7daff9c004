"""The training images of the toybox, rendered to disk chunk by chunk; an interrupted rendering resumes."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from biggan_directions.errors import OutputError
from biggan_directions.toybox import factors as factor_ranges
from biggan_directions.toybox.names import FACTORS, TOYS
from biggan_directions.toybox.scene import render

RESOLUTION = 64
CHUNK = 2000


@dataclass(frozen=True)
class Dataset:
    """Images with their factors and toys.

    Attributes:
        images: ``(N, 3, 64, 64)`` uint8, mapped from disk.
        factors: ``(N, 8)`` float32, each N(0, 1).
        toys: ``(N,)`` int64, 0 to 9.
    """

    images: npt.NDArray[np.uint8]
    factors: npt.NDArray[np.float32]
    toys: npt.NDArray[np.int64]


def _draw(count: int, seed: int) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float32]]:
    random = np.random.default_rng(seed)
    factors = random.standard_normal((count, len(FACTORS)), np.float32)
    return np.arange(count) % len(TOYS), factors


def load(folder: Path, count: int, seed: int) -> Dataset:
    """Render ``count`` scenes drawn with ``seed`` into ``folder``, or resume an earlier call.

    All classes are equally frequent. Needs the ``[toybox]`` extra (numba) and 12 KB of disk per image.
    """
    folder.mkdir(parents=True, exist_ok=True)
    class_index, factors = _draw(count, seed)
    path, done_path = folder / f"pictures-{seed}-{count}.npy", folder / f"pictures-{seed}-{count}.done"
    shape = (count, 3, RESOLUTION, RESOLUTION)
    if not path.exists():
        np.lib.format.open_memmap(path, "w+", np.uint8, shape).flush()
    images = np.lib.format.open_memmap(path, "r+")
    done = int(done_path.read_text()) if done_path.exists() else 0
    few = min(4, done)
    if not np.array_equal(
        images[:few], render(factor_ranges.scenes(class_index[:few], factors[:few]), RESOLUTION)
    ):
        raise OutputError(f"{path} holds other scenes than this version draws: choose another folder")
    for start in range(done, count, CHUNK):
        stop = min(start + CHUNK, count)
        images[start:stop] = render(
            factor_ranges.scenes(class_index[start:stop], factors[start:stop]), RESOLUTION
        )
        images.flush()
        done_path.write_text(str(stop))
    return Dataset(np.load(path, mmap_mode="r"), factors, class_index)
