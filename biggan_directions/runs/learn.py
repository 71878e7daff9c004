"""One run of learning: from where it stands to its files, in every process of a team."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from biggan_directions.commands.opening import compile_forward
from biggan_directions.commands.terminal import err, plain
from biggan_directions.errors import OutputError
from biggan_directions.runs import interrupt as interrupt

if TYPE_CHECKING:
    from biggan_directions.directions import Directions
    from biggan_directions.distributed.process_group import ProcessGroup
    from biggan_directions.generators import Generator
    from biggan_directions.generators.biggan_deep.frozen_biggan import FrozenBigGAN
    from biggan_directions.learning.result import Progress
    from biggan_directions.learning.settings import LearnSettings
    from biggan_directions.runs.checkpoint import Checkpoint
    from biggan_directions.scores import Scorecard


@dataclass(frozen=True, kw_only=True)
class Learnt:
    """What a run found; without a scorecard it had ended before."""

    found: Directions
    card: Scorecard | None


def run(
    generator: FrozenBigGAN,
    settings: LearnSettings,
    path: Path,
    group: ProcessGroup,
    *,
    compiled: bool,
    resume: bool,
    force: bool,
) -> Learnt | None:
    """Learn, and write ``path`` and its scorecard; all of the team call this.

    Args:
        generator: what to search.
        settings: how.
        path: where the directions go.
        group: the processes that share the work.
        compiled: draw by the compiled forward pass.
        resume: go on with the run that is there.
        force: replace what is there; it is removed before the work begins.

    Returns:
        What was found; nothing in a process that does not lead.

    Raises:
        OutputError: there is a run already, or another one is writing, or the place cannot be written.
        UsageError: the run that is to go on was made with other settings.
        ProcessGroupError: a process is gone.
    """
    from biggan_directions.files.atomic_write import check_writable
    from biggan_directions.runs.checkpoint import Checkpoint
    from biggan_directions.runs.folder import held

    if not group.leads:
        if not group.broadcast(False):
            generator = group.together(lambda: compile_forward(generator)) if compiled else generator
            drain(generator, settings, group)
        return None
    check_writable(path)
    with held(path.parent) as folder:
        arithmetic = generator.device.type + (", compiled" if compiled else "")
        checkpoint = Checkpoint(folder, device=arithmetic)
        finished = None if force else ended(path, checkpoint.path, generator, settings, resume=resume)
        group.broadcast(finished is not None)
        if finished is not None:
            return Learnt(found=finished, card=None)
        generator = group.together(lambda: compile_forward(generator)) if compiled else generator
        if force:
            clear(path)
        with checkpoint:
            found, card = drain(generator, settings, group, checkpoint)
            checkpoint.write()  # while there is one the run is not finished: it is removed last
            found.save(path)
            folder.check()
            card.save(path.parent)
        checkpoint.remove()
    return Learnt(found=found, card=card)


def drain(
    generator: Generator, settings: LearnSettings, group: ProcessGroup, checkpoint: Checkpoint | None = None
) -> tuple[Directions, Scorecard]:
    """Drain the solver's steps into a progress bar and a checkpoint; print what a user should know."""
    from tqdm import tqdm

    from biggan_directions.directions import Directions

    solution = None
    with tqdm(disable=None, leave=False) as bar:
        for step in _steps(generator, settings, group, checkpoint):
            bar.set_description(step.phase)
            bar.total, bar.n = step.total, step.done
            if step.value is not None:
                bar.set_postfix_str(f"{step.measure} {step.value:.4g}")
            bar.refresh()
            solution = step.solution
    assert solution is not None
    space = solution.space
    err.print(
        f"searched {len(space.basis)} dimensions, {space.live} of them live, that carry "
        f"{space.trace_share:.1%} of the picture's change; drew {solution.evaluations:,} pictures",
        soft_wrap=True,
    )
    for warning in solution.warnings:
        err.print(f"note: {warning}", soft_wrap=True)
    return Directions.of(solution, generator, settings.seed), solution.scorecard


def _steps(
    generator: Generator, settings: LearnSettings, group: ProcessGroup, checkpoint: Checkpoint | None
) -> Iterator[Progress]:
    """The solver's steps, from where the checkpoint stands, and each offered to it."""
    from biggan_directions.learning.run import iterate

    if checkpoint is None:
        yield from iterate(generator, settings, group=group)
        return
    state, notes = checkpoint.load()
    for note in notes:
        err.print(f"note: {plain(note)}", soft_wrap=True)
    with checkpoint.taking_up():
        for step in iterate(generator, settings, state, group):
            checkpoint.offer(step)
            interrupt.check()
            yield step


def clear(path: Path) -> None:
    """Remove the directions at ``path``, their scorecard and their run's checkpoint: a new run begins, and
    ``--resume`` is to find nothing of another.

    Raises:
        OutputError: the system refused.
    """
    from biggan_directions.files.atomic_write import explained
    from biggan_directions.runs.checkpoint import CHECKPOINT_NAME
    from biggan_directions.scores import SCORES_NAME

    for name in (path.name, SCORES_NAME, CHECKPOINT_NAME):
        with explained(path.with_name(name)):
            path.with_name(name).unlink(missing_ok=True)


def ended(
    path: Path, checkpoint: Path, generator: Generator, settings: LearnSettings, *, resume: bool
) -> Directions | None:
    """The directions of a run that is to go on, where it has ended.

    Raises:
        OutputError: there is a run already, and it is not to go on.
        UsageError: it was made with other settings.
    """
    from biggan_directions.directions import Directions
    from biggan_directions.learning.state import check_same

    if not resume:
        if path.exists():
            raise OutputError(f"{path} is already there: choose another --out, or replace it with --force")
        if checkpoint.exists():
            raise OutputError(
                f"{checkpoint} is of a run that did not end: go on with --resume, or replace it with --force"
            )
        return None
    if checkpoint.exists() or not path.exists():
        return None
    found = Directions.load(path)
    searched = found.solver.get("search_dims")
    dims = settings.search_dims or (searched if isinstance(searched, int) else 0)
    sizes = {"z_dim": generator.z_dim, "resolution": generator.resolution}
    asked = settings.described(settings.outline(**sizes, dims=dims))
    asked |= {"ndirs": settings.ndirs, "seed": settings.seed, "truncation": generator.truncation}
    asked |= {"classes": generator.classes, "weights_sha256": generator.weights_sha256}
    made = {**found.solver, "ndirs": len(found), "seed": found.seed, "truncation": found.truncation}
    made |= {"classes": found.classes, "weights_sha256": found.model.get("weights_sha256")}
    check_same(made, asked)
    return found
