"""Measure how well each method recovers the true directions of the toybox.

python -m benchmarks.recovery table        every method, ten classes, 6 and 8 directions
python -m benchmarks.recovery seeds        the closed form with other seeds
python -m benchmarks.recovery limits       by latents, epsilon, dimensions, cotangents, precision, starts
python -m benchmarks.recovery report       the tables as Markdown, and the charts, from the results

Each part writes ``results/recovery_PART.json``.
"""

import argparse
import json
import statistics
import time
from collections.abc import Iterator
from typing import Any

import torch

from benchmarks.support.chart import DOCS, write_chart
from benchmarks.support.measure import RESULTS, write
from biggan_directions import LearnSettings, load_generator
from biggan_directions.generators import Generator
from biggan_directions.generators.biggan_deep.frozen_biggan import FrozenBigGAN
from biggan_directions.latents import spread_latents
from biggan_directions.learning.result import Solution
from biggan_directions.learning.run import iterate
from biggan_directions.linalg import orthonormal
from biggan_directions.metrics.matching import match
from biggan_directions.solvers.derivatives import Differences
from biggan_directions.solvers.evaluator import Evaluator
from biggan_directions.solvers.hessians import Moments
from biggan_directions.solvers.joint_diagonalisation import jacobi_sweeps, off_diagonal_share
from biggan_directions.solvers.methods.jacobi import diagonalise
from biggan_directions.solvers.sampled_moments import SampledMoments
from biggan_directions.solvers.subspace import SearchSpace
from biggan_directions.toybox import TOYS, true_directions

METHODS: dict[str, dict[str, Any]] = {
    "random": {"solver": "random"},
    "coordinate": {"solver": "coordinate"},
    "first-order": {"solver": "first-order"},
    "SeFa": {"solver": "sefa"},
    "closed form, the paper's sum": {"solver": "jacobi", "options": {"weighting": "plain"}},
    "closed form": {"solver": "jacobi"},
}
DEFAULT = "closed form"
CPU = torch.device("cpu")


def main() -> None:
    """Run one part."""
    options = _options()
    if options.part == "report":
        report()
        return
    results = {"table": table, "seeds": seeds, "limits": limits}[options.part](options)
    print(write(f"recovery_{options.part}", results, CPU))


class Toy:
    """A class of the toybox, and its Hessians in the live basis at fresh latents, for evaluation only."""

    def __init__(self, name: str, latents: int, *, seed: int = 100) -> None:
        self.name, self.generator = name, load_generator("toybox", name)
        self.solution, self.seconds = solved(
            self.generator, LearnSettings(ndirs=8, solver="first-order", latents=1)
        )
        space = self.solution.space
        self.live = space.basis[: space.live]
        *_, balanced = moments_at(self.generator, self.live, latents, seed=seed)
        *_, plain = moments_at(self.generator, self.live, latents, seed=seed, blocks=(1,), balanced=False)
        self.objectives = {"balanced": balanced, "plain": plain}
        self.stacks = {name: moments.stack() for name, moments in self.objectives.items()}

    def share(self, rows: torch.Tensor, objective: str = "plain") -> float:
        """Share off the diagonal in a whole basis of z or of its live part, by default of the paper's sum."""
        return off_diagonal_share(self.stacks[objective], rows.double() @ self.live.T)

    def effects(self, rows: torch.Tensor) -> torch.Tensor:
        """RMS change of the image per unit of z along each row."""
        rows = rows.double()
        return ((rows @ self.solution.space.second_moment()) * rows).sum(1).clamp(min=0).sqrt()

    def minimum(self, objective: str = "plain") -> torch.Tensor:
        """The directions that minimise an objective on these Hessians."""
        return diagonalise(self.objectives[objective]).rotation @ self.live


