"""One run of rendering: a folder that is held meanwhile, files that are drawn, and what is there already."""

import hashlib
import json
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import asdict, replace
from math import nan
from pathlib import Path

import torch

from biggan_directions.directions import Directions
from biggan_directions.distributed.process_group import ALONE, ProcessGroup
from biggan_directions.errors import OutputError, UsageError
from biggan_directions.files.atomic_write import check_writable
from biggan_directions.generators import Generator
from biggan_directions.generators.batching import Halving, fastest_batch
from biggan_directions.generators.chosen_layers import layers_of
from biggan_directions.measured import measured
from biggan_directions.metrics.scorecard import digest
from biggan_directions.published.reference import content_sha256, place_of
from biggan_directions.rendering.animation import SUFFIXES
from biggan_directions.rendering.gallery import GALLERY_NAME
from biggan_directions.rendering.manifest import MANIFEST_NAME, Manifest
from biggan_directions.rendering.render_plan import SHEET_NAME, RenderedFile, RenderPlan, name_of
from biggan_directions.rendering.render_request import RenderRequest
from biggan_directions.rendering.samples import listed, samples_of
from biggan_directions.rendering.settings import RenderSettings
from biggan_directions.runs import interrupt
from biggan_directions.runs.account import account_of
from biggan_directions.runs.drawing import SharedDrawing, others_serving, serve
from biggan_directions.runs.folder import held
from biggan_directions.runs.learn import DIRECTIONS_NAME
from biggan_directions.runs.observer import Note, Observe, RunProgress, ignore
from biggan_directions.version import __version__

_MOST = 64  # images at once in a process that does not lead, as fastest_batch allows


def render(
    found: Directions,
    generator: Generator,
    folder: str | Path,
    settings: RenderSettings | None = None,
    *,
    path: Path | None = None,
    indices: Sequence[int] | None = None,
    group: ProcessGroup = ALONE,
    resume: bool = False,
    observe: Observe = ignore,
) -> Iterator[RenderedFile]:
    """Draw a contact sheet, animations and a page of directions into a folder; yield each file when done.

    The sheet and the page of some of the directions are ``sheet_part.png`` and ``gallery_part.html``: those
    of the whole set stay.

    The folder is held against other runs until the last file is done or the iterator is closed. In a process
    that does not lead its group nothing is yielded: it draws what the leader asks for.

    Args:
        found: the directions.
        generator: draws the images.
        folder: where the files go; made if need be. What is there is replaced.
        settings: how they are drawn; left out, as their file says, and the defaults for the rest.
        path: the file of the directions, or ``published:NAME``, which the page's commands name and beside
            which a scorecard is looked for; left out: ``directions.pt`` in the folder, which is written if
            there is none.
        indices: which directions; left out: all.
        group: the processes that share the work; all of them call this.
        resume: leave the files that are there already as they would be drawn now.
        observe: called with a :class:`~biggan_directions.runs.observer.RunProgress` as images are generated
            and with each :class:`~biggan_directions.runs.observer.Note` that a user should read.

    Yields:
        The sheet, the animations, first those that were left as they are, and the page.

    Raises:
        UsageError: settings or indices that do not fit, or a file of other directions in the folder.
        OutputError: another run is writing into the folder, it has files of the same names that no render has
            drawn, or a file cannot be written.
        GeneratorError: images that are not finite.
        ProcessGroupError: a process has ended or does not answer.
    """
    if not group.leads:
        serve(Halving(generator, _MOST), generator.device, group)
        return
    folder, settings = Path(folder), settings or RenderSettings.of_file(found.rendering)
    with others_serving(group):
        check_writable(folder / GALLERY_NAME)
        if not resume:
            part = indices is not None and len(set(indices)) < len(found)
            _check_foreign(folder, settings, part=part)
        yield from _led(found, generator, folder, settings, path, indices, group, resume, observe)


