"""The training's images: rendered in chunks, resumed, and refused where they show other scenes."""

from pathlib import Path

import numpy as np
import pytest

from biggan_directions.errors import OutputError
from biggan_directions.toybox import dataset


@pytest.mark.slow  # where nothing is compiled yet
def test_images_are_resumed_and_those_of_other_scenes_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dataset, "CHUNK", 2)
    whole = dataset.load(tmp_path, 5, seed=3)
    assert (whole.images.shape, whole.toys.tolist()) == ((5, 3, 64, 64), [0, 1, 2, 3, 4])
    images = whole.images.copy()
    done = tmp_path / "pictures-3-5.done"
    assert done.read_text() == "5"
    done.write_text("2")  # as an interrupt after the first chunk leaves it
    stored = np.load(tmp_path / "pictures-3-5.npy", mmap_mode="r+")
    stored[2:] = 0
    assert np.array_equal(dataset.load(tmp_path, 5, seed=3).images, images)
    stored[0] = 0
    with pytest.raises(OutputError, match="holds other scenes"):
        dataset.load(tmp_path, 5, seed=3)
