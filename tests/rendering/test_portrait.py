"""A sheet of what a generator draws: its own images, in order."""

import numpy as np
import torch

from biggan_directions.cuda_normals import cuda_normals
from biggan_directions.generators.load import load_generator
from biggan_directions.rendering.images import to_bytes
from biggan_directions.rendering.portrait import COUNT, portrait


def test_the_images_stand_in_rows_of_four() -> None:
    car = load_generator("toybox", ["car", "mug"])
    z = car.truncation * cuda_normals(COUNT * car.z_dim, 750).reshape(COUNT, -1)
    with torch.no_grad():
        expected = to_bytes(torch.cat([car(z[start : start + 2]) for start in range(0, COUNT, 2)]))
    sheet = np.asarray(portrait(car))
    assert sheet.shape == (2 * 64, 4 * 64, 3)
    cells = sheet.reshape(2, 64, 4, 64, 3).swapaxes(1, 2).reshape(COUNT, 64, 64, 3)
    assert np.array_equal(cells, expected)
