"""What a generator draws of its first class, to be judged by eye: a sheet of a few images."""

import numpy as np
from PIL import Image

from biggan_directions.generators import Generator
from biggan_directions.rendering.images import draw
from biggan_directions.rendering.samples import samples_of

COUNT, SEED = 8, 750  # the seed with which the Hessian Penalty's authors draw their retrievers
_COLUMNS = 4


def portrait(generator: Generator) -> Image.Image:
    """Draw eight images of the generator's first class, in two rows.

    The latents are those that the authors' script draws on a GPU. So with their generator the first images
    are those of the paper's figure.
    """
    z, _ = samples_of(generator, COUNT, SEED, "cuda")
    images = list(draw(generator, z, batch_size=2))
    rows = [np.concatenate(images[start : start + _COLUMNS], axis=1) for start in range(0, COUNT, _COLUMNS)]
    return Image.fromarray(np.concatenate(rows))
