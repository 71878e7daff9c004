"""Measure where the closed form's objective ends on the toybox: is the truth its minimum?

python -m benchmarks.limits          the share off the diagonal at the truth and at the minimum
python -m benchmarks.limits --report the table as Markdown, from the results

Writes ``results/limits_shares.json``.
"""

import argparse
import json
from typing import Any

from benchmarks.support.measure import RESULTS, write
from benchmarks.support.toy import CPU, Toy, recovery
from biggan_directions.toybox import TOYS, true_directions


def main() -> None:
    """Measure, or print the table."""
    options = _options()
    if options.report:
        report()
        return
    print(write("limits_shares", shares(options), CPU))


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


def report() -> None:
    """Print the table of shares."""
    rows = json.loads((RESULTS / "limits_shares.json").read_text(encoding="utf-8"))["rows"]
    print(
        "| class | balanced share off the diagonal: truth / minimum | plain share: truth / minimum |\n"
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


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--classes", nargs="+", choices=TOYS)
    parser.add_argument("--latents", type=int, default=32, help="fresh latents at which shares are measured")
    parser.add_argument("--report", action="store_true", help="measure nothing")
    return parser.parse_args()


if __name__ == "__main__":
    main()