def _led(
    found: Directions,
    generator: Generator,
    folder: Path,
    settings: RenderSettings,
    path: Path | None,
    indices: Sequence[int] | None,
    group: ProcessGroup,
    resume: bool,
    observe: Observe,
) -> Iterator[RenderedFile]:
    """The files that the leader writes; arguments as for :func:`render`."""
    with held(folder) as hold:
        path = _file_of(found, folder) if path is None else path
        manifest = Manifest(folder, _made_of(found, path, generator, settings, indices), resume=resume)
        if generator.device.type != "cpu":  # on a CPU a fixed batch is as fast, and repeats to the same bytes
            settings = replace(settings, batch_size=fastest_batch(generator))
        together = SharedDrawing(Halving(generator, settings.batch_size), settings.batch_size, group)
        settings = replace(settings, batch_size=settings.batch_size * group.size)
        request = _request(found, generator, path, folder, settings, indices, observe)
        plan = RenderPlan(request, folder, settings=settings, manifest=manifest)
        drawn = written = 0

        def generate(z: torch.Tensor, class_index: torch.Tensor | None = None) -> torch.Tensor:
            nonlocal drawn
            hold.check()
            interrupt.check()
            images = together(z, class_index)
            drawn += len(z)
            observe(
                RunProgress(
                    phase="images",
                    done=drawn,
                    total=plan.images_needed,
                    part=min(written + 1, plan.count),
                    parts=plan.count,
                )
            )
            return images

        with closing(plan.files(generate)) as files:
            for file in files:
                written += not file.kept
                yield file


def _check_foreign(folder: Path, settings: RenderSettings, *, part: bool) -> None:
    """Refuse to replace files in a folder that nothing was rendered into.

    Raises:
        OutputError: there are such files.
    """
    if (folder / MANIFEST_NAME).exists():
        return
    animations = sorted(folder.glob(f"direction*{SUFFIXES[settings.format]}"))
    for path in (*(folder / name_of(name, part=part) for name in (SHEET_NAME, GALLERY_NAME)), *animations):
        if path.exists():
            raise OutputError(
                f"{path} was not drawn by an earlier render and would be replaced: choose another "
                "folder with --out, move the file away, or use --resume if it is a render's after all"
            )


def _file_of(found: Directions, folder: Path) -> Path:
    """The file ``directions.pt`` in a folder, which is written if there is none.

    Raises:
        UsageError: the file is of other directions, or the directions are a bare matrix.
        OutputError: it cannot be written.
    """
    path = folder / DIRECTIONS_NAME
    if found.foreign:
        raise UsageError("a bare matrix does not say what it is of: pass path=, the file that it is from")
    if not path.exists():
        found.save(path)
    elif not torch.equal(Directions.load(path).directions, found.directions):
        raise UsageError(f"{path} is of other directions: pass path=, their own file, or another folder")
    return path


def _request(
    found: Directions,
    generator: Generator,
    path: Path,
    folder: Path,
    settings: RenderSettings,
    indices: Sequence[int] | None,
    observe: Observe,
) -> RenderRequest:
    """The directions, with samples of every class of the generator."""
    z, class_index = samples_of(generator, settings.samples, settings.seed, settings.latents)
    classes = [item.name for item in generator.classes]
    captions = [classes[place] if len(classes) > 1 else "" for place in class_index.tolist()]
    chosen = None if indices is None else list(indices)

    shown = measured(found, place_of(path), generator)
    layers = layers_of(generator, found.at_layers)
    at_layers = [] if layers is None else [f"layers {found.at_layers}"]

    def note(text: str) -> None:
        observe(Note(text))

    return RenderRequest(
        directions=found.directions.to(generator.device),
        z=z,
        class_index=class_index,
        indices=indices,
        names=found.names,
        effects=found.effect.tolist(),
        distances=() if found.distance is None else found.distance.tolist(),
        printed=[nan if figure.value is None else figure.value for figure in shown.effect],
        stability=[shown.stability_words(index) for index in range(len(found))],
        layers={} if layers is None else dict.fromkeys(range(len(found)), layers),
        title=" · ".join([Path(generator.model).name, listed(classes), *at_layers]),
        account=account_of(found, generator, path, folder, settings, chosen, captions, note),
    )


def _made_of(
    found: Directions,
    path: Path,
    generator: Generator,
    settings: RenderSettings,
    indices: Sequence[int] | None,
) -> str:
    """A checksum of all that decides what the files show."""
    all_of_it = {
        "directions": content_sha256(path),
        "matrix": digest(found.directions),  # a bare matrix may be placed elsewhere in z
        "weights": generator.weights_sha256,
        "classes": [[item.index, item.name] for item in generator.classes],
        "model": generator.model,
        "truncation": generator.truncation,
        "layers": found.at_layers,
        "version": __version__,
        "settings": asdict(settings),
        "indices": None if indices is None else list(indices),
    }
    return hashlib.sha256(json.dumps(all_of_it, sort_keys=True).encode()).hexdigest()
