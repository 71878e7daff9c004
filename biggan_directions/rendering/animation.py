"""Animations as files: GIF, WebP, APNG, MP4, with steady frame durations, and whole or not there."""

import importlib
import math
import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, PngImagePlugin

from biggan_directions.errors import UsageError
from biggan_directions.files.atomic_write import replacing
from biggan_directions.rendering.gif import LADDER, encode_gif
from biggan_directions.rendering.settings import Format

_IMAGE_DESCRIPTION = 0x010E  # an Exif tag
SUFFIXES: dict[Format, str] = {"gif": ".gif", "webp": ".webp", "apng": ".png", "mp4": ".mp4"}


@dataclass(frozen=True, kw_only=True)
class Animation:
    """A file as it was written; ``trade`` says in words what was given up for its size, or is ""."""

    path: Path
    width: int
    height: int
    frames: int
    duration_ms: int
    size_bytes: int
    trade: str


def write_animation(
    frames: Iterable[Image.Image],
    path: Path,
    *,
    format: Format,
    fps: float = 20.0,
    budget_bytes: int | None = None,
    comment: str = "",
) -> Animation:
    """Write ``frames`` to ``path``; the file that is there is replaced once the new one is complete.

    A GIF over ``budget_bytes`` is encoded again at a lower quality, and ``Animation.trade`` says what was
    given up; the other formats only say that they are over it. MP4 has no loop count: it holds one turn.

    Args:
        frames: images of one size; the same object again is the same frame again.
        path: where to.
        format: gif, webp, apng or mp4.
        fps: frames a second, 1 to 50; see :func:`delay_of` for what a format makes of it.
        budget_bytes: how large the file may be; None: any size.
        comment: kept in the file for whoever finds it alone.

    Returns:
        What was written.

    Raises:
        UsageError: no frames, an unknown format, or MP4 without the ``[video]`` extra.
        OutputError: the file cannot be written.
    """
    check_format(format)
    delay_ms, trade = delay_of(format, fps), ""
    with replacing(path) as beside:
        held = list(frames)
        if not held:
            raise UsageError("There are no frames to write.")
        width, height = held[0].size
        if format == "gif":
            trade = _write_gif(held, beside, round(delay_ms), budget_bytes, comment)
        elif format == "mp4":
            width, height = width + width % 2, height + height % 2
            _write_mp4(held, beside, fps, comment)
        else:
            _write_with_pillow(held, beside, format, delay_ms, comment)
        size = os.stat(beside).st_size
    if format != "gif" and budget_bytes is not None and size > budget_bytes:
        trade = f"{megabytes(size)}, over {megabytes(budget_bytes)}"
        trade += ": every colour is kept; --format gif or webp is smaller" if format == "apng" else ""
    return Animation(
        path=path,
        width=width,
        height=height,
        frames=len(held),
        duration_ms=round(len(held) * delay_ms),
        size_bytes=size,
        trade=trade,
    )


def check_format(format: Format) -> None:
    """Raise a ``UsageError`` where ``format`` is unknown, or needs what is not installed."""
    if format not in SUFFIXES:
        raise UsageError(f"format is {format!r}: expected one of {', '.join(SUFFIXES)}.")
    if format == "mp4":
        try:
            for needed in ("imageio", "imageio_ffmpeg"):
                importlib.import_module(needed)
        except ImportError as error:
            raise UsageError(
                "MP4 needs the video extra: pip install '.[video]' in a clone, pip install "
                "'biggan-directions[video]' otherwise; or take --format webp"
            ) from error


def delay_of(format: Format, fps: float) -> float:
    """How long a frame is shown, in ms: whole for WebP and APNG, a multiple of 10 (20 at least) for GIF.

    >>> delay_of("gif", 24), delay_of("webp", 24), delay_of("mp4", 25)
    (40, 42, 40.0)
    """
    if format == "mp4":
        return 1000 / fps
    # Browsers take a GIF's delay below 20 ms for 100 ms.
    return max(20, 10 * math.floor(100 / fps + 0.5)) if format == "gif" else round(1000 / fps)


