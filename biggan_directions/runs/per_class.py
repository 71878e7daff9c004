"""A run and a file of its own for each class: classes are shared out, each learnt by one process alone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from biggan_directions.commands.terminal import err, plain
from biggan_directions.errors import GeneratorError
from biggan_directions.files.escaping import folder_name
from biggan_directions.runs import interrupt as interrupt
from biggan_directions.runs.learn import clear, ended

if TYPE_CHECKING:
    from biggan_directions.distributed.process_group import ProcessGroup
    from biggan_directions.generators.biggan_deep.frozen_biggan import FrozenBigGAN
    from biggan_directions.learning.result import Progress
    from biggan_directions.learning.settings import LearnSettings

_SIZE_BYTES = 8  # of the number that says where a parcel's first file ends


@dataclass(frozen=True, kw_only=True)
class EachClass:
    """How it went: the files there are now, how many of them are new, and the classes without one."""

    paths: list[Path]
    new: int
    left_out: list[str]


def learn_each(
    generator: FrozenBigGAN,
    settings: LearnSettings,
    root: Path,
    group: ProcessGroup,
    *,
    resume: bool,
    force: bool,
) -> EachClass | None:
    """Write ``ROOT/CLASS/directions.pt`` and its scorecard for each of the generator's classes.

    A run that is stopped goes on with the classes that have no file yet, in any number of processes. A class
    whose pictures cannot be worked with is told and left out.

    Args:
        generator: of all the classes.
        settings: how to learn each.
        root: the folder of the classes' folders.
        group: all of it calls this.
        resume: go on with what is there.
        force: replace what is there; it is removed before the work begins.

    Returns:
        How it went; nothing in a process that does not lead.

    Raises:
        OutputError: a class has a file already, or another run is writing, or the place cannot be written.
        UsageError: what is to go on was made with other settings.
        ProcessGroupError: a process is gone.
    """
    if not group.leads:
        pending = group.broadcast(list[int]())
        for turn in group.rounds(range(len(pending))):
            group.collect(turn, lambda place: _learn(generator.of_class(pending[place]), settings))
        return None
    from tqdm import tqdm

    from biggan_directions.files.atomic_write import check_writable
    from biggan_directions.runs.folder import held

    paths = [root / folder_name(item.name) / "directions.pt" for item in generator.classes]
    check_writable(root / "directions.pt")
    left_out: list[str] = []
    with held(root):
        pending = _pending(generator, settings, paths, resume=resume, force=force)
        _make_room([paths[place] for place in pending], force=force)
        with (
            interrupt.resumable(),
            tqdm(total=len(paths), initial=len(paths) - len(pending), unit=" classes", disable=None) as bar,
        ):
            group.broadcast(pending)

            def learn(place: int) -> bytes:
                own = generator.of_class(pending[place])
                return _learn(
                    own, settings, lambda step: bar.set_postfix_str(f"{own.classes[0].name}: {step}")
                )

            for turn in group.rounds(range(len(pending))):
                for place, parcel in zip(turn, group.collect(turn, learn), strict=True):
                    path = paths[pending[place]]
                    if reason := _unpack(parcel, path):
                        left_out.append(path.parent.name)
                        err.print(
                            f"note: {plain(path.parent.name)} is left out: {plain(reason)}", soft_wrap=True
                        )
                    bar.update()
                    interrupt.check()
    there = [path for path in paths if path.exists() and path.parent.name not in left_out]
    return EachClass(paths=there, new=len(pending) - len(left_out), left_out=left_out)


def _pending(
    generator: FrozenBigGAN, settings: LearnSettings, paths: list[Path], *, resume: bool, force: bool
) -> list[int]:
    """The places of the classes that are still to be learnt."""
    from biggan_directions.runs.checkpoint import CHECKPOINT_NAME

    if force:
        return list(range(len(paths)))
    return [
        place
        for place, path in enumerate(paths)
        if not ended(
            path, path.with_name(CHECKPOINT_NAME), generator.of_class(place), settings, resume=resume
        )
    ]


def _make_room(paths: list[Path], *, force: bool) -> None:
    """See that no other run writes one of the files, then remove what is to be replaced: all, or none.

    Raises:
        OutputError: another run is writing, or the system refused.
    """
    from biggan_directions.runs.folder import held

    there = [path for path in paths if path.parent.exists()]
    for path in there:
        with held(path.parent):
            pass
    for path in there if force else ():
        with held(path.parent):
            clear(path)


def _learn(
    generator: FrozenBigGAN, settings: LearnSettings, progress: Callable[[str], None] | None = None
) -> bytes:
    """Learn one class alone: its files as one parcel, or why it has none."""
    from biggan_directions.directions import Directions
    from biggan_directions.learning.run import learn

    def show(step: Progress) -> None:
        if progress is not None:
            progress(step.phase)

    try:
        solution = learn(generator, settings, progress=show)
        found = Directions.of(solution, generator, settings.seed)
    except GeneratorError as error:
        return bytes(_SIZE_BYTES) + str(error).encode()
    file = found.to_bytes()
    return len(file).to_bytes(_SIZE_BYTES, "little") + file + solution.scorecard.to_bytes()


def _unpack(parcel: bytes, path: Path) -> str:
    """Write a parcel's files, or say why it has none. The directions come last: with them a class is done.

    Raises:
        OutputError: another run is writing the class's files, or they cannot be written.
    """
    from biggan_directions.files.atomic_write import explained, write_whole
    from biggan_directions.runs.checkpoint import CHECKPOINT_NAME
    from biggan_directions.runs.folder import held
    from biggan_directions.scores import SCORES_NAME

    size, rest = int.from_bytes(parcel[:_SIZE_BYTES], "little"), parcel[_SIZE_BYTES:]
    if not size:
        return rest.decode()
    with held(path.parent):
        write_whole(path.with_name(SCORES_NAME), rest[size:])
        write_whole(path, rest[:size])
        checkpoint = path.with_name(CHECKPOINT_NAME)  # of a run of this class alone, if there was one
        with explained(checkpoint):
            checkpoint.unlink(missing_ok=True)
    return ""
