"""The dimensions of z on which the image depends, exactly, from a few vector-Jacobian products."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import torch

from biggan_directions.latents import stream
from biggan_directions.linalg import with_signs
from biggan_directions.solvers.coordinate_block import Block
from biggan_directions.solvers.evaluator import Evaluator

Inputs = Callable[[int, int], tuple[torch.Tensor, torch.Tensor | None]]
"""``inputs(start, count)``: latents ``(count, z_dim)`` from an index on, and classes ``(count,)`` or None."""

DEAD = 1e-6  # of the largest eigenvalue: a thousandth of the largest change, less than a grey level
_SPARE = 4  # products beyond the dimensions that they span
_ALL_BELOW = 64  # numbers of z up to which as many products are taken as it needs to be certain


def most_products(block: Block) -> int:
    """The number of products after which all of a block counts as live.

    It is the size of the block and 4, or a quarter of the size above 64 coordinates.
    """
    return block.size + _SPARE if block.size <= _ALL_BELOW else block.size // 4


@dataclass(frozen=True, kw_only=True, eq=False)
class LiveSpace:
    r"""The span of vector-Jacobian products Jᵀu at different latents, with cotangents u of random signs.

    A dimension on which no image depends is in none of them. Once there are 4 products more than they span
    dimensions, they span all that is live: a single one more may lack a weak dimension by chance, as the
    smallest singular value of a square random matrix is often small. A difference of images cannot tell live
    from dead so sharply: its error in the second derivative is not linear in the direction.

    Attributes:
        block: the coordinates of z.
        total: Σ (Jᵀu)(Jᵀu)ᵀ, each divided by its squared length, float64 ``(z_dim, z_dim)``.
        count: number of products.
        differentiable: False if the generator's images cannot be differentiated; then nothing is known.
    """

    block: Block
    total: torch.Tensor
    count: int = 0
    differentiable: bool = True

    @classmethod
    def empty(cls, block: Block, z_dim: int) -> LiveSpace:
        """Nothing known yet."""
        return cls(block=block, total=torch.zeros(z_dim, z_dim, dtype=torch.float64))

    @property
    def limit(self) -> int:
        """The number of products after which all of the block counts as live: :func:`most_products`."""
        return most_products(self.block)

    def continued(self, evaluator: Evaluator, inputs: Inputs, *, seed: int) -> Iterator[LiveSpace]:
        """Add one micro-batch of products after another, until the live space is known or the limit reached.

        Args:
            evaluator: draws the images; its process group shares the micro-batches.
            inputs: gives the latents.
            seed: seed of the cotangents.

        Yields:
            What is known after each micro-batch; the same bytes if resumed.
        """
        size = evaluator.micro_batch

        def products(start: int) -> torch.Tensor:
            z, class_index = inputs(start, min(size, self.limit - start))

            def cotangents(shape: torch.Size) -> torch.Tensor:
                draws = [
                    torch.randint(0, 2, shape[1:], generator=stream("cotangents", seed, start + row))
                    for row in range(shape[0])
                ]
                return torch.stack(draws) * 2.0 - 1

            found = evaluator.vector_jacobian_products(z, class_index, cotangents)
            known = torch.ones(len(z), 1, dtype=torch.float64)
            if found is None:
                found, known = torch.zeros(z.shape, dtype=torch.float64), 0 * known
            return torch.cat([known, found], dim=1).flatten()

        space, group = self, evaluator.group
        if group.broadcast(self.settled):
            return
        for starts in group.rounds(range(self.count, self.limit, size)):
            for flat in evaluator.shared(starts, products):
                found = flat.reshape(-1, 1 + len(self.total))
                rows = torch.nn.functional.normalize(found[:, 1:], dim=1)
                space = LiveSpace(
                    block=self.block,
                    total=space.total + rows.T @ rows,
                    count=space.count + len(found),
                    differentiable=space.differentiable and bool(found[:, 0].all()),
                )
                yield space
                if group.broadcast(space.settled):
                    return  # without the rest of the round, which one process would not draw either

    @property
    def settled(self) -> bool:
        """Whether more products would tell nothing."""
        return not self.differentiable or self.count >= self.limit or self._known

    def basis(self) -> torch.Tensor:
        """Orthonormal rows, float64 ``(live, z_dim)``: the live space, or the block's coordinates if all of
        them may be live."""
        inside = slice(self.block.start, self.block.stop)
        if not (self.differentiable and self._known) or self._rank() == self.block.size:
            return torch.eye(len(self.total), dtype=torch.float64)[inside]
        vectors = torch.linalg.eigh(self.total[inside, inside]).eigenvectors.flip(1).T
        return self.block.placed(with_signs(vectors[: self._rank()]), len(self.total))

    @property
    def _known(self) -> bool:
        """Whether the products span all that is live."""
        return self._rank() + _SPARE <= self.count

    def _rank(self) -> int:
        inside = slice(self.block.start, self.block.stop)
        values = torch.linalg.eigvalsh(self.total[inside, inside])
        return int((values > DEAD * values.max().clamp(min=1e-300)).sum())

    def state_dict(self) -> dict[str, Any]:
        """Plain tensors and numbers, for a checkpoint."""
        return {"total": self.total, "count": self.count, "differentiable": self.differentiable}

    @classmethod
    def from_state(cls, state: dict[str, Any], block: Block) -> LiveSpace:
        """Restore what is known from :meth:`state_dict`."""
        return cls(block=block, **state)
