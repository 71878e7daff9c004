"""Measure how well each method recovers known directions, and whether other seeds find the same ones.

python -m benchmarks.recovery                        both halves, five seeds, then the tables
python -m benchmarks.recovery --half reported        the half on which no settings were chosen
python -m benchmarks.recovery --methods joint --set latents=16
python -m benchmarks.recovery --report               the tables from the results

The truths are those of ``benchmarks.truths``; each seed has a hidden rotation of its own. A method is a name
below or any solver's. Runs are kept in ``results/recovery.jsonl`` as they end, and are not repeated unless
their settings have changed; two processes, of a half each, may share the file.
"""

import argparse
import sys
from pathlib import Path

from benchmarks.support.cells import METHODS, Cell, CellFile, Method, method_named
from benchmarks.support.measure import RESULTS
from benchmarks.support.recovery_tables import tables
from benchmarks.truths import HALVES
from biggan_directions.errors import UsageError

FILE = RESULTS / "recovery.jsonl"


def main() -> int:
    """Measure what is lacking, then print the tables."""
    options = _options()
    halves = {
        half: [name for name in names if not options.truths or name in options.truths]
        for half, names in HALVES.items()
        if options.half in (half, "both")
    }
    try:
        methods = _methods(options.methods, options.set)
    except UsageError as error:
        print(error, file=sys.stderr)
        return 2
    file = CellFile(options.results)
    if options.report:
        wanted = {method.name for method in methods} if options.methods else None
        cells = [cell for cell in file.cells() if wanted is None or cell.method in wanted]
    else:
        asked = [name for names in halves.values() for name in names]
        cells = []
        for cell, fresh in file.filled(methods, asked, range(options.seeds), again=options.again):
            cells.append(cell)
            if fresh:
                print(_line(cell), file=sys.stderr, flush=True)
    for half, names in halves.items():
        own = [cell for cell in cells if cell.truth in names]
        if own:
            print(f"\n## The {half} half\n")
            print("\n\n".join(tables(own)))
    return 0


def _methods(names: list[str] | None, changes: list[str]) -> list[Method]:
    """The methods that are asked for."""
    methods = [method_named(name) for name in names or METHODS]
    if not changes:
        return methods
    if len(methods) != 1:
        raise UsageError("--set changes one method: name it with --methods")
    pairs = [change.partition("=") for change in changes]
    if lacking := [key for key, equals, _ in pairs if not equals]:
        raise UsageError(f"--set takes KEY=VALUE, got {lacking[0]!r}")
    return [methods[0].changed({key: value for key, _, value in pairs})]


def _line(cell: Cell) -> str:
    found = "no truth" if cell.mean is None else f"{cell.mean:.3f} / {cell.least:.3f}"
    return f"{cell.truth:20} {cell.method:24} seed {cell.seed}: {found}  {cell.seconds:.1f} s"


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.recovery",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    every = [name for names in HALVES.values() for name in names]
    parser.add_argument("--half", choices=(*HALVES, "both"), default="both")
    parser.add_argument("--truths", nargs="+", choices=every, metavar="NAME", help=f"of {', '.join(every)}")
    parser.add_argument("--seeds", type=int, default=5, help="how many, from 0")
    parser.add_argument(
        "--methods", nargs="+", metavar="NAME", help=f"of {', '.join(METHODS)}, or a solver's name"
    )
    parser.add_argument(
        "--set", nargs="+", default=[], metavar="KEY=VALUE", help="other settings of the one method named"
    )
    parser.add_argument("--again", action="store_true", help="repeat runs that are in the file")
    parser.add_argument("--report", action="store_true", help="measure nothing")
    parser.add_argument("--results", type=Path, default=FILE, help="the file of results")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
