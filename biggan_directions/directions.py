"""A file of directions: the matrix, the model and classes it belongs to, and how it was made."""

from __future__ import annotations

import io
import unicodedata
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import torch

from biggan_directions.bare_matrix import checked_matrix, orthonormality_error, placed_in_z
from biggan_directions.errors import FileFormatError, UsageError
from biggan_directions.files.array_file import SUFFIXES, read_array_file
from biggan_directions.files.atomic_write import write_whole
from biggan_directions.files.directions_content import LONGEST_NAME, read_content
from biggan_directions.files.escaping import printable
from biggan_directions.files.file_kind import check_kind
from biggan_directions.files.torch_file import read_torch_file
from biggan_directions.generators import Generator
from biggan_directions.generators.chosen_layers import EVERY, layers_text
from biggan_directions.generators.classes.class_table import ImageClass
from biggan_directions.learning.result import Solution
from biggan_directions.scores import STABLE
from biggan_directions.version import made_with

FORMAT = "biggan-directions/1"
_LARGEST_FILE = 64 * 2**20  # bytes; 4096 directions of 4096 numbers
_ORTHONORMAL = 1e-4


@dataclass(frozen=True, kw_only=True, eq=False)
class Directions:
    """Orthonormal directions in a model's latent space.

    Attributes:
        directions: ``(ndirs, z_dim)`` float32, orthonormal rows.
        names: one per direction; "" for a direction without a name.
        effect: ``(ndirs,)`` RMS image change, on the scale [-1, 1], per unit of z; NaN where not measured.
        penalty: ``(ndirs,)`` share of the row's Hessian energy off the diagonal, a mean over latents; NaN
            where there is none. :func:`~biggan_directions.measured.measured` gives the figures to show.
        stability: ``(ndirs,)`` |cos| between each direction's counterparts in the two halves of the latents
            at which it was learnt, in [0, 1]; NaN for one on which the image does not depend. None where
            the solver could not tell.
        linear: whether the image is linear along it, one per direction; None where that is not known.
        model: name, resolution, z_dim, weights_sha256; empty for a foreign file.
        classes: the classes on which they were learnt.
        layers: indices of the model's layers at which the directions act: the others meet z as it is. None
            for all, as a move of z does.
        truncation, seed, solver, made_with, license: how they were made; solver holds every setting.
        distance: ``(ndirs,)`` how far a traversal goes to either side, in units of z; None, and NaN for one
            direction, where that is chosen from its effect.
        rendering: the settings of :class:`~biggan_directions.rendering.RenderSettings` with which the
            directions are shown, where they are not the defaults.
        source: where directions of others are from, in words: paper, repository, commit, file …
        error_in_file: the largest entry of ``|QQᵀ − I|`` of a bare matrix before it was made orthonormal;
            None for any other.
        at_other_layers: whether ``layers`` are others than those of the file: see :meth:`at`.
    """

    directions: torch.Tensor
    names: tuple[str, ...]
    effect: torch.Tensor
    penalty: torch.Tensor
    stability: torch.Tensor | None = None
    linear: tuple[bool, ...] | None = None
    model: dict[str, Any] = field(default_factory=dict)
    classes: tuple[ImageClass, ...] = ()
    layers: tuple[int, ...] | None = None
    truncation: float | None = None
    seed: int | None = None
    solver: dict[str, Any] = field(default_factory=dict)
    made_with: dict[str, str] = field(default_factory=dict)
    license: str = ""
    distance: torch.Tensor | None = None
    rendering: dict[str, Any] = field(default_factory=dict)
    source: dict[str, str] = field(default_factory=dict)
    error_in_file: float | None = None
    at_other_layers: bool = False

    def __post_init__(self) -> None:
        count = len(self.directions)
        for key in ("names", "effect", "penalty", "stability", "linear", "distance"):
            if (known := getattr(self, key)) is not None and len(known) != count:
                raise FileFormatError(f"{key} must have one entry for each of {count} directions")

    def __len__(self) -> int:
        return len(self.directions)

    @property
    def z_dim(self) -> int:
        """Length of a latent."""
        return int(self.directions.shape[1])

    @property
    def foreign(self) -> bool:
        """Whether the file does not name its model."""
        return not self.model

    @property
    def at_layers(self) -> str:
        """The layers as a user types them: such as ``0-3``, or ``all``."""
        return EVERY if self.layers is None else layers_text(self.layers)

    def at(self, layers: tuple[int, ...] | None) -> Directions:
        """The same directions at other layers, None for all: what was measured of them is not known there."""
        if layers == self.layers:
            return self
        unknown = torch.full_like(self.effect, float("nan"))
        return replace(self, layers=layers, effect=unknown, penalty=unknown, at_other_layers=True)

    @property
    def score_latents(self) -> int | None:
        """At how many fresh latents effect and penalty were measured, None where that is not known."""
        found = self.solver.get("score_latents")
        return found if type(found) is int else None

    @property
    def agreement(self) -> float:
        """Stability from which a direction counts as found again: what learning was asked for, or 0.98."""
        asked = self.solver.get("agreement")
        return asked if isinstance(asked, float) and 0 < asked < 1 else STABLE

    def orthonormality_error(self) -> float:
        """The largest entry of ``|QQᵀ − I|``."""
        return orthonormality_error(self.directions)

    def move(self, z: torch.Tensor, index: int, distance: float) -> torch.Tensor:
        """``z (N, z_dim)`` moved by ``distance``, in units of z, along direction ``index``.

        Where the directions act at some layers only, ``ChosenLayers.latents`` gives the latents of all layers
        from z and the result.
        """
        if not 0 <= index < len(self):
            raise UsageError(f"there is no direction {index}: this file has 0 to {len(self) - 1}")
        if z.shape[-1] != self.z_dim:
            raise UsageError(f"z must have {self.z_dim} numbers, got {z.shape[-1]}")
        return z + distance * self.directions[index].to(z)

    def named(self, names: dict[int, str]) -> Directions:
        """A copy in which some directions have new names, without spaces around them; "" takes a name away.

        Raises:
            UsageError: an index that no direction has, or a name that is a number, too long, or another
                direction's.
        """
        for index, name in names.items():
            if not 0 <= index < len(self):
                raise UsageError(f"there is no direction {index}: this file has 0 to {len(self) - 1}")
            if _plain(name).isdecimal():
                raise UsageError(
                    f"'{printable(name)}' is a number, which is not a name: directions have numbers already"
                )
            if len(name) > LONGEST_NAME:
                raise UsageError(f"the name has {len(name)} characters: expected at most {LONGEST_NAME}")
        chosen = tuple(names[i].strip() if i in names else old for i, old in enumerate(self.names))
        for index in names:
            for other, name in enumerate(chosen):
                if other != index and name and _plain(name) == _plain(chosen[index]):
                    raise UsageError(
                        f"direction {other} is named '{printable(name)}' already: choose another name"
                    )
        return replace(self, names=chosen)

    @classmethod
    def of(cls, solution: Solution, generator: Generator, seed: int) -> Directions:
        """Combine a solution with the generator and seed from which it was learnt."""
        compiled = getattr(generator, "is_compiled", False)  # its images differ in the last bits
        return cls(
            directions=solution.directions,
            names=("",) * len(solution.directions),
            effect=solution.effect,
            penalty=solution.penalty,
            stability=solution.stability,
            linear=solution.linear,
            model={
                "name": generator.model,
                "resolution": generator.resolution,
                "z_dim": generator.z_dim,
                "weights_sha256": generator.weights_sha256,
            },
            classes=generator.classes,
            layers=solution.layers,
            truncation=generator.truncation,
            seed=seed,
            solver=solution.solver,
            made_with={**made_with(), **({"forward pass": "compiled"} if compiled else {})},
            license=generator.license,
        )

    def to_bytes(self) -> bytes:
        """The file's content: see docs/file-format.md."""
        plain = {
            "format": FORMAT,
            "directions": self.directions.contiguous(),
            "names": list(self.names),
            "effect": self.effect,
            "penalty": self.penalty,
            "model": self.model,
            "classes": [{"index": item.index, "name": item.name} for item in self.classes],
            "truncation": self.truncation,
            "seed": self.seed,
            "solver": self.solver,
            "made_with": self.made_with,
            "license": self.license,
            **({} if self.stability is None else {"stability": self.stability}),
            **({} if self.distance is None else {"distance": self.distance}),
            **({"rendering": self.rendering} if self.rendering else {}),
            **({"source": self.source} if self.source else {}),
            **({} if self.layers is None else {"layers": list(self.layers)}),
            **({"linear": list(self.linear)} if self.linear and any(self.linear) else {}),
        }
        content = io.BytesIO()  # torch.save itself does not report a full disk as an OSError
        torch.save(plain, content)
        return content.getvalue()

    def save(self, path: str | Path) -> None:
        """Write the file, completely or not at all.

        Raises:
            OutputError: the path cannot be written.
        """
        write_whole(Path(path), self.to_bytes())

    @classmethod
    def load(cls, path: str | Path, *, z_dim: int | None = None, search_space: str = "all") -> Directions:
        """Read directions; a bare matrix, such as the paper's own files, is converted.

        Args:
            path: the file: of :meth:`save`, or a matrix in a ``.pt`` (a tensor, or a dict with the tensor
                under ``directions``), an ``.npy`` or an ``.npz``. Nothing in it is run as code.
            z_dim: size of z of the model; by default the number of the matrix's columns.
            search_space: the part of z that the columns of a bare matrix stand for: ``START:STOP``,
                ``coarse``, ``mid`` or ``fine``.

        Raises:
            FileFormatError: the file does not hold directions, or does not fit the model.
        """
        path = Path(path)
        what = "a file of directions"
        if path.suffix.lower() in SUFFIXES:
            matrix = read_array_file(path, largest=_LARGEST_FILE, key="directions", what=what)
            return _adopt(matrix, path, z_dim, search_space)
        check_kind(path, what)
        content = read_torch_file(path, largest=_LARGEST_FILE, what=what)
        if isinstance(content, dict) and "format" not in content:
            content = content.get("directions")
        if isinstance(content, torch.Tensor):
            return _adopt(content, path, z_dim, search_space)
        if not isinstance(content, dict) or content.get("format") != FORMAT:
            raise FileFormatError(
                f"{path} is not a file of directions: expected format '{FORMAT}', a matrix, or a dict with a "
                "matrix under the key 'directions'"
            )
        matrix = checked_matrix(content.get("directions"), path)
        try:
            described = read_content(content, len(matrix))
        except ValueError as error:
            raise FileFormatError(f"{path} is damaged: {error}") from error
        found = cls(
            directions=matrix.float(),
            names=described.names,
            effect=described.effect,
            penalty=described.penalty,
            stability=described.stability,
            linear=described.linear,
            model=described.model,
            classes=tuple(ImageClass(item.index, item.name) for item in described.classes),
            layers=described.layers,
            truncation=described.truncation,
            seed=described.seed,
            solver=described.solver,
            made_with=described.made_with,
            license=described.license,
            distance=described.distance,
            rendering=described.rendering,
            source=described.source,
        )
        if found.orthonormality_error() > _ORTHONORMAL:
            raise FileFormatError(f"{path} is damaged: its directions are not orthonormal")
        if z_dim is not None and z_dim != found.z_dim:
            raise FileFormatError(
                f"{path} is of a model with z_dim {found.z_dim}, but the chosen model has z_dim {z_dim}: "
                "choose the model that it was learnt on with --model"
            )
        return found


def _plain(name: str) -> str:
    """A name as it is compared with others: what looks the same is the same."""
    return unicodedata.normalize("NFKC", name).strip()


def _adopt(matrix: Any, path: Path, z_dim: int | None, search_space: str) -> Directions:
    """A bare matrix as directions of which nothing else is known."""
    placed = placed_in_z(matrix, path, z_dim, search_space)
    unknown = torch.full((len(placed),), float("nan"))
    return Directions(
        directions=placed,
        names=("",) * len(placed),
        effect=unknown,
        penalty=unknown.clone(),
        error_in_file=orthonormality_error(matrix),
    )
