"""Measure the README's commands on the toybox: seconds of the whole command, and peak memory.

python -m benchmarks.commands
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import torch

from benchmarks.support.measure import write

# Run from a small process, because a child's peak memory includes that of its parent at the fork.
LAUNCH = """
import json, os, subprocess, sys
process = subprocess.Popen(sys.argv[1:], stdout=subprocess.DEVNULL)
_, status, usage = os.wait4(process.pid, 0)
print(json.dumps([os.waitstatus_to_exitcode(status), usage.ru_maxrss]))
"""
FILE = "learnt/directions.pt"
COMMANDS = {
    "--help": ["--help"],
    "demo": ["demo"],
    "learn": ["learn", "--model", "toybox", "--class", "car", "--out", "learnt", "--force"],
    "score": ["score", FILE],
    "render": ["render", FILE],
}


def main() -> None:
    """Run the commands one after another in every round; write the results."""
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
        print(f"{name}: {results[name]['seconds']:.1f} s, {results[name]['peak_bytes'] / 1e9:.2f} GB peak")
    print(f"written to {write('commands', {'commands': results}, torch.device('cpu'))}")


def run(words: list[str], folder: str) -> dict[str, float]:
    """Run one command in a folder, as from a user's shell."""
    program = str(Path(sys.executable).with_name("biggan-directions"))
    begun = time.perf_counter()
    command = [sys.executable, "-c", LAUNCH, program, *words]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, cwd=folder)
    taken = time.perf_counter() - begun
    code, peak = json.loads(done.stdout)
    if code:
        raise SystemExit(f"{' '.join(words)} ended with {code}")
    return {"seconds": taken, "peak_bytes": peak * (1 if sys.platform == "darwin" else 1024)}


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=3)
    return parser.parse_args()


if __name__ == "__main__":
    main()
