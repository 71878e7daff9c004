"""A run for each class: classes are dealt out to the processes, and each is learnt by one process alone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from biggan_directions.distributed.process_group import ALONE, ProcessGroup
from biggan_directions.errors import GeneratorError, UsageError
from biggan_directions.files.atomic_write import check_writable, explained, write_whole
from biggan_directions.files.escaping import folder_name
from biggan_directions.generators.capabilities import Reclassable
from biggan_directions.learning.settings import LearnSettings
from biggan_directions.runs import interrupt
from biggan_directions.runs.checkpoint import CHECKPOINT_NAME
from biggan_directions.runs.folder import held
from biggan_directions.runs.learn import DIRECTIONS_NAME, LearnRun, solve
from biggan_directions.runs.observer import Note, Observe, RunProgress, ignore
from biggan_directions.scores import SCORES_NAME

if TYPE_CHECKING:
    from biggan_directions.generators import Generator, ImageClass


@dataclass(frozen=True, kw_only=True)
class PerClassResult:
    """What the runs have written.

    Attributes:
        paths: the files of directions that are there now.
        new: how many of them were learnt now.
        left_out: names of the classes that could not be learnt, and therefore have no file.
    """

    paths: list[Path]
    new: int
    left_out: list[str]


class PerClassRun:
    """Runs that learn directions for each class of a generator, each into ``FOLDER/CLASS``.

    Where the names of two classes would give the same folder, the class index is appended to both.

    Once stopped they are resumed with the classes that have no file yet, in any number of processes.

    Args:
        folder: the folder of the classes' folders; it is made if need be.
        generator: a generator of all the classes.
        settings: how to search it for each class; the defaults where left out.
        group: the processes that share the work; all of them make the same runs and call :meth:`finish`.

    Raises:
        UsageError: the settings do not fit the generator, or it cannot be restricted to one of its classes.

    >>> from tempfile import TemporaryDirectory
    >>> from biggan_directions import LearnSettings, PerClassRun, load_generator
    >>> toys, settings = load_generator("toybox", ["car", "duck"]), LearnSettings(ndirs=1, latents=1)
    >>> with TemporaryDirectory() as folder:
    ...     result = PerClassRun(folder, toys, settings).finish(resume=True)
    >>> [path.parent.name for path in result.paths]
    ['car', 'duck']
    """

    def __init__(
        self,
        folder: str | Path,
        generator: Generator,
        settings: LearnSettings | None = None,
        *,
        group: ProcessGroup = ALONE,
    ) -> None:
        if not isinstance(generator, Reclassable):
            raise UsageError(
                f"{generator.model} cannot be restricted to one of its classes (it has no method of_class): "
                "leave out --per-class"
            )
        self.folder, self._group = Path(folder), group
        self.runs = [
            LearnRun(self.folder / name, generator.of_class(place), settings)
            for place, name in enumerate(_folder_names(generator.classes))
        ]

    def finish(
        self, *, resume: bool = False, force: bool = False, observe: Observe = ignore
    ) -> PerClassResult:
        """Learn each class that is to be learnt, and write ``directions.pt`` and ``scorecard.json`` for it.

        A class whose images cannot be used is left out, with a note.

        Args:
            resume: keep the classes that have a file, and learn the rest.
            force: replace what is there; it is removed before the work begins.
            observe: as of :meth:`LearnRun.finish`; the parts of the progress are the classes.

        Returns:
            What was written, the same in every process.

        Raises:
            OutputError: a class has a file already, or another run is writing, or a folder cannot be written.
            UsageError: the runs to resume were made with other settings, or both resume and force were given.
            ProcessGroupError: a process has ended or does not answer.
        """
        if resume and force:
            raise UsageError("--resume continues a run and --force replaces it: give only one of them")
        leads = self._group.leads
        if leads:
            check_writable(self.folder / DIRECTIONS_NAME)
        left_out: list[str] = []
        with held(self.folder) if leads else nullcontext():
            pending = self._begin(resume=resume, force=force) if leads else []
            with interrupt.resumable():
                pending = self._group.broadcast(pending)
                for turn in self._group.rounds(range(len(pending))):
                    done = len(self.runs) - len(pending) + turn.start

                    def learn(place: int, done: int = done) -> _Files | str:
                        return _learn(self.runs[pending[place]], done, len(self.runs), observe)

                    for place, found in zip(turn, self._group.collect(turn, learn), strict=leads):
                        run = self.runs[pending[place]]
                        if isinstance(found, str):
                            left_out.append(run.folder.name)
                            observe(Note(f"{run.folder.name} is left out: {found}"))
                        else:
                            _write(run, found)
                        done += 1
                        observe(RunProgress(phase=run.folder.name, done=done, total=len(self.runs)))
                        interrupt.check()
            paths = [run.path for run in self.runs if run.path.exists() and run.folder.name not in left_out]
            new = len(pending) - len(left_out)
            return self._group.broadcast(PerClassResult(paths=paths, new=new, left_out=left_out))

    def _begin(self, *, resume: bool, force: bool) -> list[int]:
        """The classes to learn, whose old files are removed: of all of them, or of none.

        Raises:
            As :meth:`finish`.
        """
        pending = [
            place for place, run in enumerate(self.runs) if force or run.finished(resume=resume) is None
        ]
        there = [self.runs[place] for place in pending if self.runs[place].folder.exists()]
        for run in there:
            with held(run.folder):
                pass
        for run in there if force else ():
            with held(run.folder):
                run.clear()
        return pending


def _folder_names(classes: Sequence[ImageClass]) -> list[str]:
    """A folder's name for each class; the class index is appended where two classes would have the same."""
    names = [folder_name(item.name) for item in classes]
    while True:
        count = Counter(name.casefold() for name in names)  # some file systems ignore case
        if len(count) == len(names):
            return names
        names = [
            name if count[name.casefold()] == 1 else f"{name}_{item.index}"
            for name, item in zip(names, classes, strict=True)
        ]


class _Files(NamedTuple):
    """The contents of a class's files: the same bytes whichever process has made them."""

    directions: bytes
    scorecard: bytes


def _learn(run: LearnRun, done: int, total: int, observe: Observe) -> _Files | str:
    """Learn one class in this process alone; give its files, or why its images cannot be used."""

    def tell(told: RunProgress | Note) -> None:
        if isinstance(told, RunProgress):
            phase = f"{run.folder.name}: {told.phase}"
            observe(replace(told, phase=phase, part=done + 1, parts=total))

    try:
        found, card = solve(run.generator, run.settings, observe=tell)
    except GeneratorError as error:
        return str(error)
    return _Files(found.to_bytes(), card.to_bytes())


def _write(run: LearnRun, content: _Files) -> None:
    """Write a class's files; the directions last: a class that has them is finished.

    Raises:
        OutputError: another run is writing the class's files, or they cannot be written.
    """
    with held(run.folder):
        write_whole(run.folder / SCORES_NAME, content.scorecard)
        write_whole(run.path, content.directions)
        checkpoint = run.folder / CHECKPOINT_NAME  # of a run of this class alone, if there was one
        with explained(checkpoint):
            checkpoint.unlink(missing_ok=True)