def sane_bytes(pixels: int) -> int:
    """How large an animation may be whose images, as they are generated, have ``pixels`` pixels in all.

    60 bytes each, but 1 MB at least and 10 MB at most: four samples of 64 pixels take 1 MB, of 128 pixels 4
    MB.

    >>> [sane_bytes(4 * side * side) for side in (64, 128, 512)]
    [1000000, 3932160, 10000000]
    """
    return min(max(60 * pixels, 1_000_000), 10_000_000)


def megabytes(size: int) -> str:
    """A size in MB, in words.

    >>> megabytes(983_040)
    '0.98 MB'
    """
    return f"{size / 1e6:.2g} MB" if size < 1e7 else f"{size / 1e6:.0f} MB"


def _write_gif(
    frames: list[Image.Image], path: Path, delay_ms: int, budget_bytes: int | None, comment: str
) -> str:
    """Write the best GIF within the budget, or the smallest there is; return in words what was given up."""
    for quality in LADDER:
        data = encode_gif(frames, delay_ms, quality=quality, comment=comment)
        if budget_bytes is None or len(data) <= budget_bytes:
            break
    path.write_bytes(data)
    if budget_bytes is None or not quality.words:
        return ""
    if len(data) > budget_bytes:
        over = f"{megabytes(len(data))}, over {megabytes(budget_bytes)} even with {quality.words}"
        return f"{over}; fewer --samples or --frames make it smaller"
    return f"{quality.words}, to stay under {megabytes(budget_bytes)}; --format webp keeps more"


def _write_with_pillow(
    frames: list[Image.Image], path: Path, format: Format, delay_ms: float, comment: str
) -> None:
    """WebP, lossy at a quality where the eye sees no loss, or APNG, without loss.

    Not through imageio, whose Pillow plugin writes the same bytes: it copies every frame (400 MB for an
    animation of 2 megapixels, where Pillow takes 34), and after a full disk it writes once more from a
    destructor and prints that traceback, too.
    """
    options: dict[str, Any]
    if format == "webp":
        exif = Image.Exif()
        exif[_IMAGE_DESCRIPTION] = comment
        options = {"format": "WEBP", "quality": 85, "method": 4, "exif": exif}
    else:
        text = PngImagePlugin.PngInfo()
        text.add_itxt("Comment", comment)
        options = {"format": "PNG", "default_image": False, "pnginfo": text}
    frames[0].save(path, save_all=True, append_images=frames[1:], duration=delay_ms, loop=0, **options)


def _write_mp4(frames: list[Image.Image], path: Path, fps: float, comment: str) -> None:
    """H.264 in yuv420p, which every browser plays; where a side is odd, a white line makes it even."""
    from imageio import v2 as imageio  # of the video extra

    ffmpeg_options = ["-crf", "17", "-preset", "medium", "-movflags", "+faststart"]
    try:
        writer: Any = imageio.get_writer(
            path,
            format="FFMPEG",
            fps=fps,
            codec="libx264",
            pixelformat="yuv420p",
            macro_block_size=1,  # by default frames are stretched to a multiple of 16 pixels
            ffmpeg_log_level="error",
            output_params=[*ffmpeg_options, "-metadata", f"comment={comment}"],
        )
        with writer:
            for frame in frames:
                odd = (0, frame.height % 2), (0, frame.width % 2), (0, 0)
                writer.append_data(np.pad(np.asarray(frame), odd, constant_values=255))
        # ffmpeg's exit status is not reported: a disk that was full at the very end shows only on reading
        reader: Any = imageio.get_reader(path, format="FFMPEG")
        with reader:
            written = reader.count_frames()
    except OSError as error:
        raise OSError("ffmpeg stopped before the end") from error
    if written != len(frames):
        raise OSError(f"ffmpeg wrote {written} frames of {len(frames)}")
