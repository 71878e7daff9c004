"""Every format reads back as it was meant, and a file is whole or not there."""

import itertools
import sys
from collections.abc import Iterator
from pathlib import Path

import imageio_ffmpeg
import numpy as np
import pytest
from PIL import Image

from biggan_directions.errors import OutputError, UsageError
from biggan_directions.rendering.animation import SUFFIXES, delay_of, sane_bytes, write_animation
from biggan_directions.rendering.frames import render_loop
from biggan_directions.rendering.settings import Format, RenderSettings
from tests.support.disks import files_no_larger_than
from tests.support.standin import Discs, frames, read_frames, request

PILLOW: tuple[Format, ...] = ("gif", "webp", "apng")
FORMATS: tuple[Format, ...] = (*PILLOW, "mp4")


@pytest.mark.parametrize("format", PILLOW)
def test_pillow_reads_it_back(format: Format, tmp_path: Path) -> None:
    path = tmp_path / f"a{SUFFIXES[format]}"
    written = write_animation(frames(), path, format=format, fps=20, comment="seed 7")
    image = Image.open(path)
    shown, durations = read_frames(image)
    original = list(frames())
    assert len(shown) == written.frames == 12
    assert sum(durations) == written.duration_ms == 600
    assert image.info["loop"] == 0
    assert image.size == (written.width, written.height) == original[0].size
    assert written.size_bytes == path.stat().st_size
    assert b"seed 7" in path.read_bytes()
    worst = max(np.abs(a.astype(float) - np.asarray(b)).mean() for a, b in zip(shown, original, strict=True))
    assert worst == 0 if format == "apng" else worst < 5


