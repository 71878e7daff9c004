"""PNG files: an image with text beside it that says where it comes from."""

import io
from collections.abc import Mapping
from pathlib import Path

from PIL import Image, PngImagePlugin

from biggan_directions.files.atomic_write import write_whole

_DOTS_PER_INCH = 300


def png_bytes(image: Image.Image, text: Mapping[str, str]) -> bytes:
    """Encode ``image`` as PNG, at 300 dots per inch, with a text chunk for each entry of ``text``."""
    chunks = PngImagePlugin.PngInfo()
    for keyword, value in text.items():
        chunks.add_itxt(keyword, value)
    content = io.BytesIO()
    image.save(content, "PNG", dpi=(_DOTS_PER_INCH, _DOTS_PER_INCH), pnginfo=chunks)
    return content.getvalue()


def write_png(image: Image.Image, path: Path, *, comment: str = "") -> int:
    """Write ``image`` to ``path`` with a comment, and return the file's size in bytes.

    Raises:
        OutputError: the file cannot be written.
    """
    content = png_bytes(image, {"Comment": comment})
    write_whole(path, content)
    return len(content)
