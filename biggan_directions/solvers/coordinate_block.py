"""A block of z's coordinates: the part that is searched, as users name it."""

from __future__ import annotations

import re
from dataclasses import dataclass

import torch

from biggan_directions.errors import UsageError
from biggan_directions.generators import chosen_layers

PARTS = chosen_layers.PARTS  # thirds of z are called as thirds of the layers are
"""The thirds of z, in order: in a hierarchical z, those of the first, the middle and the last layers."""


@dataclass(frozen=True, kw_only=True)
class Block:
    """A range of z's coordinates, and whether only its most active dimensions are searched.

    Attributes:
        spec: the text from which it was parsed.
        start: first coordinate.
        stop: one past the last coordinate.
        active: whether to keep only the most active dimensions.
    """

    spec: str
    start: int
    stop: int
    active: bool

    @property
    def size(self) -> int:
        """The number of coordinates."""
        return self.stop - self.start

    def placed(self, rows: torch.Tensor, z_dim: int) -> torch.Tensor:
        """Rows over these coordinates ``(n, size)`` as rows over all of z ``(n, z_dim)``, float64.

        >>> parse_search_space("1:3", 4).placed(torch.ones(1, 2), 4).tolist()
        [[0.0, 1.0, 1.0, 0.0]]
        """
        placed = torch.zeros(len(rows), z_dim, dtype=torch.float64)
        placed[:, self.start : self.stop] = rows
        return placed


def parse_search_space(spec: str, z_dim: int) -> Block:
    """Parse ``active``, ``all``, a third of z by its name in :data:`PARTS`, or ``START:STOP``.

    Args:
        spec: the text; either end of ``START:STOP`` may be omitted.
        z_dim: number of coordinates of z.

    Raises:
        UsageError: it is none of these, or is not within z.

    >>> parse_search_space("40:80", 128).size
    40
    >>> parse_search_space("mid", 120).start
    40
    """
    if spec in ("active", "all"):
        return Block(spec=spec, start=0, stop=z_dim, active=spec == "active")
    if spec in PARTS:
        third, rest = divmod(z_dim, len(PARTS))
        if rest:
            raise UsageError(
                f"search space {spec} is a third of z, and a z of {z_dim} numbers has no thirds: give its "
                f"coordinates instead, as START:STOP such as 0:{third}"
            )
        place = PARTS.index(spec)
        return Block(spec=spec, start=place * third, stop=(place + 1) * third, active=False)
    found = re.fullmatch(r"(\d*):(\d*)", spec, flags=re.ASCII)
    if not found:
        raise UsageError(
            f"search space '{spec}' is unknown: expected active, all, coarse, mid, fine, or "
            f"START:STOP such as 0:{z_dim}"
        )
    start, stop = int(found[1] or 0), int(found[2] or z_dim)
    if not 0 <= start < stop <= z_dim:
        raise UsageError(f"search space {spec} is not within z: expected 0 <= START < STOP <= {z_dim}")
    return Block(spec=spec, start=start, stop=stop, active=False)


def check_sizes(block: Block, *, ndirs: int, dims: int | None) -> None:
    """Check that the numbers of directions and dimensions fit each other and the block.

    Raises:
        UsageError: as in :meth:`Survey.space`.
    """
    if ndirs < 1:
        raise UsageError(f"ndirs must be 1 or more, got {ndirs}")
    if ndirs > block.size:
        raise UsageError(
            f"{ndirs} directions do not fit in search space {block.spec}, which has {block.size} dimensions: "
            f"ask for --ndirs {block.size} or fewer"
        )
    if dims is not None and not ndirs <= dims <= block.size:
        raise UsageError(
            f"search dims must lie between the {ndirs} directions asked for and the {block.size} dimensions "
            f"of search space {block.spec}, got {dims}"
        )
