"""A published set of directions: where it is from, what it is of, and how its authors show it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

MODEL, RESOLUTION, Z_DIM = "biggan-128", 128, 120
"""The generator that all of them are of: ajbrock/BigGAN-PyTorch at 128 pixels, 138,000 iterations."""
SAMPLES = 6  # n_samples of the official utils.py
Part = Literal["all", "coarse", "mid", "fine"]


@dataclass(frozen=True, kw_only=True)
class Publication:
    """A repository with directions in it.

    Attributes:
        paper: in words, with its number.
        repository, commit: on github.com, and when it was read.
        folder: of the files, in the repository.
        license, copyright: of the files.
        license_file: its text, beside this module.
    """

    paper: str
    repository: str
    commit: str
    folder: str
    license: str
    copyright: str
    license_file: str


@dataclass(frozen=True, kw_only=True)
class PublishedSet:
    """A published matrix of directions.

    Attributes:
        name: what it is called here.
        publication: where it is from.
        file: its name there.
        sha256: of the published file.
        class_index: in ImageNet, on which it was learnt.
        part: of z, in which it was learnt.
        path_size: how far its authors' script moves along each direction to either side, in units of z.
        seed: of the latents that the script shows.
        effects: what its authors say that a direction does, by the direction's index.
    """

    name: str
    publication: Publication
    file: str
    sha256: str
    class_index: int
    part: Part
    path_size: float
    seed: int
    effects: Mapping[int, str] = field(default_factory=dict)

    @property
    def rows(self) -> int:
        """How many directions it has: as many as its part of z has numbers."""
        return Z_DIM if self.part == "all" else Z_DIM // 3

    @property
    def names(self) -> tuple[str, ...]:
        """A name for each direction, "" where its authors give none."""
        return tuple(self.effects.get(index, "") for index in range(self.rows))
