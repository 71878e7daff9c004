"""Samples moved along several directions at once: as an image, or as the animation from here to there."""

from collections.abc import Mapping
from pathlib import Path

from biggan_directions.errors import UsageError
from biggan_directions.files.atomic_write import check_writable, write_whole
from biggan_directions.rendering.animation import check_format, sane_bytes, write_animation
from biggan_directions.rendering.edit_record import EditRecord
from biggan_directions.rendering.frames import render_edit, render_still
from biggan_directions.rendering.images import Generate
from biggan_directions.rendering.labels import signed
from biggan_directions.rendering.png_file import png_bytes
from biggan_directions.rendering.render_plan import RenderedFile
from biggan_directions.rendering.render_request import RenderRequest
from biggan_directions.rendering.settings import Format, RenderSettings
from biggan_directions.version import __version__

_STILL = ".png"
_ANIMATED: dict[str, Format] = {".gif": "gif", ".webp": "webp", ".apng": "apng", ".mp4": "mp4"}


def edit_format(path: Path) -> Format | None:
    """Which animation the suffix of ``path`` asks for; None: a still image.

    Raises:
        UsageError: it asks for neither, or for MP4 without the ``[video]`` extra.
        OutputError: ``path`` cannot be written.

    >>> edit_format(Path("turned.png")), edit_format(Path("turned.WEBP"))
    (None, 'webp')
    """
    suffix = path.suffix.lower()
    if suffix != _STILL and suffix not in _ANIMATED:
        expected = f"{_STILL} for an image, or {', '.join(_ANIMATED)} for the way there"
        raise UsageError(f"{path} ends with '{suffix}': expected {expected}.")
    chosen = _ANIMATED.get(suffix)
    if chosen is not None:
        check_format(chosen)
    check_writable(path)
    return chosen


def write_edit(
    generate: Generate,
    request: RenderRequest,
    moves: Mapping[int, float],
    path: Path,
    *,
    settings: RenderSettings,
    record: EditRecord | None = None,
) -> RenderedFile:
    """Write the samples moved along several directions, or the animation from the samples to there and back.

    Args:
        generate: draws the images.
        request: the directions and the samples, which stand side by side.
        moves: for the index of a direction, the distance in units of z.
        path: where to; its suffix says what: see :func:`edit_format`.
        settings: how an animation is made.
        record: what a PNG says of how it was made.

    Raises:
        UsageError: an index that no direction has, a distance that is not finite, or a suffix as of
            :func:`edit_format`.
        OutputError: the file cannot be written.
    """
    chosen = edit_format(path)
    if chosen is None:
        content = edit_png(generate, request, moves, settings=settings, record=record)
        write_whole(path, content)
        return RenderedFile(path=path, size_bytes=len(content))
    frames = list(render_edit(generate, request, moves, settings=settings))
    animation = write_animation(
        frames,
        path,
        format=chosen,
        fps=settings.fps,
        budget_bytes=sane_bytes(frames[0].width * frames[0].height),
        comment=_comment(moves, settings.seed),
    )
    return RenderedFile(path=path, size_bytes=animation.size_bytes, animation=animation)


def edit_png(
    generate: Generate,
    request: RenderRequest,
    moves: Mapping[int, float],
    *,
    settings: RenderSettings,
    record: EditRecord | None = None,
) -> bytes:
    """The PNG of the samples moved along several directions, side by side: what ``edit`` and the page save.

    Arguments and errors as of :func:`write_edit`.
    """
    image = render_still(generate, request.moved(moves), settings=settings, class_index=request.class_index)
    text = {"Software": f"biggan-directions {__version__}", "Comment": _comment(moves, settings.seed)}
    return png_bytes(image, text | (record.text() if record else {}))


def _comment(moves: Mapping[int, float], seed: int) -> str:
    way = ", ".join(f"direction {index} {signed(by)}" for index, by in moves.items()) or "not moved"
    return f"biggan-directions: {way}, seed {seed}"
