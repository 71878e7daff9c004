"""Measure how good fashion is, and draw the sheets of docs/fashion.md.

python -m benchmarks.fashion /usr/share/datasets/fashion-mnist

The figures are those of ``train --evaluate``: against one half of Fashion-MNIST's test images, beside the
other half.
"""

import argparse
from dataclasses import asdict
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from benchmarks.support.chart import DOCS
from benchmarks.support.measure import write
from biggan_directions import load_generator, sample_latents
from biggan_directions.fashion.clothes import CLOTHES
from biggan_directions.fashion.feature_network import feature_network
from biggan_directions.generators import Generator
from biggan_directions.rendering import write_png
from biggan_directions.rendering.images import draw
from biggan_directions.training.classifier import accuracy
from biggan_directions.training.evaluation import Figures, evaluate
from biggan_directions.training.image_set import ImageSet
from biggan_directions.training.pictures import read_parts

COLUMNS = 10
SEED = 3  # of the sheets


def main() -> None:
    """Evaluate the model; draw the sheets."""
    options = _options()
    _, held_out = read_parts(options.pictures, resolution=32, names=CLOTHES)
    generator = load_generator(options.model, "all", truncation=1.0)
    network = feature_network()
    found = evaluate(generator, held_out, network)
    right = accuracy(network, held_out)
    print(f"classifier: {right:.2%} of {len(held_out):,} test images; {found.images:,} images in each set")
    for name in ("frechet", "precision", "recall", "accuracy"):
        print(f"| {name} | {getattr(found.generated, name):.4f} | {getattr(found.real, name):.4f} |")
    print(_by_class(found.generated, found.real))
    samples_sheet(generator, held_out)
    results = {"classifier_accuracy": right, "model": options.model, **asdict(found)}
    print(write("fashion", results, torch.device("cpu")))


def _by_class(generated: Figures, real: Figures) -> str:
    return "\n".join(
        f"| {name} | {value:.2f} | {real.class_recall[name]:.2f} |"
        for name, value in generated.class_recall.items()
    )


def samples_sheet(generator: Generator, held_out: ImageSet) -> None:
    """Draw every class at the same ten latents, enlarged twice; to the right, ten real images of each."""
    z = sample_latents(COLUMNS, generator.z_dim, truncation=1.0, seed=SEED, purpose="sheet")
    rows = []
    for index in range(len(CLOTHES)):
        drawn = np.concatenate(list(draw(generator, z, torch.full((COLUMNS,), index))), 1)
        real = held_out.images[held_out.class_index == index][:COLUMNS, 0].numpy()
        gap = np.full((drawn.shape[0], 8, 3), 255, np.uint8)
        shown = np.repeat(np.concatenate(list(real), 1)[..., None], 3, 2)
        rows.append(np.concatenate([drawn, gap, shown], 1))
    image = Image.fromarray(np.concatenate(rows))
    image = image.resize((2 * image.width, 2 * image.height), Image.Resampling.NEAREST)
    write_png(image, DOCS / "fashion_samples.png")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("pictures", type=Path, help="folder of the idx files")
    parser.add_argument("--model", default="fashion", help="a name or a folder")
    return parser.parse_args()


if __name__ == "__main__":
    main()