@pytest.mark.parametrize("fps", [20, 12.5])
def test_ffmpeg_reads_mp4_back_as_what_browsers_play(fps: float, tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    written = write_animation(frames(), path, format="mp4", fps=fps, comment="seed 7")
    reader = imageio_ffmpeg.read_frames(str(path))
    meta = next(reader)
    read = [np.frombuffer(frame, np.uint8).reshape(*meta["size"][::-1], 3) for frame in reader]
    assert len(read) == written.frames == 12
    assert meta["codec"] == "h264"
    assert meta["pix_fmt"].startswith("yuv420p")
    assert meta["fps"] == fps
    assert meta["duration"] == pytest.approx(12 / fps, abs=0.02)
    assert written.duration_ms == round(12_000 / fps)
    assert meta["size"] == (written.width, written.height)
    for shown, frame in zip(read, frames(), strict=True):
        assert np.abs(shown[: frame.height, : frame.width].astype(float) - np.asarray(frame)).mean() < 6
    # players can start before the whole file is there
    assert path.read_bytes().index(b"moov") < path.read_bytes().index(b"mdat")


def test_odd_sides_are_made_even_for_mp4(tmp_path: Path) -> None:
    blue = [Image.new("RGB", (33, 21), (90, 90, 200))] * 4
    written = write_animation(blue, tmp_path / "a.mp4", format="mp4")
    assert (written.width, written.height) == (34, 22)
    meta, first, *_ = imageio_ffmpeg.read_frames(str(tmp_path / "a.mp4"))
    assert meta["size"] == (34, 22)
    shown = np.frombuffer(first, np.uint8).reshape(22, 34, 3)
    assert shown[:, -1, 0].min() > 200  # the added column and row are white
    assert shown[-1, :, 0].min() > 200
    assert shown[:20, :32, 0].max() < 130


@pytest.mark.parametrize("format", FORMATS)
def test_the_total_duration_holds_where_nothing_changes(format: Format, tmp_path: Path) -> None:
    """Encoders merge equal neighbours: a direction along which little happens is still as long as another."""
    still, other = (Image.new("RGB", (32, 32), (level, 40, 90)) for level in (200, 60))
    path = tmp_path / f"a{SUFFIXES[format]}"
    write_animation([still, still, still.copy(), other, other, still], path, format=format, fps=20)
    if format == "mp4":
        count, seconds = imageio_ffmpeg.count_frames_and_secs(str(path))
        assert (count, round(1000 * seconds)) == (6, 300)
    else:
        assert sum(read_frames(Image.open(path))[1]) == 300


@pytest.mark.parametrize(
    ("fps", "gif_ms"),
    [(1, 1000), (10, 100), (12, 80), (16, 60), (20, 50), (24, 40), (25, 40), (30, 30), (50, 20)],
)
def test_a_gif_keeps_the_nearest_steady_rhythm(fps: float, gif_ms: int, tmp_path: Path) -> None:
    assert delay_of("gif", fps) == gif_ms
    written = write_animation(frames(4), tmp_path / "a.gif", format="gif", fps=fps)
    assert written.duration_ms == 4 * gif_ms == sum(read_frames(Image.open(tmp_path / "a.gif"))[1])


def test_over_budget_a_gif_gives_something_up_and_says_what(tmp_path: Path) -> None:
    path = tmp_path / "a.gif"
    free = write_animation(frames(), path, format="gif")
    assert free.trade == ""
    tight = write_animation(frames(), path, format="gif", budget_bytes=free.size_bytes - 1)
    assert tight.size_bytes < free.size_bytes
    assert "no dithering" in tight.trade
    assert "webp" in tight.trade
    never = write_animation(frames(), path, format="gif", budget_bytes=10)
    assert "64 colours" in never.trade
    assert "over" in never.trade
    lossless = write_animation(frames(), tmp_path / "a.png", format="apng", budget_bytes=10)
    assert "every colour is kept" in lossless.trade


def test_a_toybox_direction_is_within_a_megabyte(tmp_path: Path) -> None:
    shown = request(4, indices=(4,), names=["backdrop"] * 6, effects=[0.2] * 6)
    loop = render_loop(Discs(64), shown, settings=RenderSettings())
    written = write_animation(loop, tmp_path / "a.gif", format="gif", budget_bytes=sane_bytes(4 * 64 * 64))
    assert written.trade == ""
    assert written.size_bytes < 1_000_000


@pytest.mark.parametrize("format", FORMATS)
def test_frames_that_stop_half_way_leave_the_old_file_and_nothing_else(
    format: Format, tmp_path: Path
) -> None:
    path = tmp_path / f"a{SUFFIXES[format]}"
    path.write_bytes(b"old")

    def broken() -> Iterator[Image.Image]:
        yield from itertools.islice(frames(), 2)
        raise RuntimeError("the generator failed")

    with pytest.raises(RuntimeError, match="the generator failed"):
        write_animation(broken(), path, format=format)
    assert path.read_bytes() == b"old"
    assert [entry.name for entry in tmp_path.iterdir()] == [path.name]


@pytest.mark.parametrize("format", FORMATS)
def test_where_it_cannot_write_it_says_so_in_a_sentence(format: Format, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    says = r"^Cannot write .*a\.x: .*\. Free some space or choose another --out\.$"
    with pytest.raises(OutputError, match=says):
        write_animation(frames(4), tmp_path / "file" / "a.x", format=format)
    taken = tmp_path / "taken.gif"
    (taken / "inside").mkdir(parents=True)
    with pytest.raises(OutputError, match=r"^Cannot write .*taken\.gif: "):
        write_animation(frames(4), taken, format=format if format != "mp4" else "gif")
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["file", "taken.gif"]


@pytest.mark.parametrize("format", FORMATS)
def test_a_disk_that_fills_up_leaves_the_old_file(format: Format, tmp_path: Path) -> None:
    path = tmp_path / f"a{SUFFIXES[format]}"
    path.write_bytes(b"old")
    with files_no_larger_than(500), pytest.raises(OutputError, match="Cannot write"):
        write_animation(frames(), path, format=format)
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_without_the_video_extra_mp4_says_how_to_get_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setitem(sys.modules, "imageio_ffmpeg", None)
    with pytest.raises(
        UsageError, match=r"pip install '\.\[video\]' in a clone, pip install 'biggan-directions\[video\]'"
    ):
        write_animation(frames(4), tmp_path / "a.mp4", format="mp4")
    assert not list(tmp_path.iterdir())


def test_no_frames_and_unknown_formats_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no frames"):
        write_animation([], tmp_path / "a.gif", format="gif")
    with pytest.raises(UsageError, match=r"'bmp'.*gif, webp, apng, mp4"):
        write_animation(frames(4), tmp_path / "a.bmp", format="bmp")  # type: ignore[arg-type]
