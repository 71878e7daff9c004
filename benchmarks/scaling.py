"""Compare one and two processes, one thread each, on the toybox: time, and the share of communication.

python -m benchmarks.scaling

Both cases are timed in turn in the same two processes: while one works alone, the other waits. The benchmark
needs two idle cores.
"""

import argparse
import json
import os
import pickle
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import torch

from benchmarks.support.measure import RESULTS, paired_ratio, seconds, write
from biggan_directions import LearnSettings, learn, load_generator
from biggan_directions.distributed.process_group import ALONE, ProcessGroup
from biggan_directions.distributed.starting import joined
from biggan_directions.metrics.scoring import iterate_score
from biggan_directions.metrics.settings import ScoreSettings
from biggan_directions.solvers.hessians import Moments
from biggan_directions.solvers.joint_diagonalisation import diagonalise

DIMS = (12, 24)  # of the search space: minimum and maximum for six directions
CPU = torch.device("cpu")
_PART = RESULTS / ".scaling_part.json"  # the results of process 0, for the process that started both


class TimedGroup(ProcessGroup):
    """A group that counts the seconds spent on exchanges, waiting included, and the bytes received."""

    seconds = 0.0
    received = 0

    def _exchange(self, collective: Callable[[], object]) -> None:
        start = time.perf_counter()
        super()._exchange(collective)
        self.seconds += time.perf_counter() - start

    def _gathered(self, mine: Any, *, to_all: bool = True) -> list[Any]:
        parts = super()._gathered(mine, to_all=to_all)
        self.received += sum(len(pickle.dumps(part)) for part in parts)
        return parts

    def broadcast(self, value: Any) -> Any:
        value = super().broadcast(value)
        self.received += len(pickle.dumps(value))
        return value


def main() -> None:
    """Start two processes, and write their results."""
    options = _options()
    if options.member:
        with joined() as group:
            found = measured(options, TimedGroup(group.rank, group.size, device=group.device))
        if group.leads:
            _PART.write_text(json.dumps(found), encoding="utf-8")
        return
    RESULTS.mkdir(exist_ok=True)
    launcher = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2", "-m"]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    torch.set_num_threads(1)  # recorded with the results
    subprocess.run(
        [sys.executable, *launcher, "benchmarks.scaling", *sys.argv[1:], "--member"],
        check=True,
        env=environment,
    )
    found = json.loads(_PART.read_text(encoding="utf-8"))
    _PART.unlink()
    for name, case in found["cases"].items():
        print(
            f"{name}: {case['one_s']:.1f} s in one process, {case['two_s']:.1f} s in two: "
            f"{case['times_faster']['median']:.2f} times faster, {case['share_in_exchanges']:.1%} of it "
            f"communication, {case['received_bytes'] / 1e6:.2f} MB received by each"
        )
    print(f"written to {write('scaling', found, CPU)}")


def measured(options: argparse.Namespace, group: TimedGroup) -> dict[str, Any]:
    """Each case alone and together, round by round, after one of each that is not counted."""
    os.sched_setaffinity(0, {sorted(os.sched_getaffinity(0))[group.rank]})
    toy = load_generator("toybox", "car", device="cpu")
    closed = LearnSettings(latents=options.latents)
    adam = LearnSettings(solver="adam", options={"steps": options.steps}, latents=1, survey_latents=2)
    card = ScoreSettings(latents=options.latents, baselines=())
    rows = learn(toy, LearnSettings(solver="random", latents=1, survey_latents=2)).directions

    def score(group: ProcessGroup) -> None:
        for _ in iterate_score(toy, rows, settings=card, group=group):
            pass

    cases: dict[str, Callable[[ProcessGroup], object]] = {
        "closed form": lambda group: learn(toy, closed, group=group),
        "adam": lambda group: learn(toy, adam, group=group),
        "score": score,
    }
    return {
        "settings": {"latents": options.latents, "adam_steps": options.steps, "rounds": options.rounds},
        "exchange_of_nothing_s": _of_nothing(group),
        "solving_s": {dims: _solving(dims) for dims in DIMS} if group.leads else {},
        "cases": {name: _case(call, options.rounds, group) for name, call in cases.items()},
    }


def _case(call: Callable[[ProcessGroup], object], rounds: int, group: TimedGroup) -> dict[str, Any]:
    """Seconds of one process and of two, and the share of the latter spent in communication and waiting."""
    alone, together, exchanging, received = [], [], [], 0
    for round_ in range(rounds + 1):
        one = seconds(lambda: call(ALONE), CPU) if group.leads else 0.0
        group.together(lambda: None)
        before, received = group.seconds, group.received
        two = seconds(lambda: call(group), CPU)
        spent, received = group.seconds - before, group.received - received
        if round_:
            alone.append(one)
            together.append(two)
            exchanging.append(spent)
    return {
        "one_s": statistics.median(alone),
        "two_s": statistics.median(together),
        "times_faster": paired_ratio(alone, together) if group.leads else {},
        "share_in_exchanges": statistics.median(a / b for a, b in zip(exchanging, together, strict=True)),
        "received_bytes": received,
    }


def _of_nothing(group: ProcessGroup, *, times: int = 200) -> float:
    """Seconds of an almost empty exchange."""
    work = group.share(range(2), lambda _: torch.zeros(1, dtype=torch.float64))
    list(work)
    return seconds(lambda: [group.together(lambda: None) for _ in range(times)], CPU) / times


def _solving(dims: int) -> float:
    """CPU seconds to diagonalise random Hessians jointly, which every process repeats."""
    empty = Moments.zero(dims)
    pairs = len(empty.pairs)
    draws = torch.randn(pairs, 4 * pairs, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    begun = time.process_time()
    diagonalise(replace(empty, smooth=draws @ draws.T, slopes=torch.eye(dims).double(), numbers=1).stack())
    return time.process_time() - begun


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--latents", type=int, default=12)
    parser.add_argument("--steps", type=int, default=2, help="steps of Adam")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--member", action="store_true", help=argparse.SUPPRESS)
    return parser.parse_args()


if __name__ == "__main__":
    main()
