"""Files given by mistake are named; whatever might be directions is left to its reader."""

from pathlib import Path

import pytest
import torch
from PIL import Image

from biggan_directions.errors import FileFormatError
from biggan_directions.files.file_kind import check_kind


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("a.png", "a PNG image"),
        ("a.gif", "a GIF animation"),
        ("a.jpg", "a JPEG image"),
        ("a.webp", "a WebP image"),
    ],
)
def test_an_image_is_named_and_the_directions_beside_it_are_offered(
    name: str, kind: str, tmp_path: Path
) -> None:
    Image.new("RGB", (4, 4)).save(tmp_path / name)
    with pytest.raises(FileFormatError, match=f"is {kind}, not directions: give"):
        check_kind(tmp_path / name, "directions")
    (tmp_path / "directions.pt").touch()
    with pytest.raises(FileFormatError, match=r"did you mean .*directions\.pt\?"):
        check_kind(tmp_path / name, "directions")


@pytest.mark.parametrize("text", ["0.1 0.2\n", "é" * 2000, "a" + "é" * 2000])
def test_a_text_is_named_also_where_its_beginning_ends_within_a_character(text: str, tmp_path: Path) -> None:
    (tmp_path / "a.pt").write_text(text, encoding="utf-8")
    with pytest.raises(FileFormatError, match="is a text file"):
        check_kind(tmp_path / "a.pt", "directions")


def test_tensors_pass(tmp_path: Path) -> None:
    for older in (False, True):
        torch.save(torch.ones(3), tmp_path / "a.pt", _use_new_zipfile_serialization=not older)
        check_kind(tmp_path / "a.pt", "directions")
    (tmp_path / "a.pt").write_bytes(b"")
    check_kind(tmp_path / "a.pt", "directions")
