"""What the processes of a group do in tests; each function is one process, run by ``run_groups``."""

from __future__ import annotations

import io
import os
import signal
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Any

import torch

from biggan_directions import Directions, LearnRun, LearnSettings, PerClassRun, load_generator
from biggan_directions.distributed.process_group import ProcessGroup
from biggan_directions.distributed.starting import joined
from biggan_directions.errors import BigganDirectionsError, GeneratorError, OutputError
from biggan_directions.learning.result import Solution
from biggan_directions.learning.run import iterate, learn
from biggan_directions.metrics.scoring import iterate_score
from biggan_directions.metrics.settings import ScoreSettings
from biggan_directions.rendering import RenderSettings
from biggan_directions.runs.drawing import SharedDrawing, serve
from biggan_directions.runs.interrupt import Interrupted, listen
from biggan_directions.runs.render import render
from biggan_directions.training.trainer import Trainer
from tests.support.picture_sets import TINY, image_set
from tests.support.separable import Separable

RUNS: dict[str, dict[str, Any]] = {
    "joint": {"solver": "joint", "latents": None, "budget": 400},
    "orojar": {"solver": "orojar", "latents": None, "agreement": 0.9},
    "jacobi": {"solver": "jacobi"},
    "adam": {"solver": "adam", "options": {"steps": 3, "batch_size": 10}},
    "refined": {"solver": "adam", "options": {"start": "jacobi", "steps": 2, "batch_size": 10}},
    "random": {"solver": "random"},
    "coordinate": {"solver": "coordinate"},
}
QUICK: dict[str, Any] = {"ndirs": 4, "latents": 5, "micro_batch": 4, "survey_latents": 5}
LATENTS = torch.linspace(-1, 1, 7 * 12).reshape(7, 12)
_PATIENCE = timedelta(seconds=60)


def same_work(out: str) -> int:
    """Learn, measure and fail; the leader writes what came of it to ``OUT.SIZE``."""
    with joined(timeout=_PATIENCE) as group:
        found = {"learnt": learnt(group), "scored": scored(group), "failures": failures(group)}
        if group.leads:
            torch.save(found, f"{out}.{group.size}")
    return 0


def resumed(states: str, out: str) -> int:
    """Resume runs from states that the leader alone has read; it writes what was found to ``OUT.SIZE``."""
    with joined(timeout=_PATIENCE) as group:
        read = torch.load(states, weights_only=True) if group.leads else {}
        found = {}
        for name, changed in RUNS.items():
            settings = LearnSettings(**{**QUICK, **changed})
            found[name] = plain(learn(Separable(classes=2), settings, state=read.get(name), group=group))
        if group.leads:
            torch.save(found, f"{out}.{group.size}")
    return 0


def dying(who: int, *, silent: bool, timeout_s: float = 60) -> int:
    """Process ``who`` dies in the middle of a run, or answers nothing until another has said so."""
    try:
        with joined(timeout=timedelta(seconds=timeout_s)) as group:
            for step in iterate(Separable(), LearnSettings(**QUICK), group=group):
                if group.rank == who and step.phase == "slopes":
                    assert group._store is not None
                    while silent and not group._store.check(["told"]):
                        time.sleep(0.05)
                    os._exit(9)
    except BigganDirectionsError as error:
        sys.stderr.write(f"{type(error).__name__} {getattr(error, 'ours_to_tell', None)}: {error}\n")
        return error.exit_code
    return 0


def interrupted() -> int:
    """The leader is sent SIGTERM while it waits for process 1, which sees how long it takes to end."""
    listen()
    try:
        with joined(timeout=_PATIENCE) as group:
            leader = group.broadcast(os.getpid())
            if group.leads:
                group.together(lambda: None)
            time.sleep(0.3)  # it waits by now
            os.kill(leader, signal.SIGTERM)
            asked = time.monotonic()
            while time.monotonic() - asked < 5:
                try:
                    os.kill(leader, 0)
                except ProcessLookupError:
                    os._exit(0)
                time.sleep(0.01)
            os._exit(1)
    except Interrupted as stopped:
        return stopped.exit_code


