"""From directions to files: every animation and the sheet, encoded while the next pictures are drawn."""

import hashlib
import itertools
import math
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

import torch

from biggan_directions.errors import UsageError
from biggan_directions.files.atomic_write import explained
from biggan_directions.rendering.animation import (
    SUFFIXES,
    Animation,
    check_format,
    sane_bytes,
    write_animation,
)
from biggan_directions.rendering.encoding import Encoded, Feed, Job, raise_failures
from biggan_directions.rendering.frames import images_along, show
from biggan_directions.rendering.gallery import GALLERY_NAME, Account, PageDirection, write_gallery
from biggan_directions.rendering.images import Generate, draw
from biggan_directions.rendering.manifest import Manifest, Strips
from biggan_directions.rendering.settings import RenderSettings
from biggan_directions.rendering.sheet import contact_sheet, write_png
from biggan_directions.rendering.stage import Block
from biggan_directions.rendering.strips import StripMaker, positions_shown, size_on_page
from biggan_directions.traversal import Extent, check_directions, check_indices, loop_path
from biggan_directions.traversal import Path as TraversalPath

SHEET_NAME = "sheet.png"
_CLASSES_ON_SHEET = 3

_T = TypeVar("_T")


@dataclass(frozen=True, kw_only=True)
class RenderedFile:
    """A file that is done.

    ``index`` is the direction's that it shows, None where it shows several; ``extents`` is how far an
    animation goes along each of its directions; ``animation`` says how it was written, None for the sheet
    and the page. ``kept``: it was there already as it would be drawn now, and was left as it is.
    """

    path: Path
    size_bytes: int
    index: int | None = None
    extents: Mapping[int, Extent] = field(default_factory=dict)
    animation: Animation | None = None
    kept: bool = False


def animation_path(folder: Path, index: int | None, settings: RenderSettings) -> Path:
    """Where the animation of direction ``index`` goes; None: that of all. Names play no part in it.

    >>> animation_path(Path("out"), 3, RenderSettings()).as_posix()
    'out/direction_03.gif'
    """
    stem = "directions" if index is None else f"direction_{index:02d}"
    return folder / f"{stem}{SUFFIXES[settings.format]}"


def images_needed(count: int, settings: RenderSettings, class_index: torch.Tensor | None = None) -> int:
    """How many pictures ``render_all`` draws for ``count`` directions, for a progress bar."""
    kept = settings.projection == "keep"
    positions = settings.frames // 2 + 1 - kept
    columns = (settings.sheet_positions - kept) * len(_sheet_samples(class_index))
    return count * (positions * settings.samples + columns) + kept * settings.samples


