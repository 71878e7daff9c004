"""PNG files: what they say of themselves, and that they are complete or not there."""

from pathlib import Path

import pytest
from PIL import Image

from biggan_directions.errors import OutputError
from biggan_directions.rendering.png_file import png_bytes, write_png


def test_the_file_is_a_png_for_print_and_says_where_it_comes_from(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "image.png"
    size = write_png(Image.new("RGB", (20, 10)), path, comment="seed 7, größer")
    image = Image.open(path)
    assert path.stat().st_size == size
    assert image.info["dpi"] == pytest.approx((300, 300), abs=0.1)
    assert image.info["Comment"] == "seed 7, größer"
    path.parent.joinpath("file").write_bytes(b"")
    with pytest.raises(OutputError, match="Cannot write"):
        write_png(Image.new("RGB", (20, 10)), path.parent / "file" / "image.png")


def test_text_of_any_script_is_kept(tmp_path: Path) -> None:
    text = {"Model": "größer 猫", "Command": "edit 'a b.pt'", "Empty": ""}
    (tmp_path / "image.png").write_bytes(png_bytes(Image.new("RGB", (3, 2), (1, 2, 3)), text))
    image = Image.open(tmp_path / "image.png")
    assert {key: image.info[key] for key in text} == text
    assert image.getpixel((2, 1)) == (1, 2, 3)
