"""Disks that are full, small or read-only: the kernel's own, not pretended."""

import contextlib
import os
import resource
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest


@contextlib.contextmanager
def files_no_larger_than(size: int) -> Iterator[None]:
    """The kernel refuses to write more, as a full disk does."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@contextlib.contextmanager
def small_disk(place: Path, size: int) -> Iterator[Path]:
    """A disk of ``size`` bytes mounted at ``place``; the test is skipped where it cannot be mounted."""
    place.mkdir()
    mounted = os.geteuid() == 0 and not _mount("-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(place))
    if not mounted:
        pytest.skip("a disk can be mounted by root alone")
    try:
        yield place
    finally:
        subprocess.run(["umount", "--lazy", str(place)], check=True)


def make_read_only(place: Path) -> None:
    """Mount the disk at ``place`` again such that nothing can be written."""
    assert _mount("-o", "remount,ro", str(place)) == 0


def _mount(*arguments: str) -> int:
    return subprocess.run(["mount", *arguments], capture_output=True, check=False).returncode
