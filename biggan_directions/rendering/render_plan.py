"""From a request to files: the contact sheet, the animations, and the page."""

import hashlib
from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import torch

from biggan_directions.errors import UsageError
from biggan_directions.files.atomic_write import explained
from biggan_directions.rendering.animation import SUFFIXES, Animation, check_format
from biggan_directions.rendering.encoding import AnimationJob, Encoded, EncoderThread
from biggan_directions.rendering.frames import images_along, panels_of
from biggan_directions.rendering.gallery import GALLERY_NAME, Account, PageDirection, write_gallery
from biggan_directions.rendering.images import Generate, ImageArray, draw
from biggan_directions.rendering.manifest import Manifest, Strips
from biggan_directions.rendering.png_file import write_png
from biggan_directions.rendering.render_request import RenderRequest
from biggan_directions.rendering.settings import RenderSettings
from biggan_directions.rendering.sheet import contact_sheet
from biggan_directions.rendering.strips import positions_shown
from biggan_directions.traversal import Extent

SHEET_NAME = "sheet.png"
_CLASSES_ON_SHEET = 3


def name_of(file: str, *, part: bool) -> str:
    """The name of the sheet, the page or the animation of all directions; of a part of a set, another name.

    >>> name_of("gallery.html", part=False), name_of("gallery.html", part=True)
    ('gallery.html', 'gallery_part.html')
    """
    path = Path(file)
    return f"{path.stem}_part{path.suffix}" if part else file


@dataclass(frozen=True, kw_only=True)
class RenderedFile:
    """A file that is done.

    ``index`` is that of the direction which the file shows, None where it shows several; ``extents`` is how
    far an animation goes along each of its directions; ``animation`` says how it was written, None for the
    sheet and the page. ``kept``: the file was there already as it would be drawn now, and was left as it is.
    """

    path: Path
    size_bytes: int
    index: int | None = None
    extents: Mapping[int, Extent] = field(default_factory=dict)
    animation: Animation | None = None
    kept: bool = False


