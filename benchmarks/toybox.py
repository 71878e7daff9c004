"""Measure how well the toybox renders and what its factors do; draw the sheets of docs/toybox.md.

python -m benchmarks.toybox        needs numba: pip install '.[toybox]'

Scenes outside the training set are rendered and compared with the generator's images. So are the changes that
each factor makes: root mean square over the image, on the scale [-1, 1], per unit of the factor.
"""

import argparse
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from PIL import Image

from benchmarks.support.chart import DOCS
from benchmarks.support.measure import write
from biggan_directions import load_generator, sample_latents
from biggan_directions.generators import Generator
from biggan_directions.rendering import RenderRequest, RenderSettings, contact_sheet, write_png
from biggan_directions.rendering.images import ImageArray, draw
from biggan_directions.toybox import FACTORS, TOYS, true_directions
from biggan_directions.toybox.factors import scenes
from biggan_directions.toybox.scene import render
from biggan_directions.toybox.train import psnr

SEED = 5  # of the scenes; training uses 1, and validation 2
STEP = 0.1  # of a factor, in either direction
SWEPT = "car"  # the toy of the traversals


def main() -> None:
    """Measure every class; draw the sheets."""
    options = _options()
    torch.set_grad_enabled(False)
    generators = {toy: load_generator("toybox", toy) for toy in TOYS}
    results = {toy: measured(generators[toy], number, options.scenes) for number, toy in enumerate(TOYS)}
    for toy, found in results.items():
        print(f"| {toy} | {found['psnr']:.1f} | " + " | ".join(f"{e:.2f}" for e in found["effects"]) + " |")
    mean_error = float(np.mean([found["mean_squared_error"] for found in results.values()]))
    effects = np.array([found["effects"] for found in results.values()])
    overall: dict[str, Any] = {
        "psnr": psnr(mean_error),
        "effects": dict(zip(FACTORS, effects.mean(0).tolist(), strict=True)),
        "strongest_over_weakest_effect": float(effects.mean(0).max() / effects.mean(0).min()),
        "weakest_over_strongest_in_a_class": float((effects.min(1) / effects.max(1)).min()),
    }
    print(overall)
    samples_sheet(generators)
    sweeps_sheet(generators[SWEPT], results[SWEPT]["effects"])
    print(write("toybox", {"overall": overall, "classes": results}, torch.device("cpu")))


def measured(generator: Generator, toy: int, count: int) -> dict[str, Any]:
    """Error and effects of one class at ``count`` scenes."""
    factors = np.random.default_rng((SEED, toy)).standard_normal((count, len(FACTORS)))
    class_index = np.full(count, toy)
    truth = _images(scenes(class_index, factors))
    directions = true_directions()[1].double()
    z = torch.from_numpy(factors) @ directions
    error = float((generator(z.float()) - truth).square().mean())
    effects, of_scenes = [], []
    for factor, direction in enumerate(directions):
        step = STEP * np.eye(len(FACTORS))[factor]
        change = generator((z + STEP * direction).float()) - generator((z - STEP * direction).float())
        effects.append(float(change.square().mean().sqrt()) / (2 * STEP))
        change = _images(scenes(class_index, factors + step)) - _images(scenes(class_index, factors - step))
        of_scenes.append(float(change.square().mean().sqrt()) / (2 * STEP))
    return {
        "psnr": psnr(error),
        "mean_squared_error": error,
        "effects": effects,
        "effects_in_the_scenes": of_scenes,
    }


def _images(described: Any) -> torch.Tensor:
    return torch.from_numpy(render(described, 64).astype(np.float32)) / 127.5 - 1


def samples_sheet(generators: Mapping[str, Generator]) -> None:
    """Draw every toy at the same ten latents, enlarged twice."""
    z = sample_latents(10, 32, truncation=1.0, seed=3, purpose="sheet")
    rows: list[list[ImageArray]] = [list(draw(generator, z)) for generator in generators.values()]
    image = Image.fromarray(np.concatenate([np.concatenate(row, 1) for row in rows]))
    image = image.resize((2 * image.width, 2 * image.height), Image.Resampling.LANCZOS)
    write_png(image, DOCS / "toybox_samples.png")


def sweeps_sheet(generator: Generator, effects: Sequence[float]) -> None:
    """Draw one toy along each of the eight true directions."""
    request = RenderRequest(
        directions=true_directions()[1],
        z=sample_latents(1, 32, truncation=1.0, seed=3, purpose="sheet"),
        names=FACTORS,
        effects=effects,
        title=f"toybox · {SWEPT}: the true directions",
    )
    settings = RenderSettings(samples=1, distance=1.6, sheet_positions=7)
    sheet = contact_sheet(generator, request, settings=settings)
    write_png(sheet, DOCS / "toybox_sweeps.png")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--scenes", type=int, default=100, help="scenes per class")
    return parser.parse_args()


if __name__ == "__main__":
    main()
