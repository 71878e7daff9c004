"""Writing: faults in write, flush and rename lose nothing; what the killed leave is cleared."""

import errno
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from biggan_directions.errors import OutputError
from biggan_directions.files.atomic_write import clear_remains, replacing, write_whole
from tests.support.disks import files_no_larger_than, small_disk


def failing(call: Callable[..., Any], reason: int) -> Callable[..., Any]:
    """``call`` as a disk that is full or broken answers it."""

    def failed(*_arguments: Any, **_named: Any) -> Any:
        raise OSError(reason, os.strerror(reason))

    return failed


@pytest.mark.parametrize("call", ["fsync", "replace"])
@pytest.mark.parametrize("reason", [errno.ENOSPC, errno.EIO, errno.EROFS])
def test_a_fault_in_flush_or_rename_loses_nothing(
    call: str, reason: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "file.pt"
    write_whole(path, b"good")
    monkeypatch.setattr(os, call, failing(getattr(os, call), reason))
    with pytest.raises(OutputError, match=os.strerror(reason)):
        write_whole(path, b"newer")
    assert path.read_bytes() == b"good"
    assert list(tmp_path.iterdir()) == [path]


def test_a_fault_in_write_loses_nothing(tmp_path: Path) -> None:
    path = tmp_path / "file.pt"
    write_whole(path, b"good")
    with files_no_larger_than(10), pytest.raises(OutputError, match="File too large"):
        write_whole(path, b"x" * 100)
    assert path.read_bytes() == b"good"
    assert list(tmp_path.iterdir()) == [path]


def test_a_full_disk_loses_nothing(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", 64 * 1024) as folder:
        path = folder / "file.pt"
        write_whole(path, b"good")
        with pytest.raises(OutputError, match=r"No space left on device\. Free some space"):
            write_whole(path, b"x" * 10**6)
        assert path.read_bytes() == b"good"
        assert list(folder.iterdir()) == [path]
        write_whole(path, b"newer")
        assert path.read_bytes() == b"newer"


def test_content_is_on_the_disk_before_its_name_and_its_name_before_the_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In this order a power cut at any moment leaves the old file or the new one."""
    seen: list[str] = []
    flush, rename = os.fsync, os.replace

    def fsync(descriptor: int) -> None:
        seen.append(f"flush {Path(os.readlink(f'/proc/self/fd/{descriptor}')).name}")
        flush(descriptor)

    def replace(source: Path, target: Path) -> None:
        seen.append(f"rename {source.name} {target.name}")
        rename(source, target)

    monkeypatch.setattr(os, "fsync", fsync)
    monkeypatch.setattr(os, "replace", replace)
    write_whole(tmp_path / "a.pt", b"new")
    beside = f".a.{os.getpid()}.part.pt"
    assert seen == [f"flush {beside}", f"rename {beside} a.pt", f"flush {tmp_path.name}"]


def test_only_what_the_dead_left_is_cleared(tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", ""]) as ended:
        ended.wait()
    left = tmp_path / f".direction_00.{ended.pid}.part.gif"
    left.write_bytes(b"half")
    others = {".hidden", "direction_00.gif", ".a.b.part.gif", f"a.{ended.pid}.part.gif"}
    for name in others:
        (tmp_path / name).write_bytes(b"")
    with replacing(tmp_path / "here.gif") as beside:
        beside.write_bytes(b"whole")
        clear_remains(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == others | {"here.gif"}


def test_on_windows_no_process_is_sent_a_signal_and_nothing_is_cleared(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """There os.kill with 0 is Ctrl-C."""
    left = tmp_path / f".a.{os.getpid()}.part.gif"
    left.write_bytes(b"half")
    sent: list[int] = []
    monkeypatch.setattr(os, "kill", lambda process, _signal: sent.append(process))
    monkeypatch.setattr(sys, "platform", "win32")
    clear_remains(tmp_path)
    assert left.exists()
    assert sent == []
