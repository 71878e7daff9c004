"""Pictures moved along several directions at once, as a picture or as the way there."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import torch

from biggan_directions.errors import UsageError
from biggan_directions.files.atomic_write import check_writable
from biggan_directions.rendering.animation import check_format, sane_bytes, write_animation
from biggan_directions.rendering.frames import render_edit, render_still
from biggan_directions.rendering.images import Generate
from biggan_directions.rendering.labels import signed
from biggan_directions.rendering.render import RenderedFile
from biggan_directions.rendering.settings import Format, RenderSettings
from biggan_directions.rendering.sheet import write_png
from biggan_directions.traversal import apply_moves

_STILL = ".png"
_ANIMATED: dict[str, Format] = {".gif": "gif", ".webp": "webp", ".apng": "apng", ".mp4": "mp4"}


def edit_format(path: Path) -> Format | None:
    """Which animation the suffix of ``path`` asks for; None: a still picture.

    Raises:
        UsageError: it asks for neither, or for MP4 without the ``[video]`` extra.
        OutputError: ``path`` cannot be written.

    >>> edit_format(Path("turned.png")), edit_format(Path("turned.WEBP"))
    (None, 'webp')
    """
    suffix = path.suffix.lower()
    if suffix != _STILL and suffix not in _ANIMATED:
        expected = f"{_STILL} for a picture, or {', '.join(_ANIMATED)} for the way there"
        raise UsageError(f"{path} ends with '{suffix}': expected {expected}.")
    chosen = _ANIMATED.get(suffix)
    if chosen is not None:
        check_format(chosen)
    check_writable(path)
    return chosen


def write_edit(
    generate: Generate,
    directions: torch.Tensor,
    z: torch.Tensor,
    moves: Mapping[int, float],
    path: Path,
    *,
    settings: RenderSettings,
    names: Mapping[int, str] | Sequence[str] = (),
    class_index: torch.Tensor | None = None,
) -> RenderedFile:
    """Write the pictures of z moved along several directions, or the way from here to there and back.

    Args:
        generate: (z (N, z_dim), class_index (N,) or None) → pictures (N, 3, H, W) in [-1, 1].
        directions: (ndirs, z_dim), rows of norm 1.
        z: (N, z_dim); the pictures stand side by side.
        moves: for the index of a direction, the distance in units of z.
        path: where to; its suffix says what: see :func:`edit_format`.
        settings: how an animation is made.
        names: of the directions, for its label.
        class_index: (N,), each picture's class.

    Raises:
        UsageError: shapes, indices or a suffix that do not fit.
        OutputError: the file cannot be written.
    """
    chosen = edit_format(path)
    moved = apply_moves(z, directions, moves)
    way = ", ".join(f"direction {index} {signed(by)}" for index, by in moves.items()) or "not moved"
    comment = f"biggan-directions: {way}, seed {settings.seed}"
    if chosen is None:
        image = render_still(generate, moved, settings=settings, class_index=class_index)
        return RenderedFile(path=path, size_bytes=write_png(image, path, comment=comment))
    frames = list(
        render_edit(generate, directions, z, moves, settings=settings, names=names, class_index=class_index)
    )
    animation = write_animation(
        frames,
        path,
        format=chosen,
        fps=settings.fps,
        budget_bytes=sane_bytes(frames[0].width * frames[0].height),
        comment=comment,
    )
    return RenderedFile(path=path, size_bytes=animation.size_bytes, animation=animation)
