"""The search space as an orthonormal basis: all of z, a block of its coordinates, or its most active part."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import torch

from biggan_directions.distributed.process_group import ProcessGroup
from biggan_directions.errors import GeneratorError, UsageError
from biggan_directions.latents import signs, stream
from biggan_directions.linalg import with_signs
from biggan_directions.solvers.evaluator import Evaluator
from biggan_directions.solvers.slopes import slopes

MATTERS = 0.01  # share of the trace above which a dimension is searched
MOST_DIMS = 24  # limit for dimensions beyond 2 · ndirs, because images grow with their number or its square
SETTLED = 0.9  # overlap of the spaces of two halves of the latents from which a space counts as found
CHECKED = (4, 8, 16, 32)  # numbers of latents after which the survey asks whether the space has settled
_THOROUGH = 1056  # images of a thorough survey: 32 latents of a z of 32 numbers
Inputs = Callable[[int, int], tuple[torch.Tensor, torch.Tensor | None]]
"""``inputs(start, count)``: latents ``(count, z_dim)`` from an index on, and classes ``(count,)`` or None."""

_DEAD = 1e-6  # of the largest eigenvalue: a thousandth of the largest change, less than a grey level


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
    """Parse ``active``, ``all`` or ``START:STOP``.

    Args:
        spec: the text; either end of ``START:STOP`` may be omitted.
        z_dim: number of coordinates of z.

    Raises:
        UsageError: it is none of these, or is not within z.

    >>> parse_search_space("40:80", 128).size
    40
    """
    if spec in ("active", "all"):
        return Block(spec=spec, start=0, stop=z_dim, active=spec == "active")
    found = re.fullmatch(r"(\d*):(\d*)", spec, flags=re.ASCII)
    if not found:
        raise UsageError(
            f"search space '{spec}' is unknown: expected active, all, or START:STOP such as 0:{z_dim}"
        )
    start, stop = int(found[1] or 0), int(found[2] or z_dim)
    if not 0 <= start < stop <= z_dim:
        raise UsageError(f"search space {spec} is not within z: expected 0 <= START < STOP <= {z_dim}")
    return Block(spec=spec, start=start, stop=stop, active=False)


@dataclass(frozen=True, kw_only=True, eq=False)
class SearchSpace:
    """The space that is searched for directions.

    Attributes:
        block: the coordinates of z in which it lies.
        basis: orthonormal rows, most active first, float64 ``(dims, z_dim)``.
        eigenvalues: of E[JᵀJ] per number of the image, one per row of the basis: squared RMS change per unit
            of z.
        trace_share: share of the image's change along all of z that is along such a basis, in [0, 1]: of a
            basis from one half of the latents, measured at the other half.
        live: number of rows, from the first, on which the image depends; the rest are dead.
        live_dims: number of dimensions of the block on which the image depends, searched or not.
        overlap: mean squared cosine of the principal angles between the spaces that the two halves of the
            latents give, in [0, 1]; NaN for a single latent.
        latents: number of latents in the estimate.
    """

    block: Block
    basis: torch.Tensor
    eigenvalues: torch.Tensor
    trace_share: float
    live: int
    live_dims: int
    overlap: float
    latents: int

    @property
    def dims(self) -> int:
        """The number of dimensions."""
        return len(self.basis)

    @property
    def dead(self) -> int:
        """The number of dimensions on which the image does not depend."""
        return self.dims - self.live

    def second_moment(self) -> torch.Tensor:
        """E[JᵀJ] per number of the image, within the space: ``(z_dim, z_dim)``."""
        return (self.basis.T * self.eigenvalues) @ self.basis

    def state_dict(self) -> dict[str, Any]:
        """Plain tensors and numbers, for a checkpoint."""
        names = ("basis", "eigenvalues", "trace_share", "live", "live_dims", "overlap", "latents")
        return {name: getattr(self, name) for name in names}

    @classmethod
    def from_state(cls, state: dict[str, Any], block: Block) -> SearchSpace:
        """Restore the space from :meth:`state_dict`."""
        return cls(block=block, **state)

    def broadcast(self, group: ProcessGroup) -> SearchSpace:
        """The search space of process 0, in all processes."""
        return SearchSpace.from_state(group.broadcast(self.state_dict()), self.block)


@dataclass(frozen=True, kw_only=True, eq=False)
class Survey:
    r"""A running estimate of E[JᵀJ], with J the Jacobian of the image along a block of z.

    At each latent J is measured whole, by a forward difference along every coordinate of the block, and
    outside the block the squared norm of J along one random direction stands for the rest of the trace.
    A random estimate of JᵀJ from vector-Jacobian products, as many as take the same time, was measured to
    find a less repeatable space (docs/method.md).

    Attributes:
        block: the coordinates of z.
        halves: Σ JᵀJ per number of the image over the latents of even and of odd index, float64
            ``(2, z_dim, z_dim)``, zero outside the block.
        outside: Σ of the trace of JᵀJ outside the block over the same, float64 ``(2,)``.
        count: number of latents.
    """

    block: Block
    halves: torch.Tensor
    outside: torch.Tensor
    count: int = 0

    @classmethod
    def empty(cls, block: Block, z_dim: int) -> Survey:
        """Nothing measured yet."""
        return cls(
            block=block,
            halves=torch.zeros(2, z_dim, z_dim, dtype=torch.float64),
            outside=torch.zeros(2, dtype=torch.float64),
        )

    @property
    def total(self) -> torch.Tensor:
        """Σ JᵀJ over all latents, ``(z_dim, z_dim)``."""
        return self.halves.sum(dim=0)

    def continued(
        self, evaluator: Evaluator, inputs: Inputs, *, total: int, seed: int, epsilon: float = 0.1
    ) -> Iterator[Survey]:
        """Add one latent after another, until there are ``total``.

        Args:
            evaluator: draws the images; its process group shares the latents.
            inputs: gives the latents.
            total: number of latents.
            seed: seed of signs and of the direction outside the block.
            epsilon: step of the differences, in units of z.

        Yields:
            The estimate after each latent.
        """
        z_dim = self.halves.shape[1]
        inside = torch.eye(z_dim, dtype=torch.float64)[self.block.start : self.block.stop]

        def at(index: int) -> torch.Tensor:
            z, class_index = inputs(index, 1)
            basis, ahead = inside, signs(1, z_dim, purpose="survey/signs", seed=seed, offset=index)[0]
            if len(inside) < z_dim:
                rest = ahead.clone()
                rest[self.block.start : self.block.stop] = 0
                basis = torch.cat([inside, rest[None] / rest.norm()])
            gram = slopes(
                evaluator,
                z[0],
                class_index,
                basis,
                signs=ahead[: len(basis)],
                epsilon=epsilon,
                generator=stream("survey/sketch", seed, index),
            )[0]
            outside = gram[-1, -1] * (z_dim - len(inside)) if len(inside) < z_dim else gram.new_zeros(())
            return torch.cat([outside[None], gram[: len(inside), : len(inside)].flatten()])

        survey, size = self, len(inside)
        for indices in evaluator.group.rounds(range(self.count, total)):
            for found in evaluator.shared(indices, at):
                half, halves, outside = survey.count % 2, survey.halves.clone(), survey.outside.clone()
                place = slice(self.block.start, self.block.stop)
                halves[half, place, place] += found[1:].reshape(size, size)
                outside[half] += found[0]
                survey = Survey(block=self.block, halves=halves, outside=outside, count=survey.count + 1)
                yield survey

    def space(self, *, ndirs: int, dims: int | None) -> SearchSpace:
        """Choose the basis: the block's strongest eigenvectors.

        Args:
            ndirs: number of directions to find.
            dims: number of dimensions to search. If omitted, the whole block, or in the active space at least
                2 · ndirs and, up to a limit, every dimension with a relevant share of the trace.

        Raises:
            UsageError: ``ndirs`` is below 1 or above the dimensions searched, or ``dims`` is below ``ndirs``
                or above the size of the block.
            GeneratorError: the image does not depend on these coordinates.
        """
        block = self.block
        check_sizes(block, ndirs=ndirs, dims=dims)
        values, vectors = _eigen(self.total / max(self.count, 1), block)
        trace = float(values.sum())
        if trace == 0:
            raise GeneratorError(
                f"the generator's image does not depend on z[{block.start}:{block.stop}]: "
                "there is nothing to search"
            )
        if dims is None:
            dims = default_dims(block, ndirs, matter=int((values >= MATTERS * trace).sum()))
        alive = int((values > _DEAD * values[0]).sum())
        overlap, share = self._halves_compared(min(dims, alive))
        return SearchSpace(
            block=block,
            basis=block.placed(with_signs(vectors[:dims]), len(self.total)),
            eigenvalues=values[:dims].clone(),
            trace_share=share,
            live=min(alive, dims),
            live_dims=alive,
            overlap=overlap,
            latents=self.count,
        )

    def live_basis(self) -> torch.Tensor:
        """Orthonormal rows of the block on which the image depends, strongest first: ``(live, z_dim)``."""
        values, vectors = _eigen(self.total, self.block)
        return self.block.placed(with_signs(vectors[values > _DEAD * values[0]]), len(self.total))

    def _halves_compared(self, dims: int) -> tuple[float, float]:
        """The overlap of the two halves' spaces, and the share of the change along one half's space at the
        latents of the other."""
        if self.count < 2:
            whole = float(self.total.trace() + self.outside.sum())
            return float("nan"), float(_eigen(self.total, self.block)[0][:dims].sum()) / whole
        spaces = [self.block.placed(_eigen(half, self.block)[1][:dims], len(half)) for half in self.halves]
        overlap = float((spaces[0] @ spaces[1].T).square().sum()) / dims
        inside = sum(
            float(((space @ other) * space).sum())
            for space, other in zip(spaces, self.halves.flip(0), strict=True)
        )
        whole = float(self.halves.diagonal(dim1=1, dim2=2).sum() + self.outside.sum())
        return min(1.0, overlap), min(1.0, inside / whole)

    def state_dict(self) -> dict[str, Any]:
        """Plain tensors and numbers, for a checkpoint."""
        return {"halves": self.halves, "outside": self.outside, "count": self.count}

    @classmethod
    def from_state(cls, state: dict[str, Any], block: Block) -> Survey:
        """Restore the estimate from :meth:`state_dict`."""
        return cls(block=block, **state)


def _eigen(total: torch.Tensor, block: Block) -> tuple[torch.Tensor, torch.Tensor]:
    """Eigenvalues inside the block, the largest first, and the eigenvectors as rows."""
    inside = slice(block.start, block.stop)
    values, vectors = torch.linalg.eigh(total[inside, inside])
    return values.flip(0).clamp(min=0), vectors.flip(1).T


def default_dims(block: Block, ndirs: int, *, matter: int = 0) -> int:
    """The number of dimensions to search for ``ndirs`` directions if ``matter`` dimensions are relevant."""
    return min(max(2 * ndirs, min(matter, MOST_DIMS)), block.size) if block.active else block.size


def images_per_latent(block: Block, z_dim: int) -> int:
    """The number of images that the survey draws at a latent: the centre, and one per difference."""
    return 1 + block.size + (block.size < z_dim)


def thorough_latents(block: Block, z_dim: int) -> int:
    """The latents of a survey from which directions are taken: 8 to 32, fewer where one costs more."""
    return max(CHECKED[1], min(CHECKED[-1], _THOROUGH // images_per_latent(block, z_dim)))


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
