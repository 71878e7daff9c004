"""SeFa: directions from the weights that are multiplied by z, without drawing an image."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import torch

from biggan_directions.errors import UsageError
from biggan_directions.generators.capabilities import LatentWeight, LatentWeights, Layered
from biggan_directions.linalg import with_signs
from biggan_directions.solvers.base import Found, Solver, Step
from biggan_directions.solvers.evaluator import Drawable
from biggan_directions.solvers.problem import Problem
from biggan_directions.solvers.settings import setting

_LEAST = torch.finfo(torch.float64).tiny


@dataclass(frozen=True, kw_only=True)
class SefaSettings:
    """How weights are normalised before they are summed.

    Attributes:
        normalise: ``rows``: each row of each W has length 1, so that every output counts alike; ``matrices``:
            each W is divided by its Frobenius norm, so that every matrix counts alike; ``none``: W as it is.
    """

    normalise: Literal["rows", "matrices", "none"] = setting(
        "rows",
        help="What has length 1 in the sum: rows (every output of a weight), matrices, or none.",
        source="the authors' code; arXiv:2007.06600, Eq. 6, normalises none",
    )


class Sefa(Solver):
    """Takes the strongest eigenvectors of Σ WᵀW over the weights W on z (arXiv:2007.06600, Eq. 6).

    Where layers are chosen, the sum is over their weights alone, as in the paper.
    """

    name = "sefa"
    paper = "SeFa, Shen and Zhou, arXiv:2007.06600"
    summary = "The strongest eigenvectors of Σ WᵀW over the weights W that are multiplied by z."
    Settings = SefaSettings
    settings: SefaSettings

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
        for weight in _chosen(generator.latent_weights(), problem):
            if weight.matrix.ndim != 2 or weight.matrix.shape[1] != z_dim:
                raise UsageError(
                    f"the generator's latent_weights() gave {weight.name} of shape "
                    f"{tuple(weight.matrix.shape)}; expected (outputs, {z_dim})"
                )
            matrix = self._normalised(weight.matrix.detach().cpu().double())
            total += matrix.T @ matrix
        inside = slice(block.start, block.stop)
        vectors = torch.linalg.eigh(total[inside, inside]).eigenvectors
        rows = with_signs(vectors.flip(1).T[: problem.outline.ndirs])
        found = Found(directions=block.placed(rows, z_dim))
        yield Step(phase=self.name, done=1, total=1, state={}, result=found)

    def _normalised(self, matrix: torch.Tensor) -> torch.Tensor:
        """A weight ``(outputs, z_dim)`` as it enters the sum; what is zero remains zero."""
        along = {"rows": 1, "matrices": (0, 1)}.get(self.settings.normalise)
        if along is None:
            return matrix
        length: torch.Tensor = torch.linalg.vector_norm(matrix, dim=along, keepdim=True)
        return torch.div(matrix, length.clamp(min=_LEAST))


def _chosen(weights: Sequence[LatentWeight], problem: Problem) -> Sequence[LatentWeight]:
    """The weights of the layers at which directions are searched."""
    layers = problem.evaluator.layers
    if layers is None:
        return weights
    generator = problem.generator
    assert isinstance(generator, Layered)
    names = [generator.layer_names[index] for index in layers.indices]
    found = [weight for weight in weights if weight.layer in names]
    if not found:
        raise UsageError(f"none of the generator's latent_weights() belongs to {', '.join(names[:4])}")
    return found