class RenderPlan:
    """The files that show a request, and which of them have yet to be drawn.

    The files are a contact sheet, an animation of each direction or one of all, and the page. The sheet shows
    the first sample, or the first of each of up to three classes. The page shows the images of the
    animations: none is drawn for it. Where some of the directions are not shown, sheet and page have names of
    their own (:func:`name_of`), so that those of the whole set stay.

    Args:
        request: what is drawn.
        folder: where the files go; made if need be. What is there is replaced.
        settings: how it is drawn; ``settings.grid`` puts all directions into one animation.
        manifest: says which files are there and need not be drawn; what is drawn is added to it. Left out:
            all is drawn.

    Raises:
        UsageError: another number of samples than the settings say, or MP4 without the ``[video]`` extra.
    """

    def __init__(
        self,
        request: RenderRequest,
        folder: Path,
        *,
        settings: RenderSettings,
        manifest: Manifest | None = None,
    ) -> None:
        check_format(settings.format)
        if len(request.z) != settings.samples:
            raise UsageError(
                f"z has {len(request.z)} rows: expected {settings.samples}, one for each sample."
            )
        self._request, self._folder, self._settings, self._manifest = request, folder, settings, manifest
        self._path = settings.path()
        self._groups = [request.shown] if settings.grid else [(index,) for index in request.shown]
        self._on_sheet = _sheet_samples(request.class_index)
        self._page_of = hashlib.sha256(repr(request.account).encode()).hexdigest()
        self._sheet_of = hashlib.sha256(repr(list(request.printed)).encode()).hexdigest()
        self._part = request.part
        self._sheet_name = name_of(SHEET_NAME, part=self._part)
        self._page_name = name_of(GALLERY_NAME, part=self._part)
        self._sheet_kept = manifest is not None and manifest.has(self._sheet_name, self._sheet_of)
        page_kept = manifest is not None and manifest.has(self._page_name, self._page_of)
        self._draws_page = request.account is not None and not page_kept
        self._kept = {} if manifest is None else self._kept_animations(manifest)

    @property
    def images_needed(self) -> int:
        """How many images are generated for the files that are not there yet."""
        settings, shared = self._settings, self._settings.projection == "keep"
        positions = len(self._path.fractions) - (shared and 0.0 in self._path.fractions)
        columns = settings.sheet_positions - shared
        directions = sum(len(group) for group in self._groups if group not in self._kept)
        on_sheet = 0 if self._sheet_kept else len(self._request.shown) * len(self._on_sheet)
        base = settings.samples if self._needs_base else 0
        return directions * positions * settings.samples + columns * on_sheet + base

    @property
    def count(self) -> int:
        """How many files are to be drawn."""
        animations = len(self._groups) - len(self._kept)
        return animations + (not self._sheet_kept) + self._draws_page

    def files(self, generate: Generate) -> Generator[RenderedFile, None, None]:
        """Draw what is not there yet, and yield each file when it is done.

        An animation is encoded while the images of the next are drawn; at no time are the frames of more than
        two held, and of those that are done their strips for the page.

        Args:
            generate: (z (N, z_dim), class_index (N,) or None) → images (N, 3, H, W) in [-1, 1].

        Yields:
            The sheet, the animations in the order of the directions, first those that are kept, the page.

        Raises:
            GeneratorError: images that are not finite.
            OutputError: a file cannot be written.
        """
        request, settings = self._request, self._settings
        base = None
        if self._needs_base:
            base = list(draw(generate, request.z, request.class_index, batch_size=settings.batch_size))
        yield self._sheet(generate, base)
        for group in self._kept:
            yield self._animation(group, None)
        strips = {group: found for group, found in self._kept.items() if found}
        for encoded in self._encoded(generate, base):
            if encoded.strips is not None:
                strips[encoded.job.indices] = encoded.strips
            self._record(encoded)
            yield self._animation(encoded.job.indices, encoded.animation)
        if request.account is not None:
            yield self._page(request.account, strips)

    @property
    def _needs_base(self) -> bool:
        """Whether the images of z itself are needed, which all files share."""
        all_kept = self._sheet_kept and len(self._kept) == len(self._groups)
        return self._settings.projection == "keep" and not all_kept

    def _target(self, group: tuple[int, ...]) -> Path:
        """Where an animation goes; names play no part in it."""
        suffix = SUFFIXES[self._settings.format]
        if self._settings.grid:
            return self._folder / name_of(f"directions{suffix}", part=self._part)
        return self._folder / f"direction_{group[0]:02d}{suffix}"

    def _kept_animations(self, manifest: Manifest) -> dict[tuple[int, ...], Strips | None]:
        """The animations that need not be drawn: they are there and, for a page to be made, their strips."""
        found = {}
        for group in self._groups:
            name = self._target(group).name
            strips = manifest.strips(name) if self._draws_page else None
            if manifest.has(name) and (strips or not self._draws_page):
                found[group] = strips
        return found

    def _sheet(self, generate: Generate, base: Sequence[ImageArray] | None) -> RenderedFile:
        path, request = self._folder / self._sheet_name, self._request
        if not self._sheet_kept:
            index = request.class_index
            part = replace(
                request,
                z=request.z[self._on_sheet],
                class_index=None if index is None else index[self._on_sheet],
            )
            shared = None if base is None else [base[sample] for sample in self._on_sheet]
            sheet = contact_sheet(generate, part, settings=self._settings, base=shared)
            write_png(sheet, path, comment=self._comment(request.shown))
            if self._manifest:
                self._manifest.add(self._sheet_name, self._sheet_of)
        return RenderedFile(path=path, size_bytes=_size(path), kept=self._sheet_kept)

    def _encoded(self, generate: Generate, base: Sequence[ImageArray] | None) -> Iterator[Encoded]:
        """Draw the images of each animation while the one before is encoded."""
        with EncoderThread(self._settings) as encoder:
            for group in self._groups:
                if group in self._kept:
                    continue
                part = replace(self._request, indices=group)
                encoder.begin(
                    AnimationJob(
                        indices=group,
                        panels=panels_of(part, self._settings),
                        path=self._path,
                        target=self._target(group),
                        comment=self._comment(group),
                        with_strips=self._draws_page,
                    )
                )
                fractions = self._path.fractions
                for images in images_along(generate, part, fractions, settings=self._settings, base=base):
                    encoder.put(images)
                yield from encoder.finished(but=1)
            yield from encoder.finished()

    def _record(self, encoded: Encoded) -> None:
        """Add an animation to the manifest, after the strips without which it would be drawn again."""
        name = encoded.job.target.name
        if self._manifest:
            if encoded.strips is not None:
                self._manifest.keep_strips(name, encoded.strips)
            self._manifest.add(name)

    def _animation(self, group: tuple[int, ...], animation: Animation | None) -> RenderedFile:
        """An animation that is done, or was kept."""
        path = self._target(group)
        return RenderedFile(
            path=path,
            size_bytes=_size(path) if animation is None else animation.size_bytes,
            index=None if self._settings.grid else group[0],
            extents=replace(self._request, indices=group).extents(self._settings),
            animation=animation,
            kept=animation is None,
        )

    def _page(self, account: Account, strips: Mapping[tuple[int, ...], Strips]) -> RenderedFile:
        path, request = self._folder / self._page_name, self._request
        if self._draws_page:
            samples = len(request.z)
            extents = request.extents(self._settings)
            directions = [
                PageDirection(
                    index=index,
                    name=request.name(index),
                    effect=request.printed_effect(index),
                    distance=extents[index].distance,
                    strips=strips[group].strips[place * samples : (place + 1) * samples],
                )
                for group in self._groups
                for place, index in enumerate(group)
            ]
            fractions = [self._path.fractions[place] for place in positions_shown(self._path.fractions)]
            size = strips[self._groups[0]].size
            write_gallery(path, account, directions, fractions=fractions, size=size)
            if self._manifest:
                self._manifest.add(self._page_name, self._page_of)
        if self._manifest:
            self._manifest.drop_strips()
        return RenderedFile(path=path, size_bytes=_size(path), kept=not self._draws_page)

    def _comment(self, indices: Sequence[int]) -> str:
        """What a file says of itself, for whoever finds it alone."""
        what = "direction" if len(indices) == 1 else "directions"
        settings = self._settings
        return (
            f"biggan-directions: {what} {', '.join(map(str, indices))}, seed {settings.seed}, "
            f"projection {settings.projection}"
        )


def _size(path: Path) -> int:
    with explained(path):
        return path.stat().st_size


def _sheet_samples(class_index: torch.Tensor | None) -> list[int]:
    """The samples on the sheet: the first of each class, up to three, so that it still fits a page."""
    first: dict[int, int] = {}
    for sample, chosen in enumerate([0] if class_index is None else class_index.tolist()):
        first.setdefault(chosen, sample)
    return list(first.values())[:_CLASSES_ON_SHEET]
