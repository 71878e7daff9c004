"""A run of learning in its output folder: locked while it works, saved as it goes, resumed after a stop."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from biggan_directions.directions import Directions
from biggan_directions.distributed.process_group import ALONE, ProcessGroup
from biggan_directions.errors import BigganDirectionsError, FileFormatError, OutputError, UsageError
from biggan_directions.files.atomic_write import check_writable, explained
from biggan_directions.generators.chosen_layers import EVERY, layers_of
from biggan_directions.learning.run import iterate
from biggan_directions.learning.settings import LearnSettings
from biggan_directions.learning.state import check_same
from biggan_directions.runs import interrupt
from biggan_directions.runs.checkpoint import CHECKPOINT_NAME, Checkpoint
from biggan_directions.runs.folder import held, is_held
from biggan_directions.runs.observer import Note, Observe, RunProgress, ignore
from biggan_directions.scores import SCORES_NAME, Scorecard, read_scores

if TYPE_CHECKING:
    from biggan_directions.generators import Generator

DIRECTIONS_NAME = "directions.pt"
Action = Literal["learn", "resume", "replace", "refuse", "nothing to do"]
"""What a run does with what is in its folder."""

# any other phase is the solver's own, the third
_PARTS = {"live dimensions": 1, "search space": 2, "measuring": 4, "done": 4}


@dataclass(frozen=True, kw_only=True, eq=False)
class LearnResult:
    """What a run has found.

    Attributes:
        directions: as they are in the file.
        scorecard: a short one, without baselines; none if the run had finished before.
    """

    directions: Directions
    scorecard: Scorecard | None


class LearnRun:
    """A run that learns directions into an output folder, and that can be resumed after any stop.

    The folder gets ``directions.pt`` and ``scorecard.json``; it holds ``checkpoint.pt`` until the run is
    finished, and is locked while the run works. docs/reliability.md lists what happens when something fails.

    Args:
        folder: the output folder; it is made if need be.
        generator: what to search.
        settings: how to search it; the defaults where left out.
        group: the processes that share the work; all of them make the same run and call :meth:`finish`.
        prepare: called with the generator once it is certain that there is something to learn; gives the
            generator to use. It is for preparations that take long, such as compiling.

    Raises:
        UsageError: the settings do not fit the generator, or it lacks what the solver or the layers need.

    >>> from tempfile import TemporaryDirectory
    >>> from biggan_directions import LearnRun, LearnSettings, load_generator
    >>> car, settings = load_generator("toybox", "car"), LearnSettings(ndirs=2, latents=1, survey_latents=2)
    >>> with TemporaryDirectory() as folder:
    ...     found = LearnRun(folder, car, settings).finish(resume=True).directions
    ...     again = LearnRun(folder, car, settings).finish(resume=True).directions  # read from the file
    >>> len(found), (found.directions - again.directions).abs().max().item()
    (2, 0.0)
    """

    def __init__(
        self,
        folder: str | Path,
        generator: Generator,
        settings: LearnSettings | None = None,
        *,
        group: ProcessGroup = ALONE,
        prepare: Callable[[Generator], Generator] | None = None,
    ) -> None:
        self.folder = Path(folder)
        self.path = self.folder / DIRECTIONS_NAME
        self.generator, self.settings = generator, settings or LearnSettings()
        self.settings.block(generator.z_dim)
        self.settings.made_for(generator)
        layers_of(generator, self.settings.layers)
        self._group, self._prepare = group, prepare

    def finish(self, *, resume: bool = False, force: bool = False, observe: Observe = ignore) -> LearnResult:
        """Learn from the beginning, or from where the run in the folder was stopped, and write the files.

        Args:
            resume: continue the run that is in the folder, or begin one if there is none.
            force: replace what is in the folder; it is removed as soon as the work begins.
            observe: called with the :class:`~biggan_directions.runs.observer.RunProgress` after each step and
                with each :class:`~biggan_directions.runs.observer.Note` that a user should read.

        Returns:
            What was found, the same in every process.

        Raises:
            OutputError: the folder already holds a run, or another run is writing into it, or it cannot be
                written; the files that were written before are intact.
            UsageError: the run to resume was made with other settings, or both resume and force were given.
            FileFormatError: the checkpoint is damaged.
            GeneratorError: the images are not finite, or do not depend on z.
            ProcessGroupError: a process has ended or does not answer.
        """
        if resume and force:
            raise UsageError("--resume continues a run and --force replaces it: give only one of them")
        leads = self._group.leads
        if leads:
            check_writable(self.path)
        with held(self.folder) if leads else nullcontext() as folder:
            finished = self.finished(resume=resume) if leads and not force else None
            finished = self._group.broadcast(finished)
            if finished is not None:
                return LearnResult(directions=finished, scorecard=None)
            generator = self._prepared()
            if leads and force:
                self.clear()
            with Checkpoint(folder, arithmetic=_arithmetic(generator)) if folder else nullcontext() as saved:
                result = self._learn(generator, observe, saved)
            if saved is not None:
                saved.remove()  # last: a folder with a checkpoint is that of an unfinished run
        return result

    def finished(self, *, resume: bool) -> Directions | None:
        """The directions that are in the folder, if a run that is to be resumed has finished already.

        Raises:
            OutputError: the folder holds a run, and it is not to be resumed.
            UsageError: the finished run was made with other settings.
        """
        checkpoint = self.folder / CHECKPOINT_NAME
        if not resume:
            if self.path.exists():
                raise OutputError(
                    f"{self.path} already exists: choose another folder with --out, or replace the file with "
                    "--force"
                )
            if checkpoint.exists():
                raise OutputError(
                    f"{checkpoint} belongs to an unfinished run: continue the run with --resume, or replace "
                    "it with --force"
                )
            _check_foreign(self.folder / SCORES_NAME)
            return None
        if checkpoint.exists() or not self.path.exists():
            return None
        found, settings, generator = Directions.load(self.path), self.settings, self.generator
        searched = found.solver.get("search_dims")
        dims = settings.search_dims or (searched if isinstance(searched, int) else 0)
        sizes = {"z_dim": generator.z_dim, "resolution": generator.resolution}
        asked = settings.described(settings.outline(**sizes, dims=dims))
        asked |= {
            "layers": settings.layers,
            "ndirs": settings.ndirs,
            "seed": settings.seed,
            "truncation": generator.truncation,
        }
        asked |= {"classes": generator.classes, "weights_sha256": generator.weights_sha256}
        made = {
            "layers": EVERY,
            **found.solver,
            "ndirs": len(found),
            "seed": found.seed,
            "truncation": found.truncation,
        }
        made |= {"classes": found.classes, "weights_sha256": found.model.get("weights_sha256")}
        check_same(made, asked)
        return found

    def intended(self, *, resume: bool = False, force: bool = False) -> tuple[Action, str]:
        """What :meth:`finish` would do with what is in the folder, and why where it would refuse."""
        there = self.path.exists() or (self.folder / CHECKPOINT_NAME).exists()
        if is_held(self.folder):
            return "refuse", f"another run is writing into {self.folder}: wait until it ends"
        if force:
            return ("replace" if there else "learn"), ""
        try:
            finished = self.finished(resume=resume)
        except BigganDirectionsError as error:
            return "refuse", str(error)
        if finished is not None:
            return "nothing to do", ""
        return ("resume" if there else "learn"), ""

    def clear(self) -> None:
        """Remove the run's files, so that nothing of it is left when the run that replaces it is resumed.

        Raises:
            OutputError: the system refused.
        """
        for name in (DIRECTIONS_NAME, SCORES_NAME, CHECKPOINT_NAME):
            with explained(self.folder / name):
                (self.folder / name).unlink(missing_ok=True)

    def _prepared(self) -> Generator:
        """The generator to use; where preparing it fails in one process, it fails in all."""
        prepare = self._prepare
        return self.generator if prepare is None else self._group.together(lambda: prepare(self.generator))

    def _learn(self, generator: Generator, observe: Observe, checkpoint: Checkpoint | None) -> LearnResult:
        """Learn and measure; the process that has a checkpoint writes the files."""
        found, card = solve(generator, self.settings, self._group, observe, checkpoint)
        if checkpoint is not None:
            checkpoint.write()
            found.save(self.path)
            checkpoint.folder.check()
            card.save(self.folder)
        return LearnResult(directions=found, scorecard=card)


def solve(
    generator: Generator,
    settings: LearnSettings,
    group: ProcessGroup = ALONE,
    observe: Observe = ignore,
    checkpoint: Checkpoint | None = None,
) -> tuple[Directions, Scorecard]:
    """Learn, from the checkpoint if there is one, and give the directions and their scorecard.

    Arguments and errors are those of :class:`LearnRun` and :meth:`LearnRun.finish`.
    """
    state, notes = (None, ()) if checkpoint is None else checkpoint.load()
    for note in notes:
        observe(Note(note))
    solution = None
    with nullcontext() if checkpoint is None else checkpoint.resuming():
        for step in iterate(generator, settings, state, group):
            if checkpoint is not None:
                checkpoint.offer(step.state)
            interrupt.check()
            observe(
                RunProgress(
                    phase=step.phase,
                    done=step.done,
                    total=step.total,
                    measure=step.measure,
                    value=step.value,
                    part=_PARTS.get(step.phase, 3),
                    parts=4,
                )
            )
            solution = step.solution
    assert solution is not None
    space = solution.space
    observe(
        Note(
            f"searched {len(space.basis)} dimensions, of which {space.live} affect the image; they carry "
            f"{space.trace_share:.1%} of its change along all {space.basis.shape[1]} dimensions of z; "
            f"drew {solution.evaluations:,} images"
        )
    )
    for warning in solution.warnings:
        observe(Note(warning))
    return Directions.of(solution, generator, settings.seed), solution.scorecard


def _check_foreign(card: Path) -> None:
    """Refuse to replace a file that has a scorecard's name and is none.

    Raises:
        OutputError: it is there.
    """
    try:
        read_scores(card, "", 0)  # None where there is none, or one of other directions
    except FileFormatError as error:
        raise OutputError(
            f"{card} is not a scorecard and would be replaced: choose another folder with --out, or replace "
            "it with --force"
        ) from error


def _arithmetic(generator: Generator) -> str:
    """What the last digits of the generator's images depend on."""
    return generator.device.type + (", compiled" if getattr(generator, "is_compiled", False) else "")