def render_all(
    generate: Generate,
    directions: torch.Tensor,
    z: torch.Tensor,
    folder: Path,
    *,
    settings: RenderSettings,
    names: Sequence[str] = (),
    effects: Sequence[float] = (),
    printed: Sequence[float] = (),
    indices: Sequence[int] | None = None,
    class_index: torch.Tensor | None = None,
    title: str = "",
    account: Account | None = None,
    manifest: Manifest | None = None,
) -> Iterator[RenderedFile]:
    """Draw the contact sheet, an animation of each direction, or one of all, and the page; yield each file.

    A file is encoded in a thread of its own while the pictures of the next are drawn; at no time is more held
    than two animations, and of those that are done their strips for the page. The page shows the pictures of
    the animations: none is drawn for it. The sheet shows the first sample, or the first of each of up to
    three classes. What is there is replaced.

    Args:
        generate: (z (N, z_dim), class_index (N,) or None) → pictures (N, 3, H, W) in [-1, 1].
        directions: (ndirs, z_dim), rows of norm 1.
        z: (samples, z_dim), on the generator's device.
        folder: where the files go; made if need be.
        settings: how; ``settings.grid`` puts all directions into one animation.
        names, effects: one a direction; left out: no names, effects unknown.
        printed: the effects that the sheet prints, where they were measured again since; left out: the same.
        indices: which directions; left out: all.
        class_index: (samples,), each sample's class.
        title: a line on top of the sheet.
        account: what the page says beside the pictures; left out: no page.
        manifest: says what is there and need not be drawn; what is drawn is added. Left out: all is drawn.

    Yields:
        The sheet, the animations in the order of ``indices``, first those that are kept, the page.

    Raises:
        UsageError: shapes or indices that do not fit, or MP4 without the ``[video]`` extra.
        GeneratorError: pictures that are not finite.
        OutputError: a file cannot be written.
    """
    check_format(settings.format)
    check_directions(directions, z.shape[-1])
    count = len(directions)
    if len(z) != settings.samples:
        raise UsageError(f"z has {len(z)} rows: expected {settings.samples}, one for each sample.")
    shown = tuple(range(count)) if indices is None else tuple(dict.fromkeys(indices))
    check_indices(shown, count)
    if not shown:
        raise UsageError("There are no directions to show: expected one index or more.")
    path = loop_path(settings.frames)
    names = _one_each(names, count, "", "names")
    effects = _one_each(effects, count, math.nan, "effects")
    groups = [shown] if settings.grid else [(index,) for index in shown]
    targets = {
        group: animation_path(folder, None if settings.grid else group[0], settings) for group in groups
    }
    page_of = hashlib.sha256(repr(account).encode()).hexdigest()
    for_page = account is not None and not (manifest and manifest.has(GALLERY_NAME, page_of))
    kept = _kept(manifest, targets, for_page=for_page) if manifest else {}
    sheet_of = hashlib.sha256(repr(list(printed)).encode()).hexdigest()
    keep_sheet = manifest is not None and manifest.has(SHEET_NAME, sheet_of)
    base = (
        list(draw(generate, z, class_index, batch_size=settings.batch_size))
        if settings.projection == "keep" and not (keep_sheet and len(kept) == len(groups))
        else None
    )

    def described(group: tuple[int, ...], size_bytes: int, animation: Animation | None) -> RenderedFile:
        return RenderedFile(
            path=targets[group],
            size_bytes=size_bytes,
            index=None if settings.grid else group[0],
            extents={index: settings.extent(effects[index]) for index in group},
            animation=animation,
            kept=animation is None,
        )

    on_sheet = _sheet_samples(class_index)
    sheet_path = folder / SHEET_NAME
    if not keep_sheet:
        sheet = contact_sheet(
            generate,
            directions,
            z[on_sheet],
            settings=settings,
            names=names,
            effects=effects,
            indices=shown,
            class_index=None if class_index is None else class_index[on_sheet],
            base=None if base is None else [base[sample] for sample in on_sheet],
            title=title,
            printed=printed,
        )
        write_png(sheet, sheet_path, comment=_comment(shown, settings))
        if manifest:
            manifest.add(SHEET_NAME, sheet_of)
    yield RenderedFile(path=sheet_path, size_bytes=_size(sheet_path), kept=keep_sheet)

    pending: deque[Job] = deque()
    strips: dict[tuple[int, ...], Strips] = {group: found for group, found in kept.items() if found}
    for group in kept:
        yield described(group, _size(targets[group]), None)

    def finished(job: Job) -> RenderedFile:
        done = job.future.result()
        if for_page:
            strips[job.group] = Strips(done.strips, size_on_page(*job.resolution))
        if manifest:
            if for_page:
                manifest.keep_strips(targets[job.group].name, strips[job.group])
            manifest.add(targets[job.group].name)
        return described(job.group, done.animation.size_bytes, done.animation)

    with ThreadPoolExecutor(max_workers=1, thread_name_prefix="encode") as encoder:
        try:
            for group in [group for group in groups if group not in kept]:
                distances = {index: settings.extent(effects[index]).distance for index in group}
                stream = images_along(
                    generate,
                    directions,
                    z,
                    distances,
                    path.fractions,
                    settings=settings,
                    class_index=class_index,
                    base=base,
                )
                first = next(stream)
                feed = Feed()
                future = encoder.submit(
                    _encode,
                    feed,
                    path,
                    [Block(str(index), names[index], distances[index]) for index in group],
                    targets[group],
                    settings=settings,
                    budget_bytes=sane_bytes(sum(image.shape[0] * image.shape[1] for image in first)),
                    comment=_comment(group, settings),
                    for_page=for_page,
                )
                pending.append(Job(group, feed, future, first[0].shape[:2]))
                for images in itertools.chain([first], stream):
                    feed.put(images)
                    raise_failures(pending)
                while len(pending) > 1:
                    yield finished(pending.popleft())
            while pending:
                yield finished(pending.popleft())
        finally:
            for job in pending:
                job.feed.abandon()

    if account is not None:
        page_path = folder / GALLERY_NAME
        if for_page:
            page = [
                PageDirection(
                    index=index,
                    name=names[index],
                    effect=effects[index],
                    distance=settings.extent(effects[index]).distance,
                    strips=strips[group].strips[place * len(z) : (place + 1) * len(z)],
                )
                for group in groups
                for place, index in enumerate(group)
            ]
            fractions = [path.fractions[place] for place in positions_shown(path.fractions)]
            write_gallery(page_path, account, page, fractions=fractions, size=strips[groups[0]].size)
            if manifest:
                manifest.add(GALLERY_NAME, page_of)
        if manifest:
            manifest.drop_strips()
        yield RenderedFile(path=page_path, size_bytes=_size(page_path), kept=not for_page)


