"""Samples moved along several directions at once, as an image or as the animation from here to there."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from biggan_directions.errors import OutputError, UsageError
from biggan_directions.rendering.edit import edit_format, edit_png, write_edit
from biggan_directions.rendering.edit_record import EditRecord
from biggan_directions.rendering.images import to_bytes
from biggan_directions.rendering.settings import RenderSettings
from biggan_directions.traversal import apply_moves
from biggan_directions.version import __version__
from tests.support.standin import Discs, directions, latents, request

MOVES = {0: 1.5, 3: -1.0}
SETTINGS = RenderSettings(samples=2, frames=8, seed=7)


def test_a_png_is_the_samples_moved_side_by_side(tmp_path: Path) -> None:
    file = write_edit(Discs(), request(2), MOVES, tmp_path / "moved.png", settings=SETTINGS)
    image = Image.open(file.path)
    shown = np.asarray(image).astype(int)
    expected = to_bytes(Discs()(apply_moves(latents(2), directions(), MOVES))).astype(int)
    assert np.array_equal(shown[:, :32], expected[0])
    assert np.array_equal(shown[:, -32:], expected[1])
    assert image.info["Comment"] == "biggan-directions: direction 0 +1.5, direction 3 −1.0, seed 7"
    assert file.size_bytes == file.path.stat().st_size
    assert file.animation is None


@pytest.mark.parametrize("suffix", [".gif", ".webp", ".apng", ".mp4"])
def test_any_other_suffix_is_the_animation_that_its_name_says(suffix: str, tmp_path: Path) -> None:
    file = write_edit(Discs(), request(2), MOVES, tmp_path / f"way{suffix}", settings=SETTINGS)
    assert file.animation is not None
    assert (file.animation.frames, file.animation.duration_ms) == (8, 400)
    content = file.path.read_bytes()
    magic = {".gif": b"GIF89a", ".webp": b"WEBP", ".apng": b"acTL", ".mp4": b"ftyp"}
    assert magic[suffix] in content[:256]
    assert b"seed 7" in content


def test_a_png_says_how_it_was_made(tmp_path: Path) -> None:
    record = EditRecord(
        path="d.pt",
        directions_sha256="c0ffee",
        model="discs",
        class_names=("disc",),
        truncation=1.0,
        seed=7,
        samples=(0,),
        moves=MOVES,
    )
    path = tmp_path / "moved.png"
    write_edit(Discs(), request(1), MOVES, path, settings=SETTINGS, record=record)
    text = Image.open(path).info
    assert text.items() >= record.text().items()
    assert text["Software"] == f"biggan-directions {__version__}"
    assert path.read_bytes() == edit_png(Discs(), request(1), MOVES, settings=SETTINGS, record=record)


def test_what_cannot_be_written_is_refused_before_anything_is_drawn(tmp_path: Path) -> None:
    generator = Discs()
    (tmp_path / "file").write_bytes(b"")
    for path, kind, said in (
        (tmp_path / "way.avi", UsageError, r"ends with '\.avi': expected \.png .* or \.gif"),
        (tmp_path / "file" / "way.gif", OutputError, "is not a folder"),
    ):
        with pytest.raises(kind, match=said):
            write_edit(generator, request(2), MOVES, path, settings=SETTINGS)
    with pytest.raises(UsageError, match="no direction 6"):
        write_edit(generator, request(2), {6: 1.0}, tmp_path / "a.png", settings=SETTINGS)
    assert generator.drawn == 0


def test_the_suffix_says_the_format_whatever_its_case(tmp_path: Path) -> None:
    assert edit_format(tmp_path / "a.GIF") == "gif"
    assert edit_format(tmp_path / "a.Png") is None
