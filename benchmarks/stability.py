"""Learn at full size with two seeds: how many of the stable directions does the other seed find again?

python -m benchmarks.stability                      BigGAN-deep-128, six directions, 1,000 images a seed
python -m benchmarks.stability --ndirs 48 --seeds 1 how long many directions take

The weights are random, in the published layout. Results are kept run by run in ``results/stability.json``:
a run that is there is not repeated.
"""

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Sequence
from itertools import combinations, permutations
from pathlib import Path
from typing import Any

import torch

from benchmarks.learn_memory import make
from benchmarks.support.measure import RESULTS, write
from biggan_directions import LearnSettings, learn, load_generator
from biggan_directions.metrics.matching import match, principal_angles

STABLE, FOUND = 0.98, 0.95


def main() -> None:
    """Measure what is lacking, then print what the seeds agree on."""
    options = _options()
    path = RESULTS / "stability.json"
    runs: list[dict[str, Any]] = json.loads(path.read_text("utf-8"))["runs"] if path.exists() else []
    own = [run for run in runs if (run["ndirs"], run["budget"]) == (options.ndirs, options.budget)]
    lacking = [seed for seed in range(options.seeds) if seed not in {run["seed"] for run in own}]
    with tempfile.TemporaryDirectory() as folder:
        if lacking:
            make(Path(folder), 128)
        for seed in lacking:
            run = learnt(Path(folder), options.ndirs, options.budget, seed)
            own.append(run)
            runs.append(run)
            write("stability", {"runs": runs}, torch.device("cpu"))
    for run in own:
        print(f"seed {run['seed']}: {run['images']} images, {run['seconds']:.0f} s", file=sys.stderr)
    print(json.dumps(agreed(own)))


def learnt(folder: Path, ndirs: int, budget: int, seed: int) -> dict[str, Any]:
    """One run of the default solver; it measures what it found at two latents only."""
    generator = load_generator(str(folder), "golden_retriever")
    begun = time.perf_counter()
    found = learn(generator, LearnSettings(ndirs=ndirs, budget=budget, seed=seed, score_latents=2))
    return {
        "ndirs": ndirs,
        "budget": budget,
        "seed": seed,
        "seconds": round(time.perf_counter() - begun, 1),
        "images": found.evaluations,
        "measuring_images": found.scorecard.evaluations,
        "searched": found.space.dims,
        "warnings": list(found.warnings),
        "stability": None
        if found.stability is None
        else [round(each, 4) for each in found.stability.tolist()],
        "directions": [[round(number, 3) for number in row] for row in found.directions.tolist()],
    }


def agreed(runs: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Over pairs of seeds: |cos| of matched directions, of their spans, and stable ones found again."""
    rows = {run["seed"]: torch.tensor(run["directions"], dtype=torch.float64) for run in runs}
    rows = {seed: each / each.norm(dim=1, keepdim=True) for seed, each in rows.items()}
    stable = found = 0
    for one, two in permutations(runs, 2):
        pairs = match(rows[one["seed"]], rows[two["seed"]])
        for stability, pair in zip(one["stability"] or (), pairs, strict=False):
            if stability >= STABLE:
                stable += 1
                found += pair.cosine >= FOUND
    pairs_of_seeds = list(combinations(sorted(rows), 2))
    return {
        "stable": stable,
        "found_again": found,
        "cosines": [
            [round(pair.cosine, 3) for pair in match(rows[one], rows[two])] for one, two in pairs_of_seeds
        ],
        "span_cosines": [
            principal_angles(rows[one], rows[two]).deg2rad().cos().tolist() for one, two in pairs_of_seeds
        ],
    }


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.stability",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--ndirs", type=int, default=6)
    parser.add_argument("--budget", type=int, default=1000, help="images to find the directions with")
    parser.add_argument("--seeds", type=int, default=2, help="how many, from 0")
    return parser.parse_args()


if __name__ == "__main__":
    main()
