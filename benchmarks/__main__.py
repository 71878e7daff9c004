"""Measure every figure of speed and memory in README.md: takes an hour on an otherwise idle machine.

python -m benchmarks              measure, then write the tables of benchmarks/README.md
python -m benchmarks report       write the tables from the existing results
"""

import os
import subprocess
import sys

from benchmarks.report import write_report

COMMANDS = (
    ("forward",),
    ("hierarchical",),
    ("training_step",),
    ("closed_form_cost", "--full"),
    ("closed_form_cost",),
    ("learn_memory",),
    ("rendering",),
    ("commands",),
    ("explore",),
    ("scaling", "--latents", "8"),
)
QUIET = 0.5  # load average above which times are not reliable


def main() -> None:
    """Run each script in a process of its own, one after another."""
    if sys.argv[1:] != ["report"]:
        if os.getloadavg()[0] > QUIET:
            load = os.getloadavg()[0]
            print(f"note: the load average is {load:.1f}; times will be too long", file=sys.stderr)
        for command in COMMANDS:
            print(f"python -m benchmarks.{' '.join(command)}", file=sys.stderr, flush=True)
            subprocess.run([sys.executable, "-m", f"benchmarks.{command[0]}", *command[1:]], check=True)
    print(write_report())


if __name__ == "__main__":
    main()