def moments_at(
    generator: Generator,
    basis: torch.Tensor,
    latents: int,
    *,
    seed: int,
    epsilon: float = 0.1,
    blocks: tuple[int, ...] = (8, 16),
    balanced: bool = True,
) -> Iterator[Moments]:
    """The running sums of second derivatives at fresh latents."""

    points = spread_latents(latents, basis, truncation=generator.truncation, seed=seed, purpose="benchmark")

    def sample(index: int) -> tuple[torch.Tensor, None]:
        return points[index], None

    for sums in SampledMoments.empty(len(basis)).continued(
        Evaluator(generator, 4),
        basis,
        sample,
        total=latents,
        differences=Differences(epsilon=epsilon, blocks=blocks, balanced=balanced),
        seed=seed,
    ):
        yield sums.moments


def solved(generator: Generator, settings: LearnSettings) -> tuple[Solution, float]:
    """Learn directions; also gives the seconds."""
    begun = time.perf_counter()
    *_, last = iterate(generator, settings)
    assert last.solution is not None
    return last.solution, time.perf_counter() - begun


def recovery(directions: torch.Tensor) -> dict[str, float]:
    """Mean and minimum |cos| of directions matched one to one with the true ones."""
    cosines = [pair.cosine for pair in match(directions, true_directions()[1])]
    return {"mean": statistics.fmean(cosines), "min": min(cosines)}


def row(method: str, toy: Toy, ndirs: int, solution: Solution, seconds: float) -> dict[str, Any]:
    """The record of one run."""
    found = recovery(solution.directions)
    square = toy.share(solution.directions) if ndirs >= len(toy.live) else None
    print(
        f"{toy.name:9} {method:45} {ndirs}: {found['mean']:.3f} / {found['min']:.3f}  {seconds:.0f} s",
        flush=True,
    )
    return {
        "method": method,
        "class": toy.name,
        "ndirs": ndirs,
        **found,
        "off_diagonal": square,
        "evaluations": solution.evaluations,
        "seconds": seconds,
    }


def table(options: argparse.Namespace) -> dict[str, Any]:
    """Every method except Adam on every class, and the share off the diagonal at the truth."""
    rows, truth = [], []
    for name in options.classes or TOYS:
        toy = Toy(name, options.latents)
        for ndirs in (6, 8):
            for method, how in METHODS.items():
                solution, seconds = solved(toy.generator, LearnSettings(ndirs=ndirs, **how))
                rows.append(row(method, toy, ndirs, solution, seconds))
        for objective in toy.objectives:
            best = toy.minimum(objective)
            truth.append(
                {
                    "class": name,
                    "objective": objective,
                    "off_diagonal_at_the_truth": toy.share(true_directions()[1], objective),
                    "off_diagonal_at_the_minimum": toy.share(best, objective),
                    "recovery_at_the_minimum": recovery(best),
                }
            )
    return {"rows": rows, "truth": truth}


def seeds(options: argparse.Namespace) -> dict[str, Any]:
    """The closed form at default settings with several seeds: 8 directions, and the strongest 6 of them."""
    rows = []
    for name in options.classes or TOYS:
        generator = load_generator("toybox", name)
        for seed in range(options.seeds):
            solution, seconds = solved(generator, LearnSettings(ndirs=8, seed=seed))
            found = {count: recovery(solution.directions[:count]) for count in (6, 8)}
            print(f"{name:9} seed {seed}: {found}  {seconds:.0f} s", flush=True)
            rows.append({"class": name, "seed": seed, "6": found[6], "8": found[8]})
    return {"rows": rows}