def run_in_folder(rank_file: str) -> int:
    """Make a run and runs for each class, then resume them; each process writes what it was given."""
    with joined(timeout=_PATIENCE) as group:
        settings = LearnSettings(ndirs=2, search_dims=2, latents=2)
        one, each = load_generator("net", "1", device="cpu"), load_generator("net", "all", device="cpu")
        given = []
        for _ in range(2):
            found = LearnRun("out", one, settings, group=group).finish(resume=True)
            classes = PerClassRun("all", each, settings, group=group).finish(resume=True)
            scores = None if found.scorecard is None else found.scorecard.as_json()
            paths = [str(path) for path in classes.paths]
            given.append((found.directions.directions, scores, paths, classes.new, classes.left_out))
        torch.save(given, f"{rank_file}.{group.rank}")
    return 0


def drawing(out: str) -> int:
    """Draw :data:`LATENTS` twice, with and without classes, and once what is not finite."""
    generator = Separable(classes=2)
    with joined(timeout=_PATIENCE) as group:
        if group.leads:
            together = SharedDrawing(generator, 2, group)
            classes = torch.arange(len(LATENTS)) % 2
            found = {"first": together(LATENTS), "second": together(LATENTS, classes)}
        try:
            if group.leads:
                together(torch.where(torch.arange(len(LATENTS))[:, None] == 3, torch.nan, LATENTS))
            else:
                serve(generator, generator.device, group)
        except GeneratorError as error:
            if group.leads:
                torch.save({**found, "failure": str(error)}, out)
            return 0
    return 1


def closing_early(out: str) -> int:
    """Draw one file of a render, close the iterator, have the next render refused, and go on together."""
    generator = Separable()
    found = Directions.of(learn(generator, LearnSettings(**QUICK, solver="random")), generator, seed=0)
    settings = RenderSettings(samples=1, frames=4)
    with joined(timeout=_PATIENCE) as group:
        drawn = render(found, generator, out, settings, group=group)
        first = next(drawn, None)
        del drawn  # which closes it
        if group.leads:
            assert first is not None
            Path(out, "sheet.png").unlink()
            Path(out, "sheet.png").mkdir()
        with suppress(OutputError):
            for _ in render(found, generator, out, settings, group=group):
                pass
        assert group.broadcast(group.rank) == 0
    return 0


def plain(solution: Solution) -> dict[str, Any]:
    """What two runs are compared by."""
    names = (
        *("directions", "effect", "penalty", "stability", "latents", "off_diagonal", "evaluations"),
        *("gradients", "warnings", "solver"),
    )
    return {name: getattr(solution, name) for name in names}


def learnt(group: ProcessGroup) -> dict[str, Any]:
    """Every kind of run, with the state after each of its steps."""
    found = {}
    for name, changed in RUNS.items():
        steps = list(iterate(Separable(classes=2), LearnSettings(**{**QUICK, **changed}), group=group))
        assert steps[-1].solution is not None
        found[name] = {"solution": plain(steps[-1].solution), "states": [step.state for step in steps]}
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

    def refuse(item: int = -1) -> bytes:
        if group.rank == group.size - 1:
            raise GeneratorError(f"not here: {item}")
        return b"here"

    found = {
        "drawing": heard(lambda: learn(Failing(), LearnSettings(**QUICK), group=group)),
        "elsewhere": heard(lambda: group.together(refuse)),
        "collected": heard(lambda: group.collect(range(3 * group.size), refuse)),
        "different": heard(lambda: learn(Separable(), LearnSettings(seed=group.rank), group=group)),
    }
    everywhere = group.share(range(group.size), lambda _: torch.tensor(list(str(found).encode())).double())
    assert len({bytes(said.to(torch.uint8).tolist()) for said in everywhere}) == 1
    return found


def trained(out: str) -> int:
    """Train a few steps; the leader writes the state to ``OUT.SIZE``."""
    with joined(timeout=_PATIENCE) as group:
        trainer = Trainer(TINY, image_set(), group=group)
        for _ in range(3):
            trainer.advance()
        if group.leads:
            content = io.BytesIO()
            torch.save(trainer.state(), content)
            Path(f"{out}.{group.size}").write_bytes(content.getvalue())
    return 0
