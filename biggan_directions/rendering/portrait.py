"""What a generator draws of its first class, to be judged by eye: a sheet of a few images."""

import numpy as np
from PIL import Image

from biggan_directions.generators import Generator
from biggan_directions.latents import sample_latents
from biggan_directions.rendering.images import draw

COUNT = 8
_COLUMNS = 4


def portrait(generator: Generator) -> Image.Image:
    """Draw eight images of the generator's first class at its truncation, in two rows."""
    z = sample_latents(COUNT, generator.z_dim, truncation=generator.truncation, seed=0, purpose="portrait")
    images = list(draw(generator, z.to(generator.device), batch_size=2))
    rows = [np.concatenate(images[start : start + _COLUMNS], axis=1) for start in range(0, COUNT, _COLUMNS)]
    return Image.fromarray(np.concatenate(rows))