def limits(options: argparse.Namespace) -> dict[str, Any]:
    """Recovery by the closed form on some classes as one setting varies."""
    names = options.classes or ("car", "house", "rocket")
    found: dict[str, Any] = {"classes": list(names)}
    toys = [Toy(name, 2) for name in names]
    truth = true_directions()[1]

    def mean_recovery(measured: list[tuple[Moments, torch.Tensor]]) -> float:
        turned = [diagonalise(moments).rotation @ basis for moments, basis in measured]
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
                recovery(solved(toy.generator, LearnSettings(search_dims=dims, latents=16))[0].directions)[
                    "mean"
                ]
                for toy in toys
            ),
        )
        for dims in (6, 8, 12, 16, 32)
    ]
    found["cotangents"] = [
        (
            count,
            statistics.fmean(
                _overlap(
                    solved(toy.generator, LearnSettings(vjps=count, solver="first-order", latents=1))[
                        0
                    ].space,
                    truth,
                )
                for toy in toys
            ),
        )
        for count in (8, 16, 32, 64, 128)
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
    """Print the tables; draw the charts."""
    content = {
        part: json.loads((RESULTS / f"recovery_{part}.json").read_text(encoding="utf-8"))
        for part in ("table", "seeds", "limits")
        if (RESULTS / f"recovery_{part}.json").exists()
    }
    for ndirs in (6, 8):
        print(f"\n{ndirs} directions, mean over classes\n")
        print(
            "| method | recovery: mean / min | off the diagonal | images | seconds |\n|---|---|---|---|---|"
        )
        for method in METHODS:
            _print_row(
                method, [r for r in content["table"]["rows"] if r["method"] == method and r["ndirs"] == ndirs]
            )
    print(
        "\n| class | recovery, 8 directions | balanced share off the diagonal: truth / minimum | "
        "plain share: truth / minimum |\n|---|---|---|---|"
    )
    for name in TOYS:
        shares = {
            item["objective"]: f"{item['off_diagonal_at_the_truth']:.4f} / "
            f"{item['off_diagonal_at_the_minimum']:.4f}"
            for item in content["table"]["truth"]
            if item["class"] == name
        }
        own = [
            r for r in content["table"]["rows"] if (r["class"], r["method"], r["ndirs"]) == (name, DEFAULT, 8)
        ]
        if own:
            print(
                f"| {name} | {own[0]['mean']:.3f} / {own[0]['min']:.3f} | {shares['balanced']} | "
                f"{shares['plain']} |"
            )
    if "seeds" in content:
        _print_seeds(content["seeds"]["rows"])
    if "limits" in content:
        _charts(content["limits"])


def _print_row(method: str, rows: list[dict[str, Any]]) -> None:
    def mean(key: str) -> float:
        return statistics.fmean(r[key] for r in rows)

    shares = [r["off_diagonal"] for r in rows if r["off_diagonal"] is not None]
    share = f"{statistics.fmean(shares):.3f}" if shares else "–"
    print(
        f"| {method} | {mean('mean'):.3f} / {mean('min'):.3f} | {share} | {mean('evaluations'):,.0f} | "
        f"{mean('seconds'):.0f} |"
    )


def _print_seeds(rows: list[dict[str, Any]]) -> None:
    print(
        "\n| seed | toys whose six all reach 0.95 | eight, mean over toys | toys with a mean of 0.99 |\n"
        "|---|---|---|---|"
    )
    for seed in sorted({r["seed"] for r in rows}):
        own = [r for r in rows if r["seed"] == seed]
        print(
            f"| {seed} | {sum(r['6']['min'] >= 0.95 for r in own)} of {len(own)} | "
            f"{statistics.fmean(r['8']['mean'] for r in own):.3f} | "
            f"{sum(r['8']['mean'] >= 0.99 for r in own)} |"
        )


def _charts(found: dict[str, Any]) -> None:
    labels = {
        "latents": "latents",
        "epsilon": "epsilon",
        "blocks": "side of the blocks averaged over, pixels",
        "search_dims": "dimensions searched",
        "cotangents": "vector-Jacobian products",
    }
    for name, across in labels.items():
        path = DOCS / f"recovery_{name}.png"
        up = "recovery" if name != "cotangents" else "least cosine with the true span"
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
    parser.add_argument("part", choices=("table", "seeds", "limits", "report"))
    parser.add_argument("--classes", nargs="+", choices=TOYS)
    parser.add_argument("--latents", type=int, default=32, help="fresh latents for evaluation")
    parser.add_argument("--seeds", type=int, default=3, help="number of seeds")
    return parser.parse_args()


if __name__ == "__main__":
    main()
