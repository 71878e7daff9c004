"""What torchrun tells a process of its place among others, before torch is imported."""

import os


def processes() -> int:
    """How many processes this run has: 1 where torchrun did not start it.

    >>> processes()
    1
    """
    return int(os.environ.get("WORLD_SIZE") or "1")


def leads() -> bool:
    """Whether this process is the one that prints and writes."""
    return processes() == 1 or os.environ.get("RANK", "0") == "0"
