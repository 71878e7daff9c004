"""A file that is a file: no pipe that never ends, no device, and no larger than what is expected."""

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from io import BufferedReader
from pathlib import Path

from biggan_directions.errors import FileFormatError


@contextmanager
def opened(path: Path, largest: int) -> Iterator[tuple[BufferedReader, int]]:
    """Open ``path`` for reading, and give its size in bytes with it.

    Args:
        path: of the file.
        largest: the most bytes that such a file has.

    Raises:
        FileFormatError: it is absent, cannot be read, is not a regular file, or is larger.
    """
    flags = os.O_RDONLY | getattr(os, "O_BINARY", 0) | getattr(os, "O_NONBLOCK", 0)  # a pipe would block here
    try:
        with open(os.open(path, flags), "rb") as file:
            found = os.fstat(file.fileno())
            if not stat.S_ISREG(found.st_mode):
                raise FileFormatError(f"{path} cannot be read: it is not a regular file")
            if found.st_size > largest:
                raise FileFormatError(
                    f"{path} is too large: it has {found.st_size} bytes, expected at most {largest}"
                )
            yield file, found.st_size
    except OSError as error:
        raise FileFormatError(f"{path} cannot be read: {error.strerror or error}") from error
