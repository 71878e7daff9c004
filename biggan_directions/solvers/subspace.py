"""The search space as an orthonormal basis: all of z, a block of its coordinates, or its most active part."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import torch

from biggan_directions.distributed.process_group import ProcessGroup
from biggan_directions.errors import GeneratorError
from biggan_directions.latents import signs, stream
from biggan_directions.linalg import completed, with_signs
from biggan_directions.solvers.coordinate_block import Block, check_sizes
from biggan_directions.solvers.evaluator import Evaluator
from biggan_directions.solvers.live_space import DEAD, Inputs
from biggan_directions.solvers.slopes import slopes

MATTERS = 0.01  # share of the trace above which a dimension is searched
MOST_DIMS = 24  # limit for dimensions beyond 2 · ndirs, because images grow with their number or its square
SETTLED = 0.9  # overlap of the spaces of two halves of the latents from which a space counts as found
CHECKED = (4, 8, 16, 32)  # numbers of latents after which the survey asks whether the space has settled
_THOROUGH = 1056  # images of a thorough survey: 32 latents of a z of 32 numbers


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
        live_basis: orthonormal rows that span all of the block on which the image depends, also what is not
            searched; float64 ``(d, z_dim)``.
        overlap: mean squared cosine of the principal angles between the spaces that the two halves of the
            latents give, in [0, 1]; NaN for a single latent.
        latents: number of latents in the estimate.
    """

    block: Block
    basis: torch.Tensor
    eigenvalues: torch.Tensor
    trace_share: float
    live: int
    live_basis: torch.Tensor
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

    def state_dict(self) -> dict[str, Any]:
        """Plain tensors and numbers, for a checkpoint."""
        names = ("basis", "eigenvalues", "trace_share", "live", "live_basis", "overlap", "latents")
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
    r"""A running estimate of E[JᵀJ], with J the Jacobian of the image along the live space of a block of z.

    At each latent J is measured whole, by a forward difference along every row of a basis of the live space,
    and outside the block the squared norm of J along one random direction stands for the rest of the trace.

    Attributes:
        block: the coordinates of z.
        basis: orthonormal rows that span the live part of the block ``(n, z_dim)``.
        halves: Σ JᵀJ per number of the image, in the basis, over the latents of even and of odd index:
            float64 ``(2, n, n)``.
        outside: Σ of the trace of JᵀJ outside the block over the same, float64 ``(2,)``.
        count: number of latents.
    """

    block: Block
    basis: torch.Tensor
    halves: torch.Tensor
    outside: torch.Tensor
    count: int = 0

    @classmethod
    def empty(cls, block: Block, basis: torch.Tensor) -> Survey:
        """Nothing measured yet."""
        return cls(
            block=block,
            basis=basis,
            halves=torch.zeros(2, len(basis), len(basis), dtype=torch.float64),
            outside=torch.zeros(2, dtype=torch.float64),
        )

    @property
    def z_dim(self) -> int:
        """The number of coordinates of z."""
        return self.basis.shape[1]

    @property
    def total(self) -> torch.Tensor:
        """Σ JᵀJ over all latents, ``(z_dim, z_dim)``."""
        return self.basis.T @ self.halves.sum(dim=0) @ self.basis

    @property
    def images(self) -> int:
        """The number of images drawn so far."""
        return self.count * images_per_latent(self.block, self.z_dim, live=len(self.basis))

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
        size, partial = len(self.basis), self.block.size < self.z_dim

        def at(index: int) -> torch.Tensor:
            z, class_index = inputs(index, 1)
            basis = self.basis
            ahead = signs(1, self.z_dim + 1, purpose="survey/signs", seed=seed, offset=index)[0]
            if partial:
                rest = ahead[1:].clone()
                rest[self.block.start : self.block.stop] = 0
                basis = torch.cat([basis, rest[None] / rest.norm()])
            gram = slopes(
                evaluator,
                z[0],
                class_index,
                basis,
                signs=ahead[: len(basis)],
                epsilon=epsilon,
                generator=stream("survey/sketch", seed, index),
            )[0]
            outside = gram[-1:, -1] * (self.z_dim - self.block.size) if partial else gram.new_zeros(1)
            return torch.cat([outside, gram[:size, :size].flatten()])

        survey = self
        for indices in evaluator.group.rounds(range(self.count, total)):
            for found in evaluator.shared(indices, at):
                half, halves, outside = survey.count % 2, survey.halves.clone(), survey.outside.clone()
                halves[half] += found[1:].reshape(size, size)
                outside[half] += found[0]
                survey = replace(survey, halves=halves, outside=outside, count=survey.count + 1)
                yield survey

    def space(self, *, ndirs: int, dims: int | None) -> SearchSpace:
        """Choose the basis of the search space: the block's strongest eigenvectors.

        Args:
            ndirs: number of directions to find.
            dims: number of dimensions to search. If omitted, the whole block, or in the active space at least
                2 · ndirs and, up to a limit, every dimension with a relevant share of the trace.

        Raises:
            UsageError: ``ndirs`` is below 1 or above the dimensions searched, or ``dims`` is below ``ndirs``
                or above the size of the block.
            GeneratorError: the image does not depend on these coordinates.
        """
        block, inside = self.block, slice(self.block.start, self.block.stop)
        check_sizes(block, ndirs=ndirs, dims=dims)
        values, rows = _eigen(self.halves.sum(dim=0) / max(self.count, 1))
        trace = float(values.sum())
        if trace == 0:
            raise GeneratorError(
                f"the generator's image does not depend on z[{block.start}:{block.stop}]: "
                "there is nothing to search"
            )
        if dims is None:
            dims = default_dims(block, ndirs, matter=int((values >= MATTERS * trace).sum()))
        alive = int((values > DEAD * values[0]).sum())
        overlap, share = self._halves_compared(min(dims, alive))
        basis = completed((rows[:alive] @ self.basis)[:, inside], torch.eye(block.size, dtype=torch.float64))
        return SearchSpace(
            block=block,
            basis=block.placed(with_signs(basis[:dims]), self.z_dim),
            eigenvalues=torch.nn.functional.pad(values[:alive], (0, block.size - alive))[:dims],
            trace_share=share,
            live=min(alive, dims),
            live_basis=rows[:alive] @ self.basis,
            overlap=overlap,
            latents=self.count,
        )

    def _halves_compared(self, dims: int) -> tuple[float, float]:
        """The overlap of the two halves' spaces, and the share of the change along one half's space at the
        latents of the other."""
        whole = float(self.halves.diagonal(dim1=1, dim2=2).sum() + self.outside.sum())
        if self.count < 2:
            return float("nan"), float(_eigen(self.halves.sum(dim=0))[0][:dims].sum()) / whole
        spaces = [_eigen(half)[1][:dims] for half in self.halves]
        overlap = float((spaces[0] @ spaces[1].T).square().sum()) / dims
        inside = sum(
            float(((space @ other) * space).sum())
            for space, other in zip(spaces, self.halves.flip(0), strict=True)
        )
        return min(1.0, overlap), min(1.0, inside / whole)

    def state_dict(self) -> dict[str, Any]:
        """Plain tensors and numbers, for a checkpoint."""
        return {"halves": self.halves, "outside": self.outside, "count": self.count}

    def resumed(self, state: dict[str, Any]) -> Survey:
        """Restore the estimate from :meth:`state_dict`."""
        return replace(self, **state)


def _eigen(total: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Eigenvalues, the largest first, and the eigenvectors as rows."""
    values, vectors = torch.linalg.eigh(total)
    return values.flip(0).clamp(min=0), vectors.flip(1).T


def default_dims(block: Block, ndirs: int, *, matter: int = 0) -> int:
    """The number of dimensions to search for ``ndirs`` directions if ``matter`` dimensions are relevant."""
    return min(max(2 * ndirs, min(matter, MOST_DIMS)), block.size) if block.active else block.size


def images_per_latent(block: Block, z_dim: int, *, live: int | None = None) -> int:
    """The number of images that the survey draws at a latent: the centre, and one per difference."""
    return 1 + (block.size if live is None else live) + (block.size < z_dim)


def thorough_latents(each: int) -> int:
    """The latents of a survey from which directions are taken: 8 to 32, fewer where one costs more images."""
    return max(CHECKED[1], min(CHECKED[-1], _THOROUGH // each))
