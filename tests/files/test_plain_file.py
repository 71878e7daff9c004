"""What is opened is a regular file that is no larger than expected; a reader says so of anything else."""

import os
import socket
from pathlib import Path

import pytest

from biggan_directions.errors import FileFormatError
from biggan_directions.files.torch_file import read_torch_file


def test_what_is_not_a_file(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "folder").mkdir()
    (tmp_path / "round").symlink_to("round")
    (tmp_path / "zero").symlink_to("/dev/zero")
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(tmp_path / "socket"))
    for name in ("pipe", "folder", "round", "zero", "socket", "absent"):
        with pytest.raises(FileFormatError, match="cannot be read"):
            read_torch_file(tmp_path / name, largest=2**20, what="a test's file")
    with (tmp_path / "large").open("wb") as file:
        file.truncate(2**40)  # sparse: takes no room
    with pytest.raises(FileFormatError, match="too large"):
        read_torch_file(tmp_path / "large", largest=2**20, what="a test's file")
