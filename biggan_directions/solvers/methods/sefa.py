"""SeFa: directions from the weights that are multiplied by z, without drawing an image."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch

from biggan_directions.errors import UsageError
from biggan_directions.generators.capabilities import LatentWeights
from biggan_directions.linalg import with_signs
from biggan_directions.solvers.base import Found, Solver, Step
from biggan_directions.solvers.evaluator import Drawable
from biggan_directions.solvers.problem import Problem


class Sefa(Solver):
    """Takes the strongest eigenvectors of Σ WᵀW over the weights W on z (arXiv:2007.06600, Eq. 6).

    Each W is divided by its Frobenius norm, so that every layer has the same weight, whatever its width and
    scale.
    """

    name = "sefa"
    paper = "SeFa, Shen and Zhou, arXiv:2007.06600"
    summary = "The strongest eigenvectors of Σ WᵀW over the weights W that are multiplied by z."

    def missing(self, generator: Drawable) -> str | None:
        """The weights, if the generator does not give access to them."""
        if isinstance(generator, LatentWeights):
            return None
        return "sefa needs the weights that z meets, and this generator has no latent_weights()"

    def solve(self, problem: Problem, _state: dict[str, Any] | None = None) -> Iterator[Step]:
        """Take the eigenvectors within the block of z."""
        generator, z_dim, block = problem.generator, problem.outline.z_dim, problem.outline.block
        assert isinstance(generator, LatentWeights)
        total = torch.zeros(z_dim, z_dim, dtype=torch.float64)
        for weight in generator.latent_weights():
            if weight.matrix.ndim != 2 or weight.matrix.shape[1] != z_dim:
                raise UsageError(
                    f"the generator's latent_weights() gave {weight.name} of shape "
                    f"{tuple(weight.matrix.shape)}; expected (outputs, {z_dim})"
                )
            matrix = weight.matrix.detach().cpu().double()
            total += matrix.T @ matrix / matrix.square().sum().clamp(min=torch.finfo(torch.float64).tiny)
        inside = slice(block.start, block.stop)
        vectors = torch.linalg.eigh(total[inside, inside]).eigenvectors
        rows = with_signs(vectors.flip(1).T[: problem.outline.ndirs])
        found = Found(directions=block.placed(rows, z_dim))
        yield Step(phase=self.name, done=1, total=1, state={}, result=found)