def _size(path: Path) -> int:
    with explained(path):
        return path.stat().st_size


def _kept(
    manifest: Manifest, targets: Mapping[tuple[int, ...], Path], *, for_page: bool
) -> dict[tuple[int, ...], Strips | None]:
    """The animations that need not be drawn: they are there and, for a page to be made, their strips."""
    found = {}
    for group, target in targets.items():
        strips = manifest.strips(target.name) if for_page else None
        if manifest.has(target.name) and (strips or not for_page):
            found[group] = strips
    return found


def _encode(
    feed: Feed,
    path: TraversalPath,
    blocks: list[Block],
    target: Path,
    *,
    settings: RenderSettings,
    budget_bytes: int,
    comment: str,
    for_page: bool,
) -> Encoded:
    """Write one animation from the pictures that ``feed`` brings, and make the page's strips of them."""
    maker = StripMaker(path.fractions)
    animation = write_animation(
        show(maker.watch(feed) if for_page else feed, path, blocks, settings=settings),
        target,
        format=settings.format,
        fps=settings.fps,
        budget_bytes=budget_bytes,
        comment=comment,
    )
    return Encoded(animation, maker.strips() if for_page else [])


def _sheet_samples(class_index: torch.Tensor | None) -> list[int]:
    """The samples on the sheet: the first of each class, up to three, so that it still fits a page."""
    first: dict[int, int] = {}
    for sample, chosen in enumerate([0] if class_index is None else class_index.tolist()):
        first.setdefault(chosen, sample)
    return list(first.values())[:_CLASSES_ON_SHEET]


def _one_each(values: Sequence[_T], count: int, left_out: _T, what: str) -> Sequence[_T]:
    """``values``, one for each of ``count`` directions, or ``left_out`` for all where there are none."""
    if len(values) not in (0, count):
        raise UsageError(f"There are {len(values)} {what}: expected {count}, one a direction.")
    return values if len(values) else [left_out] * count


def _comment(indices: Sequence[int], settings: RenderSettings) -> str:
    """What a file says of itself, for whoever finds it alone."""
    what = f"direction {indices[0]}" if len(indices) == 1 else f"directions {', '.join(map(str, indices))}"
    return f"biggan-directions: {what}, seed {settings.seed}, projection {settings.projection}"
