"""Measure Hessians of some pairs only: what is lost, at the same number of images?

python -m benchmarks.pairs

At each latent a random part of the pairs is measured, and products of entries are divided by the probability
that both were. Entries are balanced by the sizes of whole Hessians, which favours the part. Directions are
looked for in the span of the true ones, behind a random rotation. Writes ``results/pairs.json``.
"""

import argparse
import statistics
import sys
from typing import Any

import torch

from benchmarks.support.measure import write
from benchmarks.truths import CHOSEN_ON, Truth, recovery, truth
from biggan_directions.latents import sample_inputs, signs, stream
from biggan_directions.linalg import random_rotation
from biggan_directions.solvers.derivatives import Differences, derivatives, pair_list
from biggan_directions.solvers.evaluator import Evaluator
from biggan_directions.solvers.hessians import Moments
from biggan_directions.solvers.joint_diagonalisation import diagonalise
from biggan_directions.solvers.methods.joint import HESSIANS, Joint, together
from biggan_directions.solvers.methods.orojar import OrojarSettings
from biggan_directions.solvers.sampled_slopes import SampledSlopes

TRUTHS = ("ellipse", "unequal", "waves", "conv-relu", "mug", "duck")
SHARES = (1.0, 0.5, 1 / 3)
LATENTS = (8, 16)  # with all pairs; with fewer pairs as many as take the same images
SLOPES = 16  # latents of first derivatives
_PARTS = ((0, 1), (0, 2), (1, 2))  # start and step: all latents, those of even and those of odd index


def main() -> None:
    """Measure, then print the table."""
    options = _options()
    rows: list[dict[str, Any]] = []
    for name in options.truths:
        for seed in range(options.seeds):
            rows += cells(name, seed)
            print(f"{name}, seed {seed}", file=sys.stderr, flush=True)
    print(table(rows))
    print(write("pairs", {"rows": rows}, torch.device("cpu")))


def cells(name: str, seed: int) -> list[dict[str, Any]]:
    """Recovery with each share of the pairs at equal numbers of images, by Hessians and by both."""
    known = truth(name, seed)
    size = len(known.rows)
    basis = random_rotation(size, stream("pairs basis", seed)) @ known.rows
    counts = {share: round(share * size * (size - 1) / 2) for share in SHARES}
    taken = {
        (share, latents): round(latents * _images(size, counts[1.0]) / _images(size, counts[share]))
        for share in SHARES
        for latents in LATENTS
    }
    entries, slopes = measured(known, seed, basis, max(taken.values()))
    first = [slopes[start::step] for start, step in _PARTS]
    begun = diagonalise(first[0]).rotation
    found = []
    for (share, latents), number in taken.items():
        draws = stream("pairs", seed)
        grams = torch.stack([weighted(each, counts[share], size, draws) for each in entries[:number]])
        second = [_stack(grams[start::step].sum(0), size) for start, step in _PARTS]
        weight = Joint().weights((first[1], second[1]), (first[2], second[2]), start=begun).taken
        rotations = {
            "Hessians": diagonalise(second[0]).rotation,
            "both": diagonalise(together(first[0], second[0], weight), start=begun).rotation,
        }
        for objective, rotation in rotations.items():
            found.append(
                {
                    "truth": name,
                    "seed": seed,
                    "objective": objective,
                    "share": round(share, 2),
                    "as_many_images_as_latents": latents,
                    "latents": number,
                    "images": number * _images(size, counts[share]),
                    "recovery": round(recovery(rotation @ basis, known).mean, 4),
                }
            )
    return found


def measured(
    known: Truth, seed: int, basis: torch.Tensor, latents: int
) -> tuple[list[torch.Tensor], torch.Tensor]:
    """Balanced entries of all pairs at each latent, and the matrices JᵀJ of 16 latents."""
    generator, size = known.generator, len(basis)
    evaluator, common = Evaluator(generator, 8), Differences()

    def sample(index: int) -> tuple[torch.Tensor, torch.Tensor | None]:
        z, classes = sample_inputs(generator, index, 1, "learning", seed=seed)
        return z[0], classes

    entries = [
        derivatives(
            evaluator,
            *sample(index),
            basis,
            signs=signs(1, size, purpose="learning/signs", seed=seed, offset=index)[0],
            differences=HESSIANS.differences(common, generator.resolution),
            generator=stream("learning/sketch", seed, index),
        ).smooth
        for index in range(latents)
    ]
    *_, slopes = SampledSlopes.empty(size, SLOPES).continued(
        evaluator,
        basis,
        sample,
        total=SLOPES,
        sides=OrojarSettings().sides(generator.resolution),
        epsilon=common.epsilon,
        seed=seed,
    )
    return entries, slopes.stack(balanced=True)


def weighted(entries: torch.Tensor, count: int, size: int, generator: torch.Generator) -> torch.Tensor:
    """Gram matrix of the entries at one latent, estimated from ``count`` random pairs and all squares.

    Args:
        entries: of all pairs, ``(P, numbers)``.
        count: number of pairs i < j that are measured.
        size: number of basis vectors.
        generator: draws the pairs.
    """
    pairs = pair_list(size)
    mixed = (pairs[:, 0] != pairs[:, 1]).nonzero()[:, 0]
    drawn = mixed[torch.randperm(len(mixed), generator=generator)[:count]]
    one = count / len(mixed)
    two = one * (count - 1) / (len(mixed) - 1)
    chance = torch.ones(len(pairs), len(pairs), dtype=torch.float64)
    chance[mixed] = one
    chance[:, mixed] = one
    chance[mixed[:, None], mixed] = two
    chance[mixed, mixed] = one
    kept = torch.zeros_like(entries)
    squares = pairs[:, 0] == pairs[:, 1]
    kept[squares], kept[drawn] = entries[squares], entries[drawn]
    return kept @ kept.T / chance


def table(rows: list[dict[str, Any]]) -> str:
    """Mean recovery over truths and seeds as Markdown."""
    lines = ["| pairs measured at a latent | " + " | ".join(f"{o}, {n}" for o, n in _columns()) + " |"]
    lines.append("|---" * (1 + len(_columns())) + "|")
    for share in SHARES:
        means = []
        for objective, latents in _columns():
            key = (objective, latents, round(share, 2))
            means.append(
                statistics.fmean(
                    row["recovery"]
                    for row in rows
                    if (row["objective"], row["as_many_images_as_latents"], row["share"]) == key
                )
            )
        lines.append(f"| {share:.0%} | " + " | ".join(f"{mean:.3f}" for mean in means) + " |")
    return "\n".join(lines)


def _columns() -> list[tuple[str, int]]:
    return [(objective, latents) for objective in ("Hessians", "both") for latents in LATENTS]


def _images(size: int, pairs: int) -> int:
    """Images at a latent."""
    return 1 + 2 * size + pairs


def _stack(gram: torch.Tensor, size: int) -> torch.Tensor:
    """Matrices with this Gram matrix of entries; what an estimate has of negative eigenvalues is left out."""
    empty = Moments.zero(size)
    moments = Moments(pairs=empty.pairs, smooth=gram, slopes=empty.slopes, numbers=0)
    return moments.stack()


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.pairs",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--truths", nargs="+", choices=CHOSEN_ON, default=TRUTHS, metavar="NAME")
    parser.add_argument("--seeds", type=int, default=3, help="how many, from 0")
    return parser.parse_args()


if __name__ == "__main__":
    main()
