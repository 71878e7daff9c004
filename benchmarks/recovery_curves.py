"""Draw recovery and stability against the images drawn, a chart for each truth.

python -m benchmarks.recovery_curves                 measure, then draw docs/recovery_of_TRUTH.png
python -m benchmarks.recovery_curves --report        draw them from the results

A method draws more images with more latents, and first-order with more latents of its survey. Runs are
kept in ``results/recovery_curves.jsonl`` as they end.
"""

import argparse
import statistics
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

from benchmarks.support.cells import Cell, CellFile, Method, method_named
from benchmarks.support.chart import DOCS, write_chart
from benchmarks.support.measure import RESULTS
from benchmarks.support.recovery_tables import stability
from benchmarks.truths import HALVES

FILE = RESULTS / "recovery_curves.jsonl"
TRUTHS = ("box", "lights", "mlp-relu")  # of the reported half: objects, a sum, a network
METHODS = ("joint", "orojar", "jacobi", "first-order")
LATENTS = (2, 4, 8, 16, 32, 64)
SURVEY_LATENTS = (1, 2, 4, 8, 16, 32, 64)
Line = list[tuple[float, float]]


def main() -> None:
    """Measure what is lacking, then draw the charts."""
    options = _options()
    ways = {name: list(efforts(method_named(name))) for name in options.methods}
    file = CellFile(options.results)
    if options.report:
        cells = file.cells()
    else:
        cells = []
        methods = [method for way in ways.values() for method in way]
        for cell, fresh in file.filled(methods, options.truths, range(options.seeds)):
            cells.append(cell)
            if fresh:
                print(f"{cell.truth:20} {cell.method:30} seed {cell.seed}", file=sys.stderr, flush=True)
    for name in options.truths:
        print(draw([cell for cell in cells if cell.truth == name], ways, options.folder))


def efforts(method: Method) -> Iterable[Method]:
    """The method at several numbers of latents, of the survey where it has no use for others."""
    first = method.settings.get("solver") == "first-order"
    key, counts = ("survey_latents", SURVEY_LATENTS) if first else ("latents", LATENTS)
    return (method.changed({key: str(count)}) for count in counts)


def curves(cells: Sequence[Cell], way: Sequence[Method]) -> tuple[Line, Line]:
    """Recovery (the mean over factors and seeds) and stability (over pairs of seeds) by images drawn."""
    recovered: Line = []
    stable: Line = []
    for method in way:
        own = [cell for cell in cells if cell.method == method.name]
        if not own:
            continue
        images = statistics.fmean(cell.images for cell in own)
        known = [cell.mean for cell in own if cell.mean is not None]
        if known:
            recovered.append((images, statistics.fmean(known)))
        if found := stability(own):
            stable.append((images, found[0]))
    return recovered, stable


def draw(cells: Sequence[Cell], ways: dict[str, list[Method]], folder: Path) -> Path:
    """The chart of one truth: recovery, and dashed in the same colour stability."""
    lines = {name: curves(cells, way) for name, way in ways.items()}
    path = folder / f"recovery_of_{cells[0].truth.replace('-', '_')}.png"
    write_chart(
        path,
        {name: recovered or stable for name, (recovered, stable) in lines.items()},
        dashed={name: stable for name, (_, stable) in lines.items() if stable},
        title=f"{cells[0].truth}: recovery, and dashed the agreement of two seeds",
        across="images drawn",
        up="|cos|",
    )
    return path


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.recovery_curves",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    every = [name for names in HALVES.values() for name in names]
    parser.add_argument("--truths", nargs="+", choices=every, default=TRUTHS, metavar="NAME")
    parser.add_argument("--methods", nargs="+", default=METHODS, metavar="NAME", help="or a solver's name")
    parser.add_argument("--seeds", type=int, default=3, help="how many, from 0")
    parser.add_argument("--report", action="store_true", help="measure nothing")
    parser.add_argument("--results", type=Path, default=FILE, help="the file of results")
    parser.add_argument("--folder", type=Path, default=DOCS, help="of the charts")
    return parser.parse_args()


if __name__ == "__main__":
    main()
