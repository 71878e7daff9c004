"""Measure the spread of image factors in Fashion-MNIST: ``python -m biggan_directions.fashion.image_spreads FOLDER``.

FOLDER has the idx files. The figures are of the training images, class by class, and do not depend on the
weights of the generator; they ship beside them.
"""  # noqa: E501

import json
import sys
from pathlib import Path

import torch

from biggan_directions.errors import BigganDirectionsError
from biggan_directions.factor_records import IMAGE_FACTORS
from biggan_directions.fashion.clothes import CLOTHES
from biggan_directions.fashion.shipped import SPREADS_FILE
from biggan_directions.files.atomic_write import write_whole
from biggan_directions.metrics.image_factors import image_factors, spreads_within
from biggan_directions.training.image_set import ImageSet
from biggan_directions.training.pictures import read_pictures

_RESOLUTION = 32
_BATCH = 1000
_DIGITS = 4


def image_spreads(images: ImageSet) -> dict[str, dict[str, float]]:
    """The standard deviation of each image factor, by the name of the class and the factor's key."""
    rows = torch.split(torch.arange(len(images)), _BATCH)
    factors = torch.cat([image_factors(images.batch(part)[0].expand(-1, 3, -1, -1)).factors for part in rows])
    found = {}
    for index, name in enumerate(images.names):
        own = images.class_index == index
        spreads = spreads_within(factors[own], images.class_index[own]).tolist()
        found[name] = {
            factor.key: float(f"{spread:.{_DIGITS}g}")
            for factor, spread in zip(IMAGE_FACTORS, spreads, strict=True)
        }
    return found


def main() -> None:
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    target = Path(__file__).with_name(SPREADS_FILE)
    try:
        images = read_pictures(Path(sys.argv[1]), resolution=_RESOLUTION, names=CLOTHES)
        write_whole(target, (json.dumps(image_spreads(images), indent=1) + "\n").encode())
    except BigganDirectionsError as error:
        sys.exit(f"error: {error}")
    sys.stdout.write(f"wrote {target}: {len(images):,} images\n")


if __name__ == "__main__":
    main()
