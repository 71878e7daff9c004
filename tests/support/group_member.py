"""The members of process groups, for test_process_group.py.

``python -m tests.support.group_member CASE OUT [FILE]`` is one, where torchrun says so. With ``SIZES=1,2,3``
in the environment it is forked into groups of these sizes, one after the other, which saves importing torch
for each.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import torch

from biggan_directions.distributed.process_group import ProcessGroup
from biggan_directions.distributed.starting import joined
from biggan_directions.errors import BigganDirectionsError, GeneratorError
from biggan_directions.learning.result import Solution
from biggan_directions.learning.run import iterate, learn
from biggan_directions.learning.settings import LearnSettings
from biggan_directions.metrics.scoring import ScoreSettings, iterate_score
from tests.support.forked_groups import fork_group
from tests.support.separable import Separable

RUNS: dict[str, dict[str, Any]] = {
    "jacobi": {"solver": "jacobi"},
    "adam": {"solver": "adam", "options": {"steps": 3, "batch_size": 10}},
    "refined": {"solver": "adam", "options": {"start": "jacobi", "steps": 2, "batch_size": 10}},
    "random": {"solver": "random"},
    "coordinate": {"solver": "coordinate"},
}
QUICK: dict[str, Any] = {"ndirs": 4, "latents": 5, "micro_batch": 4, "vjps": 18}


def plain(solution: Solution) -> dict[str, Any]:
    """What two runs are compared by."""
    names = ("directions", "effect", "penalty", "evaluations", "gradients", "warnings", "solver")
    return {name: getattr(solution, name) for name in names}


def learnt(group: ProcessGroup) -> dict[str, Any]:
    """Every kind of run, with the state after each of its steps."""
    found = {}
    for name, changed in RUNS.items():
        steps = list(iterate(Separable(classes=2), LearnSettings(**{**QUICK, **changed}), group=group))
        assert steps[-1].solution is not None
        found[name] = {"solution": plain(steps[-1].solution), "states": [step.state for step in steps]}
    return found


def resumed(group: ProcessGroup, file: Path) -> dict[str, Any]:
    """Runs taken up from states that the leader alone has read."""
    states = torch.load(file, weights_only=True) if group.leads else {}
    found = {}
    for name, changed in RUNS.items():
        settings = LearnSettings(**{**QUICK, **changed})
        found[name] = plain(learn(Separable(classes=2), settings, state=states.get(name), group=group))
    return found


def scored(group: ProcessGroup) -> dict[str, Any]:
    """A scorecard with the baselines'."""
    generator = Separable(classes=2)
    settings = ScoreSettings(latents=4, micro_batch=4)
    rows = generator.truth[:3].float()
    *_, last = iterate_score(generator, rows, settings=settings, search_space="active", group=group)
    assert last.scorecard is not None
    return last.scorecard.as_json()


class Failing(Separable):
    """Cannot draw some latents: the first two of these are met in different processes."""

    def __call__(self, z: torch.Tensor, class_index: torch.Tensor | None = None) -> torch.Tensor:
        if self.drawn >= 8:
            raise GeneratorError(f"out of paint at {float(z[0, 0]):.6f}")
        return super().__call__(z, class_index)


def failures(group: ProcessGroup) -> dict[str, str]:
    """What every process hears of a failure in some."""

    def heard(call: Callable[[], object]) -> str:
        try:
            call()
        except BigganDirectionsError as error:
            return f"{type(error).__name__}: {error}"
        return "nothing"

    def refuse() -> None:
        if group.rank == group.size - 1:
            raise GeneratorError("not here")

    found = {
        "drawing": heard(lambda: learn(Failing(), LearnSettings(**QUICK), group=group)),
        "elsewhere": heard(lambda: group.together(refuse)),
        "different": heard(lambda: learn(Separable(), LearnSettings(seed=group.rank), group=group)),
    }
    everywhere = group.share(range(group.size), lambda _: torch.tensor(list(str(found).encode())).double())
    assert len({bytes(said.to(torch.uint8).tolist()) for said in everywhere}) == 1
    return found


def dying(group: ProcessGroup) -> None:
    """The process named in DIES leaves in the middle of a run, or falls silent where HOW says so."""
    for step in iterate(Separable(), LearnSettings(**QUICK), group=group):
        if group.rank == int(os.environ["DIES"]) and step.phase == "hessians":
            if os.environ["HOW"] == "silent":
                time.sleep(8)
            os._exit(9)


def member() -> None:
    """Take part in one case; the leader writes what came of it."""
    case, out = sys.argv[1], sys.argv[2]
    timeout = timedelta(seconds=float(os.environ.get("TIMEOUT_S", "60")))
    with joined(timeout=timeout) as group:
        if case == "whole":
            found: Any = {"learnt": learnt(group), "scored": scored(group), "failures": failures(group)}
        elif case == "resumed":
            found = resumed(group, Path(sys.argv[3]))
        else:
            dying(group)
            found = None
        if group.leads:
            torch.save(found, out.replace("SIZE", str(group.size)))


def main() -> int:
    """Be a member, and say how it ended."""
    try:
        member()
    except BigganDirectionsError as error:
        sys.stderr.write(f"{type(error).__name__} {getattr(error, 'ours_to_tell', None)}: {error}\n")
        return error.exit_code
    return 0


if __name__ == "__main__":
    if "SIZES" in os.environ:
        codes = [fork_group(int(size), main) for size in os.environ["SIZES"].split(",")]
        sys.stdout.write(json.dumps(codes))
    else:
        sys.exit(main())
