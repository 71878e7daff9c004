"""The commands of the README on the generator that ships: seconds of the whole command, and most memory held.

python -m benchmarks.commands
"""

import argparse
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import torch

from benchmarks.learn_memory import told_and_peak
from benchmarks.measure import write

FILE = "learnt/directions.pt"
COMMANDS = {
    "--help": ["--help"],
    "demo": ["demo"],
    "learn": ["learn", "--model", "toybox", "--class", "car", "--out", "learnt", "--force"],
    "score": ["score", FILE],
    "render": ["render", FILE],
}


def main() -> None:
    """Run each in turn, and all of them again for every round; write the results."""
    options = _options()
    runs: dict[str, list[dict[str, float]]] = {name: [] for name in COMMANDS}
    with tempfile.TemporaryDirectory() as folder:
        for _ in range(options.rounds):
            for name, words in COMMANDS.items():
                runs[name].append(run(words, folder))
    results: dict[str, Any] = {}
    for name, taken in runs.items():
        results[name] = {
            "seconds": statistics.median(one["seconds"] for one in taken),
            "peak_bytes": max(one["peak_bytes"] for one in taken),
            "runs": taken,
        }
        print(f"{name}: {results[name]['seconds']:.1f} s, {results[name]['peak_bytes'] / 1e9:.2f} GB at most")
    print(f"written to {write('commands', {'commands': results}, torch.device('cpu'))}")


def run(words: list[str], folder: str) -> dict[str, float]:
    """One command, as a user's shell runs it in a folder."""
    program = str(Path(sys.executable).with_name("biggan-directions"))
    begun = time.perf_counter()
    _, peak = told_and_peak([program, *words], folder)
    return {"seconds": time.perf_counter() - begun, "peak_bytes": peak}


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=3)
    return parser.parse_args()


if __name__ == "__main__":
    main()
