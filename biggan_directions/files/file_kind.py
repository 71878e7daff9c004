"""Files that somebody gave by mistake: recognised by their first bytes and named in the error."""

import codecs
import contextlib
from pathlib import Path

from biggan_directions.errors import FileFormatError
from biggan_directions.files.plain_file import opened

_IMAGES = {
    b"\x89PNG": "a PNG image",
    b"GIF8": "a GIF animation",
    b"\xff\xd8\xff": "a JPEG image",
    b"RIFF": "a WebP image",
    b"\0\0\0\x1cftyp": "an MP4 video",
    b"\0\0\0\x20ftyp": "an MP4 video",
}
_HEAD = 512  # bytes


def kind_of(head: bytes) -> str:
    """What a file is that begins with ``head``: an image, a video, an array or a text; "" for anything else.

    >>> kind_of(b"GIF89a"), kind_of(b"0.1 0.2"), kind_of(bytes(8))
    ('a GIF animation', 'a text file', '')
    """
    for mark, kind in (*_IMAGES.items(), (b"\x93NUMPY", "an array of numpy.save")):
        if head.startswith(mark):
            return kind
    with contextlib.suppress(UnicodeDecodeError):
        decoder = codecs.getincrementaldecoder("utf-8")()
        text = decoder.decode(head, final=len(head) < _HEAD)  # a character may be cut at the end
        if text and all(character.isprintable() or character in "\t\r\n" for character in text):
            return "a text file"
    return ""


def check_kind(path: Path, what: str) -> None:
    """Refuse an image, a video or a text by name; any other content is left to the reader.

    Args:
        path: the file.
        what: what the file should be, for the error: "a file of directions".

    Raises:
        FileFormatError: it is one of these, or cannot be read.
    """
    with opened(path, largest=2**63) as (file, _):
        kind = kind_of(file.read(_HEAD))
    if kind in _IMAGES.values():
        beside = path.with_name("directions.pt")
        hint = f"did you mean {beside}?" if beside.is_file() else "give the directions.pt that it shows"
        raise FileFormatError(f"{path} is {kind}, not {what}: {hint}")
    if kind == "a text file":
        raise FileFormatError(
            f"{path} is {kind}, not {what}: save the matrix by torch.save as .pt or by numpy.save as .npy"
        )
    if kind:
        raise FileFormatError(f"{path} is {kind}, not {what}: give it a name that ends in .npy")
