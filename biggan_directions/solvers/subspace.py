"""The search space as an orthonormal basis: all of z, a block of its coordinates, or its most active part."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import torch

from biggan_directions.distributed.process_group import ProcessGroup
from biggan_directions.errors import GeneratorError, UsageError
from biggan_directions.latents import stream
from biggan_directions.linalg import with_signs
from biggan_directions.solvers.evaluator import Evaluator

MATTERS = 0.01  # share of the trace above which a dimension is searched
MOST_DIMS = 24  # limit for dimensions beyond 2 · ndirs, because evaluations grow with the square
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
        trace_share: share of the image's change along all of z that is along the basis, in [0, 1].
        live: number of rows, from the first, on which the image depends; the rest are dead.
        live_basis: orthonormal rows that span all of the block on which the image depends, also what is not
            searched; float64 ``(d, z_dim)``.
        cotangents: number of vector-Jacobian products in the estimate.
    """

    block: Block
    basis: torch.Tensor
    eigenvalues: torch.Tensor
    trace_share: float
    live: int
    live_basis: torch.Tensor
    cotangents: int

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
        return {
            name: getattr(self, name)
            for name in ("basis", "eigenvalues", "trace_share", "live", "live_basis", "cotangents")
        }

    @classmethod
    def from_state(cls, state: dict[str, Any], block: Block) -> SearchSpace:
        """Restore the space from :meth:`state_dict`."""
        return cls(block=block, **state)

    def broadcast(self, group: ProcessGroup) -> SearchSpace:
        """The search space of process 0, in all processes."""
        return SearchSpace.from_state(group.broadcast(self.state_dict()), self.block)


@dataclass(frozen=True, kw_only=True, eq=False)
class Survey:
    r"""A running estimate of E[JᵀJ], with J the Jacobian of the image at a latent.

    For cotangents u of independent random signs, E[(Jᵀu)(Jᵀu)ᵀ] = JᵀJ.

    Attributes:
        total: Σ (Jᵀu)(Jᵀu)ᵀ per number of the image, float64 ``(z_dim, z_dim)``.
        count: number of cotangents.
    """

    total: torch.Tensor
    count: int = 0

    @classmethod
    def empty(cls, z_dim: int) -> Survey:
        """Nothing measured yet."""
        return cls(total=torch.zeros(z_dim, z_dim, dtype=torch.float64))

    def continued(self, evaluator: Evaluator, inputs: Inputs, *, total: int, seed: int) -> Iterator[Survey]:
        """Add cotangents, one micro-batch of latents after another, until there are ``total``.

        Args:
            evaluator: draws the images; its process group shares the micro-batches.
            inputs: gives the latents.
            total: number of cotangents, one per latent.
            seed: seed of the cotangents.

        Yields:
            The estimate after each micro-batch.
        """
        size = evaluator.micro_batch

        def products(start: int) -> torch.Tensor:
            z, class_index = inputs(start, min(size, total - start))

            def cotangents(shape: torch.Size) -> torch.Tensor:
                draws = [
                    torch.randint(0, 2, shape[1:], generator=stream("cotangents", seed, start + row))
                    for row in range(shape[0])
                ]
                return torch.stack(draws) * 2.0 - 1

            found, numbers = evaluator.vector_jacobian_products(z, class_index, cotangents)
            return torch.cat([torch.tensor([numbers], dtype=torch.float64), found.flatten()])

        survey = self
        for starts in evaluator.group.rounds(range(self.count, total, size)):
            for numbers_and_found in evaluator.shared(starts, products):
                numbers, found = numbers_and_found[0], numbers_and_found[1:].reshape(-1, len(self.total))
                added = found.T @ found / numbers
                survey = Survey(total=survey.total + added, count=survey.count + len(found))
                yield survey

    def space(self, block: Block, *, ndirs: int, dims: int | None) -> SearchSpace:
        """Choose the basis: the block's strongest eigenvectors.

        Args:
            block: the coordinates of z.
            ndirs: number of directions to find.
            dims: number of dimensions to search. If omitted, the whole block, or in the active space at least
                2 · ndirs and, up to a limit, every dimension with a relevant share of the trace.

        Returns:
            The search space. Dimensions count as dead only if there are enough cotangents to tell.

        Raises:
            UsageError: ``ndirs`` is below 1 or above the dimensions searched, or ``dims`` is below ``ndirs``
                or above the size of the block.
            GeneratorError: the image does not depend on these coordinates.
        """
        check_sizes(block, ndirs=ndirs, dims=dims)
        inside = slice(block.start, block.stop)
        values, vectors = torch.linalg.eigh(self.total[inside, inside] / max(self.count, 1))
        values, vectors = values.flip(0).clamp(min=0), vectors.flip(1).T
        trace = float(values.sum())
        if trace == 0:
            raise GeneratorError(
                f"the generator's image does not depend on z[{block.start}:{block.stop}]: "
                "there is nothing to search"
            )
        if dims is None:
            dims = default_dims(block, ndirs, matter=int((values >= MATTERS * trace).sum()))
        alive = int((values > _DEAD * values[0]).sum())
        if alive >= self.count:  # with as many eigenvalues as cotangents, more may be live
            alive = block.size
        return SearchSpace(
            block=block,
            basis=block.placed(with_signs(vectors[:dims]), len(self.total)),
            eigenvalues=values[:dims].clone(),
            trace_share=min(1.0, float(values[:dims].sum() * max(self.count, 1) / self.total.trace())),
            live=min(alive, dims),
            live_basis=block.placed(vectors[:alive], len(self.total)),
            cotangents=self.count,
        )

    def state_dict(self) -> dict[str, Any]:
        """Plain tensors and numbers, for a checkpoint."""
        return {"total": self.total, "count": self.count}

    @classmethod
    def from_state(cls, state: dict[str, Any]) -> Survey:
        """Restore the estimate from :meth:`state_dict`."""
        return cls(**state)


def default_dims(block: Block, ndirs: int, *, matter: int = 0) -> int:
    """The number of dimensions to search for ``ndirs`` directions if ``matter`` dimensions are relevant."""
    return min(max(2 * ndirs, min(matter, MOST_DIMS)), block.size) if block.active else block.size


def cotangents_needed(block: Block) -> int:
    """The number of cotangents that separates live from dead dimensions: 2 · size, between 64 and 256."""
    return min(256, max(64, 2 * block.size))


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
