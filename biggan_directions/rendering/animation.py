"""Animations as files: GIF, WebP, APNG, MP4. Steady in rhythm, and whole or not there."""

import importlib
import itertools
import math
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, PngImagePlugin

from biggan_directions.errors import UsageError
from biggan_directions.files.atomic_write import replacing
from biggan_directions.rendering.gif import LADDER, encode_gif
from biggan_directions.rendering.settings import Format

SUFFIXES: dict[Format, str] = {"gif": ".gif", "webp": ".webp", "apng": ".png", "mp4": ".mp4"}


@dataclass(frozen=True, kw_only=True)
class Animation:
    """A file as it was written; ``trade`` says in words what was given up for its size, "" if nothing was."""

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
    """Write ``frames`` to ``path``, taking them as they come; what was there is replaced when all is well.

    A GIF over ``budget_bytes`` is written again with less, and ``Animation.trade`` says what went; the other
    formats only say that they are over it. MP4 has no loop of its own: it holds one turn.

    Args:
        frames: pictures of one size; the same object again is the same picture again.
        path: where to.
        format: gif, webp, apng or mp4.
        fps: frames a second, 1 to 50; see :func:`delay_of` for what a format makes of it.
        budget_bytes: how large a sane file is; None: any size.
        comment: kept in the file for whoever finds it alone.

    Returns:
        What was written.

    Raises:
        UsageError: no frames, an unknown format, or MP4 without the ``[video]`` extra.
        OutputError: the file cannot be written.
    """
    check_format(format)
    stream = iter(frames)
    first = next(stream, None)
    if first is None:
        raise UsageError("There are no frames to write.")
    counted = _Counted(itertools.chain([first], stream))
    delay_ms = delay_of(format, fps)
    with replacing(path) as beside:
        if format == "gif":
            trade = _write_gif(counted, beside, delay_ms, budget_bytes, comment)
        elif format == "mp4":
            _write_mp4(counted, first.size, beside, fps, comment)
            trade = ""
        else:
            _write_with_pillow(list(counted), beside, format, delay_ms, comment)
            trade = ""
        size = os.stat(beside).st_size
    if format != "gif" and budget_bytes is not None and size > budget_bytes:
        trade = f"{megabytes(size)}, over {megabytes(budget_bytes)}"
        trade += ": every colour is kept; --format gif or webp is smaller" if format == "apng" else ""
    width, height = (
        first.size if format != "mp4" else (first.width + first.width % 2, first.height + first.height % 2)
    )
    return Animation(
        path=path,
        width=width,
        height=height,
        frames=counted.count,
        duration_ms=round(counted.count * delay_ms),
        size_bytes=size,
        trade=trade,
    )


def check_format(format: Format) -> None:
    """Raise a ``UsageError`` where ``format`` is unknown, or needs what is not installed."""
    if format not in SUFFIXES:
        raise UsageError(f"format is {format!r}: expected one of {', '.join(SUFFIXES)}.")
    if format == "mp4":
        try:
            importlib.import_module("imageio_ffmpeg")
        except ImportError as error:
            raise UsageError(
                'MP4 needs the video extra: pip install "biggan-directions[video]", or take --format webp.'
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
    """How large an animation may sanely be whose pictures, as they are drawn, have ``pixels`` pixels in all.

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


class _Counted:
    """Frames that are counted as they pass."""

    def __init__(self, frames: Iterator[Image.Image]) -> None:
        self._frames, self.count = frames, 0

    def __iter__(self) -> Iterator[Image.Image]:
        for frame in self._frames:
            self.count += 1
            yield frame


def _write_gif(
    frames: Iterable[Image.Image], path: Path, delay_ms: float, budget_bytes: int | None, comment: str
) -> str:
    """Write the best GIF within the budget, or the smallest there is; return in words what was given up."""
    held = list(frames)
    for quality in LADDER:
        data = encode_gif(held, round(delay_ms), quality=quality, comment=comment)
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
    """WebP, lossy at a quality where the eye sees no loss, or APNG, without loss."""
    first, rest = frames[0], frames[1:]
    if format == "webp":
        exif = Image.Exif()
        exif[0x010E] = comment  # ImageDescription
        first.save(
            path,
            "WEBP",
            save_all=True,
            append_images=rest,
            duration=delay_ms,
            loop=0,
            quality=85,
            method=4,
            exif=exif,
        )
    else:
        text = PngImagePlugin.PngInfo()
        text.add_itxt("Comment", comment)
        first.save(
            path,
            "PNG",
            save_all=True,
            append_images=rest,
            duration=delay_ms,
            loop=0,
            default_image=False,
            pnginfo=text,
        )


def _write_mp4(
    frames: Iterable[Image.Image], size: tuple[int, int], path: Path, fps: float, comment: str
) -> None:
    """H.264 in yuv420p, which every browser plays; where a side is odd, a white line makes it even."""
    ffmpeg = importlib.import_module("imageio_ffmpeg")
    even = size[0] + size[0] % 2, size[1] + size[1] % 2
    writer = ffmpeg.write_frames(
        str(path),
        even,
        pix_fmt_in="rgb24",
        pix_fmt_out="yuv420p",
        fps=fps,
        codec="libx264",
        quality=None,
        macro_block_size=1,
        ffmpeg_log_level="error",
        output_params=[
            "-crf",
            "17",
            "-preset",
            "medium",
            "-movflags",
            "+faststart",
            "-metadata",
            f"comment={comment}",
        ],
    )
    try:
        writer.send(None)
        for frame in frames:
            page = Image.new("RGB", even, "white")
            page.paste(frame, (0, 0))
            writer.send(np.asarray(page))
    except OSError as error:
        raise OSError("ffmpeg stopped before the end") from error
    finally:
        writer.close()
    # ffmpeg's exit status is out of reach: a disk full at the very end shows when the file is read again
    try:
        ffmpeg.count_frames_and_secs(str(path))
    except RuntimeError as error:
        raise OSError("ffmpeg did not finish it") from error
