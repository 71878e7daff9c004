"""Compare Adam, as in the paper and in the live space, with the closed form, where the truth is known.

python -m benchmarks.adam car          one toy, every method: an hour and a half on one core
python -m benchmarks.adam report       the tables as Markdown and the chart, from the results

The methods are the paper's recipe (six rows over all of z), the same with a square matrix, and Adam on a
square matrix in the live space. The last minimises the same objective as the closed form: the paper's sum
over pixels, at latents that are not moved. Each method is evaluated during its run at the same fresh latents.
Batches have 8 latents, so that a given number of images makes more progress than in the authors' batches of
96. Results are in ``results/adam_TOY.json``, rewritten after every method; results of methods that are not
run again are kept.
"""

import argparse
import json
import statistics
from collections.abc import Iterator, Sequence
from typing import Any

import torch

from benchmarks.support.chart import DOCS, write_chart
from benchmarks.support.measure import RESULTS, write
from benchmarks.support.toy import CPU, Toy, recovery, solved
from biggan_directions import LearnSettings
from biggan_directions.learning.run import iterate
from biggan_directions.toybox import TOYS, true_directions

CHART = DOCS / "adam.png"
LIVE = "Adam, a square matrix of the live space"
METHODS: dict[str, dict[str, Any]] = {
    "paper's recipe, six rows": {"search_space": "all"},
    "paper's recipe, a square matrix": {"search_space": "all", "square": True},
    LIVE: {"search_space": "active", "options": {"max_distance": 0.0}},
}
LATENTS = (1, 2, 4, 8, 16, 32, 64)  # of the closed form
CLOSE = 1.01  # times the closed form's share off the diagonal: the target for Adam


def main() -> None:
    """Run every method on one toy, or print the report."""
    options = _options()
    if options.toy == "report":
        report()
        return
    toy = Toy(options.toy, options.yardstick)
    found: dict[str, Any] = {
        "toy": toy.name,
        "truth": toy.share(true_directions()[1]),
        "closed_form": [closed_form(toy, latents) for latents in LATENTS],
        "adam": earlier(toy.name),
    }
    for method in options.methods or METHODS:
        found["adam"][method] = list(way(toy, method, options))
        print(write(f"adam_{toy.name}", found, CPU), flush=True)


def earlier(toy: str) -> dict[str, Any]:
    """Results of other methods from an earlier run."""
    path = RESULTS / f"adam_{toy}.json"
    if not path.exists():
        return {}
    kept: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))["adam"]
    return kept


def closed_form(toy: Toy, latents: int) -> dict[str, Any]:
    """The closed form on Adam's objective and in the same space: the paper's sum over single pixels."""
    dims = len(toy.live)
    settings = LearnSettings(
        ndirs=dims,
        search_dims=dims,
        latents=latents,
        sketch=4 * 64 * 64,
        options={"blocks": (1,), "weighting": "plain"},
    )
    solution, seconds = solved(toy.generator, settings)
    return {"latents": latents, "evaluations": solution.evaluations, "seconds": seconds} | seen(
        toy, solution.directions
    )


def way(toy: Toy, method: str, options: argparse.Namespace) -> Iterator[dict[str, Any]]:
    """Evaluate one of Adam's methods every ``options.every`` steps."""
    how = dict(METHODS[method])
    square, own = how.pop("square", False), how.pop("options", {})
    settings = LearnSettings(
        ndirs=toy.generator.z_dim if square else 6,
        solver="adam",
        search_dims=len(toy.live) if how["search_space"] == "active" else None,
        options={"steps": options.steps, "batch_size": options.batch_size, **own},
        micro_batch=options.batch_size,
        latents=1,
        **how,
    )
    for step in iterate(toy.generator, settings):
        if step.phase != "adam" or (step.done % options.every and step.done > options.every):
            continue
        at = {"steps": step.done, "evaluations": step.evaluations} | seen(
            toy, step.state["solver"]["adam"]["directions"]
        )
        if step.done % 500 == 0:
            print(f"{toy.name}: {method}: {at}", flush=True)
        yield at


def seen(toy: Toy, rows: torch.Tensor) -> dict[str, Any]:
    """Recovery and effect of the (at most) eight strongest rows, and the share off the diagonal if square.

    The effect is relative to the mean effect of the true directions.
    """
    effects, usual = toy.effects(rows), toy.effects(true_directions()[1]).mean()
    strongest = rows[effects.argsort(descending=True)[:8]]
    return {
        **recovery(strongest),
        "effect": float(toy.effects(strongest).mean() / usual),
        "off_diagonal": toy.share(rows) if len(rows) >= len(toy.live) else None,
    }


def evaluations_to(way: Sequence[dict[str, Any]], share: float) -> int | None:
    """Images drawn until the share off the diagonal first reaches ``share``; None if it never does."""
    return next((at["evaluations"] for at in way if at["off_diagonal"] <= share), None)


def report() -> None:
    """Print the tables; draw the chart."""
    everything = [
        json.loads(path.read_text(encoding="utf-8")) for path in sorted(RESULTS.glob("adam_*.json"))
    ]
    for found in everything:
        print(f"\n{found['toy']}; off the diagonal at the truth: {found['truth']:.4f}\n")
        print("| | steps or latents | images | effect | recovery: mean / least | off the diagonal |")
        print("|---|---|---|---|---|---|")
        for at in found["closed_form"]:
            _print_row("closed form, the paper's sum", at["latents"], at)
        for method, way in found["adam"].items():
            for at in way:
                if at["steps"] in (1, 500, way[-1]["steps"]):
                    _print_row(method, at["steps"], at)
        if LIVE in found["adam"]:
            _print_comparison(found)
    write_chart(
        CHART,
        {
            f"{found['toy']}: {name}": [(at["evaluations"], at["off_diagonal"]) for at in line]
            for found in everything
            for name, line in (("Adam", found["adam"].get(LIVE)), ("closed form", found["closed_form"]))
            if line
        },
        title="Share off the diagonal against images drawn, the same space",
        across="images",
        up="share off the diagonal",
    )


def _print_comparison(found: dict[str, Any]) -> None:
    way = found["adam"][LIVE]
    settled = statistics.fmean(at["off_diagonal"] for at in way[-20:])
    print(f"\nAdam: {settled:.4f} off the diagonal at the end, mean of the last twenty evaluations")
    for at in found["closed_form"]:
        needed = evaluations_to(way, CLOSE * at["off_diagonal"])
        took = f"after {needed:,}, {needed / at['evaluations']:.0f} times as many" if needed else "never"
        print(
            f"closed form, {at['latents']} latents: {at['off_diagonal']:.4f} after {at['evaluations']:,} "
            f"images; Adam comes within 1 % of it {took}, in {way[-1]['evaluations']:,}"
        )


def _print_row(method: str, count: int, at: dict[str, Any]) -> None:
    share = f"{at['off_diagonal']:.3f}" if at["off_diagonal"] is not None else "–"
    print(
        f"| {method} | {count:,} | {at['evaluations']:,} | {at['effect']:.2f} | "
        f"{at['mean']:.3f} / {at['min']:.3f} | {share} |"
    )


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("toy", choices=(*TOYS, "report"))
    parser.add_argument("--methods", nargs="+", choices=METHODS)
    parser.add_argument("--steps", type=int, default=3000)
    parser.add_argument("--batch-size", type=int, default=8)
    parser.add_argument("--every", type=int, default=25, help="steps between two evaluations")
    parser.add_argument("--yardstick", type=int, default=32, help="latents at which shares are measured")
    return parser.parse_args()


if __name__ == "__main__":
    main()
