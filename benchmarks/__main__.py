"""Every figure of speed and memory in README.md, measured anew: an hour of a machine left alone.

python -m benchmarks              measure, then write the tables of benchmarks/README.md
python -m benchmarks report       write the tables from the results that there are
"""

import os
import subprocess
import sys

from benchmarks.report import write_report

COMMANDS = (
    ("forward",),
    ("training_step",),
    ("closed_form_cost", "--full"),
    ("closed_form_cost",),
    ("learn_memory",),
    ("rendering",),
    ("commands",),
    ("explore",),
    ("scaling", "--latents", "8"),
)
QUIET = 0.5  # load average beyond which figures are not worth having


def main() -> None:
    """Run each script in a process of its own, one after another."""
    if sys.argv[1:] != ["report"]:
        if os.getloadavg()[0] > QUIET:
            print(f"note: the load average is {os.getloadavg()[0]:.1f}: figures will say so", file=sys.stderr)
        for command in COMMANDS:
            print(f"python -m benchmarks.{' '.join(command)}", file=sys.stderr, flush=True)
            subprocess.run([sys.executable, "-m", f"benchmarks.{command[0]}", *command[1:]], check=True)
    print(write_report())


if __name__ == "__main__":
    main()
