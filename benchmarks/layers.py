"""Measure which layers of the toybox carry what: the effect of a true direction at one layer only.

python -m benchmarks.layers        writes results/layers.json, and two pictures for docs/toybox.md

The effect is the root mean square change of the image, on the scale [-1, 1], per unit of z: a central
difference at fresh latents.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from benchmarks.support.chart import DOCS
from benchmarks.support.measure import write
from biggan_directions import load_generator, sample_latents
from biggan_directions.generators import Generator
from biggan_directions.generators.capabilities import Layered
from biggan_directions.generators.chosen_layers import ChosenLayers, draw_latents
from biggan_directions.rendering import write_png
from biggan_directions.rendering.images import to_bytes
from biggan_directions.toybox import FACTORS, TOYS, true_directions

STEP = 0.1  # of z, in either direction
SHOWN, FAR = "car", 1.6  # the toy of the sheet, and how far it is moved


def main() -> None:
    """Measure, print the table, and draw the pictures."""
    options = _options()
    rows = true_directions()[1]
    toys = {toy: effects(load_generator("toybox", toy), rows, options.latents) for toy in options.toys}
    mean = torch.tensor(list(toys.values())).mean(0)
    names = _names(load_generator("toybox", SHOWN))
    _print_table(["layer", *FACTORS], [*names, "all"], mean)
    heat_map(mean[:-1] / mean[-1:], names, DOCS / "toybox_layers.png")
    sheet(load_generator("toybox", SHOWN), rows, DOCS / "toybox_at_layers.png")
    results = {
        "latents": options.latents,
        "layers": names,
        "factors": FACTORS,
        "mean": mean.tolist(),
        "classes": toys,
    }
    print(write("layers", results, torch.device("cpu")))


def effects(generator: Generator, directions: torch.Tensor, latents: int) -> list[list[float]]:
    """The effect of each direction at each layer alone and, in the last row, at all of them."""
    z = sample_latents(
        latents, generator.z_dim, truncation=generator.truncation, seed=0, purpose="benchmark layers"
    )
    chosen = _each(generator)
    with torch.no_grad():
        return [[_effect(generator, z, q, layers) for q in directions] for layers in chosen]


def _effect(generator: Generator, z: torch.Tensor, q: torch.Tensor, layers: ChosenLayers) -> float:
    ahead, behind = (
        draw_latents(generator, layers.latents(z, z + sign * STEP * q.to(z))) for sign in (1, -1)
    )
    return float((ahead - behind).square().mean().sqrt()) / (2 * STEP)


def _each(generator: Generator) -> list[ChosenLayers]:
    """Each layer alone, and all of them."""
    count = len(_names(generator))
    alone = [ChosenLayers(indices=(layer,), count=count) for layer in range(count)]
    return [*alone, ChosenLayers(indices=tuple(range(count)), count=count)]


def _names(generator: Generator) -> list[str]:
    assert isinstance(generator, Layered)
    return [f"{index} {name.removeprefix('generator.')}" for index, name in enumerate(generator.layer_names)]


def _print_table(head: Sequence[str], names: Sequence[str], table: torch.Tensor) -> None:
    print(f"| {' | '.join(head)} |")
    for name, row in zip(names, table.tolist(), strict=True):
        print(f"| {name} | {' | '.join(f'{value:.3f}' for value in row)} |")


def heat_map(shares: torch.Tensor, names: Sequence[str], path: Path) -> None:
    """Draw each layer's share of a factor's effect, ``(layers, factors)``."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(figsize=(6.8, 4.6), dpi=150)
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1, aspect="auto")
    for layer, row in enumerate(shares.tolist()):
        for factor, share in enumerate(row):
            colour = "white" if share > 0.6 else "black"
            axes.text(factor, layer, f"{share:.2f}", ha="center", va="center", color=colour, fontsize=8)
    axes.set_xticks(range(len(FACTORS)), FACTORS, fontsize=9)
    axes.set_yticks(range(len(names)), names, fontsize=9)
    axes.tick_params(length=0)
    axes.set_title("effect at one layer, as a share of that at all layers", loc="left", fontsize=11)
    for side in axes.spines.values():
        side.set_visible(False)
    figure.savefig(path, bbox_inches="tight")
    pyplot.close(figure)


def sheet(generator: Generator, directions: torch.Tensor, path: Path) -> None:
    """Draw a row for each direction: unmoved, moved at each layer alone, moved at all."""
    z = sample_latents(1, generator.z_dim, truncation=1.0, seed=3, purpose="sheet")
    chosen = [ChosenLayers(indices=(), count=len(_names(generator))), *_each(generator)]
    gap = np.full((generator.resolution, 6, 3), 255, np.uint8)
    lines = []
    with torch.no_grad():
        for q in directions:
            latents = torch.cat([layers.latents(z, z + FAR * q.to(z)) for layers in chosen])
            still, *alone, everywhere = to_bytes(draw_latents(generator, latents))
            lines.append(np.concatenate([still, gap, *alone, gap, everywhere], 1))
    image = Image.fromarray(np.concatenate(lines))
    write_png(image.resize((3 * image.width // 2, 3 * image.height // 2), Image.Resampling.LANCZOS), path)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--latents", type=int, default=8, help="latents at which each effect is measured")
    parser.add_argument("--toys", nargs="+", choices=TOYS, default=TOYS, help="the toys; default: all")
    return parser.parse_args()


if __name__ == "__main__":
    main()
