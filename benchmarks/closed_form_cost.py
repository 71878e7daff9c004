"""Measure the cost of the closed form: how it grows, and with both forward passes at full size.

python -m benchmarks.closed_form_cost            growth: ten minutes
python -m benchmarks.closed_form_cost --full     all steps at full size, both forward passes: 15 minutes

The number of images does not depend on a generator's width or weights. So growth is measured with the full
size's 128 coordinates of z on a narrow network of the published depth.
"""

import argparse
import gc
import json
import math
import statistics
from collections.abc import Sequence
from typing import Any

import torch

from benchmarks.support.chart import DOCS, write_chart
from benchmarks.support.measure import in_child, paired_ratio, peak_bytes, reset_peak, seconds, write
from benchmarks.support.stock import stock_and_frozen
from biggan_directions.learning.run import learn
from biggan_directions.learning.settings import LearnSettings

CHART = DOCS / "closed_form_cost.png"
SIDES = ("package", "ours")
CHARTED = ("ndirs", "latents")
NDIRS = (6, 12, 24, 48)
LATENTS = (4, 8, 16, 32)
RESOLUTIONS = (128, 256, 512)


def main() -> None:
    """Measure growth or, with ``--full``, all steps at full size; write the results and the chart."""
    options = _options()
    device = torch.device(options.device)
    if options.only:
        print(json.dumps(whole(options, device)))
        return
    if options.full:
        path = write(f"closed_form_full_{device.type}", against_the_package(options), device)
        print(f"written to {path}")
        return
    found = growth(options, device)
    write_chart(
        CHART,
        {axis: [(row["value"], row["evaluations"]) for row in found[axis]["rows"]] for axis in CHARTED},
        title="Images drawn by the closed form",
        across="directions, or latents",
        up="images",
        log_up=True,
    )
    path = write(f"closed_form_cost_{device.type}", {"growth": found}, device)
    print(f"written to {path} and {CHART}")


def growth(options: argparse.Namespace, device: torch.device) -> dict[str, Any]:
    """Evaluations and seconds by ndirs, latents and resolution, varied one at a time."""
    rest = {"ndirs": 6, "latents": options.latents, "resolution": 128}
    axes = {"ndirs": options.ndirs, "latents": LATENTS, "resolution": RESOLUTIONS}
    found = {}
    for axis, values in axes.items():
        rows = []
        for value in values:
            rows.append(measured({**rest, axis: value}, options, device) | {"value": value})
            row = rows[-1]
            print(f"{axis} {value}: {row['evaluations']} images, {row['seconds']:.1f} s", flush=True)
        found[axis] = {
            "rows": rows,
            "evaluations_grow_as_power": power(values, [row["evaluations"] for row in rows]),
            "seconds_grow_as_power": power(values, [row["seconds"] for row in rows]),
        }
    return found


def measured(at: dict[str, int], options: argparse.Namespace, device: torch.device) -> dict[str, float]:
    """One run of the whole solver on a narrow network, in twice as many dimensions as directions."""
    _, frozen = stock_and_frozen(at["resolution"], device, channel_width=options.width)
    settings = LearnSettings(ndirs=at["ndirs"], search_dims=2 * at["ndirs"], latents=at["latents"])
    solutions = []
    taken = seconds(lambda: solutions.append(learn(frozen, settings)), device)
    return {"evaluations": solutions[0].evaluations, "gradients": solutions[0].gradients, "seconds": taken}


def power(values: Sequence[int], costs: Sequence[float]) -> float:
    """The power of the value that the cost grows with: the log-log slope between the last two values."""
    return math.log(costs[-1] / costs[-2]) / math.log(values[-1] / values[-2])


def against_the_package(options: argparse.Namespace) -> dict[str, Any]:
    """All steps at full size, 12 dimensions, 16 latents: the two sides in turn, each in its own process."""
    shared = ["--device", options.device, "--micro-batch", str(options.micro_batch)]
    runs: dict[str, list[dict[str, Any]]] = {side: [] for side in SIDES}
    for _ in range(options.rounds):
        for side in SIDES:
            runs[side].append(in_child("closed_form_cost", *shared, "--only", side))
    found: dict[str, Any] = {
        "times_faster": paired_ratio(*([run["seconds"] for run in runs[side]] for side in SIDES)),
        "one_minus_least_cosine": _apart(*(runs[side][0]["directions"] for side in SIDES)),
        "runs": {
            side: [{key: value for key, value in run.items() if key != "directions"} for run in runs[side]]
            for side in SIDES
        },
    }
    seconds_taken = [statistics.median(run["seconds"] for run in runs[side]) for side in SIDES]
    peaks = [max(run["peak_bytes"] for run in runs[side]) / 1e9 for side in SIDES]
    print(
        f"full size: {seconds_taken[0]:.0f} s with the package's forward pass, {seconds_taken[1]:.0f} s with "
        f"ours: {found['times_faster']['median']:.2f} times faster; peak memory {peaks[0]:.2f} and "
        f"{peaks[1]:.2f} GB; {runs['ours'][0]['evaluations']} images",
        flush=True,
    )
    return found


def whole(options: argparse.Namespace, device: torch.device) -> dict[str, Any]:
    """All steps with one of the two forward passes: time, peak memory and the directions found."""
    stock, frozen = stock_and_frozen(128, device)
    settings = LearnSettings(
        ndirs=6, search_dims=12, latents=16, micro_batch=options.micro_batch, solver="jacobi"
    )
    if options.only == "ours":
        del stock
        generator: Any = frozen
    else:
        del frozen
        generator = stock
    gc.collect()
    reset_peak(device)
    solutions = []
    taken = seconds(lambda: solutions.append(learn(generator, settings)), device)
    (solution,) = solutions
    return {
        "seconds": taken,
        "peak_bytes": peak_bytes(device),
        "evaluations": solution.evaluations,
        "gradients": solution.gradients,
        "off_diagonal": solution.off_diagonal,
        "directions": solution.directions.tolist(),
    }


def _apart(first: list[list[float]], second: list[list[float]]) -> float:
    """One minus the smallest |cos| between a direction of the first and its best match in the second."""
    cosines = torch.tensor(first) @ torch.tensor(second).T
    return float(1 - cosines.abs().max(1).values.min())


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--ndirs", type=int, nargs="+", default=list(NDIRS))
    parser.add_argument("--latents", type=int, default=4, help="latents while ndirs and resolution vary")
    parser.add_argument("--width", type=int, default=8, help="channels of the narrow network")
    parser.add_argument("--micro-batch", type=int, default=4)
    parser.add_argument("--full", action="store_true")
    parser.add_argument("--rounds", type=int, default=2, help="rounds at full size")
    parser.add_argument("--only", choices=SIDES, help=argparse.SUPPRESS)
    return parser.parse_args()


if __name__ == "__main__":
    main()
