"""Measure what the closed form needs on the toybox, and where its objective ends.

python -m benchmarks.limits settings     recovery as latents, epsilon, blocks, dimensions, survey vary
python -m benchmarks.limits shares       the share off the diagonal at the truth and at the minimum
python -m benchmarks.limits report       the tables as Markdown, and the charts, from the results

Each part writes ``results/limits_PART.json``.
"""

import argparse
import json
import statistics
from typing import Any

import torch

from benchmarks.support.chart import DOCS, write_chart
from benchmarks.support.measure import RESULTS, write
from benchmarks.support.toy import CPU, Toy, moments_at, recovery, solved
from biggan_directions import LearnSettings
from biggan_directions.generators import Generator
from biggan_directions.generators.biggan_deep.frozen_biggan import FrozenBigGAN
from biggan_directions.linalg import orthonormal
from biggan_directions.metrics.matching import match
from biggan_directions.solvers.hessians import Moments
from biggan_directions.solvers.joint_diagonalisation import diagonalise, jacobi_sweeps
from biggan_directions.solvers.subspace import SearchSpace
from biggan_directions.toybox import TOYS, true_directions


def main() -> None:
    """Run one part."""
    options = _options()
    if options.part == "report":
        report()
        return
    results = {"settings": settings, "shares": shares}[options.part](options)
    print(write(f"limits_{options.part}", results, CPU))


def shares(options: argparse.Namespace) -> dict[str, Any]:
    """Shares off the diagonal at the truth and at the minimum, by the balanced and by the plain objective."""
    rows = []
    for name in options.classes or TOYS:
        toy = Toy(name, options.latents)
        for objective in toy.objectives:
            best = toy.minimum(objective)
            rows.append(
                {
                    "class": name,
                    "objective": objective,
                    "off_diagonal_at_the_truth": toy.share(true_directions()[1], objective),
                    "off_diagonal_at_the_minimum": toy.share(best, objective),
                    "recovery_at_the_minimum": recovery(best),
                }
            )
    return {"rows": rows}


def settings(options: argparse.Namespace) -> dict[str, Any]:
    """Recovery by the closed form on some classes as one setting varies."""
    names = options.classes or ("car", "house", "rocket")
    found: dict[str, Any] = {"classes": list(names)}
    toys = [Toy(name, 2) for name in names]
    truth = true_directions()[1]

    def mean_recovery(measured: list[tuple[Moments, torch.Tensor]]) -> float:
        turned = [diagonalise(moments.stack()).rotation @ basis for moments, basis in measured]
        return statistics.fmean(recovery(rows)["mean"] for rows in turned)

    def measured(latents: int, **how: Any) -> list[tuple[Moments, torch.Tensor]]:
        return [(_last(toy.generator, toy.live, latents, **how), toy.live) for toy in toys]

    found["latents"] = [(n, mean_recovery(measured(n))) for n in (2, 4, 8, 16, 32, 64, 128)]
    found["epsilon"] = [
        (epsilon, mean_recovery(measured(16, epsilon=epsilon))) for epsilon in (0.01, 0.03, 0.1, 0.3, 1.0)
    ]
    found["blocks"] = [(side, mean_recovery(measured(16, blocks=(side,)))) for side in (1, 2, 4, 8, 16, 32)]
    found["search_dims"] = [
        (
            dims,
            statistics.fmean(
                recovery(
                    solved(toy.generator, LearnSettings(solver="jacobi", search_dims=dims, latents=16))[
                        0
                    ].directions
                )["mean"]
                for toy in toys
            ),
        )
        for dims in (6, 8, 12, 16, 32)
    ]
    found["survey_latents"] = [
        (
            count,
            statistics.fmean(
                _overlap(
                    solved(toy.generator, LearnSettings(survey_latents=count, solver="first-order"))[0].space,
                    truth,
                )
                for toy in toys
            ),
        )
        for count in (1, 2, 4, 8, 16, 32)
    ]
    usual = measured(32)
    low = [(_last(_low_precision(toy.generator), toy.live, 32), toy.live) for toy in toys]
    found["precision"] = {"float32": mean_recovery(usual), "bfloat16": mean_recovery(low)}
    found["starts"] = [_from_random_starts(moments) for moments, _ in usual]
    return found


def _low_precision(generator: Generator) -> Generator:
    assert isinstance(generator, FrozenBigGAN)
    return generator.for_images(torch.bfloat16)


def _last(generator: Any, basis: torch.Tensor, latents: int, **how: Any) -> Moments:
    *_, moments = moments_at(generator, basis, latents, seed=1, **how)
    return moments


def _overlap(space: SearchSpace, truth: torch.Tensor) -> float:
    """Minimum cosine between the span of the true directions and that of the eight strongest dimensions."""
    return float(torch.linalg.svdvals(space.basis[:8] @ truth.double().T).min())


def _from_random_starts(moments: Moments) -> float:
    """Minimum matched |cos| between the results from eight random starting bases and that from the first."""
    ends = []
    for index in range(8):
        random = torch.Generator().manual_seed(index)
        start = orthonormal(torch.randn(moments.size, moments.size, generator=random, dtype=torch.float64))
        *_, last = jacobi_sweeps(moments.stack(), start=start)
        ends.append(last.rotation)
    return min(pair.cosine for end in ends[1:] for pair in match(ends[0], end))


def report() -> None:
    """Print the table of shares; draw the charts of the settings."""
    paths = {part: RESULTS / f"limits_{part}.json" for part in ("shares", "settings")}
    if paths["shares"].exists():
        _print_shares(json.loads(paths["shares"].read_text(encoding="utf-8"))["rows"])
    if paths["settings"].exists():
        _charts(json.loads(paths["settings"].read_text(encoding="utf-8")))


def _print_shares(rows: list[dict[str, Any]]) -> None:
    print(
        "\n| class | balanced share off the diagonal: truth / minimum | plain share: truth / minimum |\n"
        "|---|---|---|"
    )
    for name in dict.fromkeys(item["class"] for item in rows):
        found = {
            item["objective"]: f"{item['off_diagonal_at_the_truth']:.4f} / "
            f"{item['off_diagonal_at_the_minimum']:.4f}"
            for item in rows
            if item["class"] == name
        }
        print(f"| {name} | {found['balanced']} | {found['plain']} |")


def _charts(found: dict[str, Any]) -> None:
    labels = {
        "latents": "latents",
        "epsilon": "epsilon",
        "blocks": "side of the blocks averaged over, pixels",
        "search_dims": "dimensions searched",
        "survey_latents": "latents of the survey",
    }
    for name, across in labels.items():
        path = DOCS / f"recovery_{name}.png"
        up = "recovery" if name != "survey_latents" else "least cosine with the true span"
        write_chart(
            path,
            {", ".join(found["classes"]): found[name]},
            title=f"{up} against {across}",
            across=across,
            up=up,
        )
        print(f"{name}: {', '.join(f'{x:g}: {y:.4f}' for x, y in found[name])}  ({path.name})")
    print(
        f"precision: {found['precision']}\nfrom eight random starts, least matched |cos|: {found['starts']}"
    )


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("part", choices=("settings", "shares", "report"))
    parser.add_argument("--classes", nargs="+", choices=TOYS)
    parser.add_argument("--latents", type=int, default=32, help="fresh latents at which shares are measured")
    return parser.parse_args()


if __name__ == "__main__":
    main()
