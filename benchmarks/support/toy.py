"""A toy of the toybox with its Hessians at fresh latents: what directions leave off the diagonal."""

import statistics
import time
from collections.abc import Iterator

import torch

from biggan_directions import LearnSettings, load_generator
from biggan_directions.generators import Generator
from biggan_directions.latents import sample_latents
from biggan_directions.learning.result import Solution
from biggan_directions.learning.run import iterate
from biggan_directions.metrics.matching import match
from biggan_directions.solvers.derivatives import Differences
from biggan_directions.solvers.evaluator import Evaluator
from biggan_directions.solvers.hessians import Moments
from biggan_directions.solvers.joint_diagonalisation import diagonalise
from biggan_directions.solvers.sampled_moments import SampledMoments
from biggan_directions.toybox import true_directions

CPU = torch.device("cpu")


class Toy:
    """A class of the toybox, and its Hessians in the live basis at fresh latents, for evaluation only."""

    def __init__(self, name: str, latents: int, *, seed: int = 100) -> None:
        self.name, self.generator = name, load_generator("toybox", name)
        self.solution, self.seconds = solved(
            self.generator, LearnSettings(ndirs=8, solver="first-order", latents=1)
        )
        space = self.solution.space
        self.live = space.basis[: space.live]
        *_, balanced = moments_at(self.generator, self.live, latents, seed=seed)
        *_, plain = moments_at(self.generator, self.live, latents, seed=seed, blocks=(1,), floor=None)
        self.objectives = {"balanced": balanced, "plain": plain}
        self.stacks = {name: moments.stack() for name, moments in self.objectives.items()}

    def share(self, rows: torch.Tensor, objective: str = "plain") -> float:
        """Share off the diagonal in a whole basis of z or of its live part, by default of the paper's sum."""
        rotation = rows.double() @ self.live.T
        squares = (rotation @ self.stacks[objective] @ rotation.T).square()
        total = float(squares.sum())
        squares.diagonal(dim1=1, dim2=2).zero_()
        return float(squares.sum()) / total

    def effects(self, rows: torch.Tensor) -> torch.Tensor:
        """RMS change of the image per unit of z along each row."""
        space = self.solution.space
        return (rows.double() @ space.basis.T).square().matmul(space.eigenvalues).sqrt()

    def minimum(self, objective: str = "plain") -> torch.Tensor:
        """The directions that minimise an objective on these Hessians."""
        return diagonalise(self.stacks[objective]).rotation @ self.live


def moments_at(
    generator: Generator,
    basis: torch.Tensor,
    latents: int,
    *,
    seed: int,
    epsilon: float = 0.1,
    blocks: tuple[int, ...] = (8, 16),
    floor: float | None = 0.3,
) -> Iterator[Moments]:
    """The running sums of second derivatives at fresh latents."""
    points = sample_latents(
        latents, generator.z_dim, truncation=generator.truncation, seed=seed, purpose="benchmark"
    )

    def sample(index: int) -> tuple[torch.Tensor, None]:
        return points[index], None

    for sums in SampledMoments.empty(len(basis)).continued(
        Evaluator(generator, 4),
        basis,
        sample,
        total=latents,
        differences=Differences(epsilon=epsilon, blocks=blocks, floor=floor),
        seed=seed,
    ):
        yield sums.moments


def solved(generator: Generator, settings: LearnSettings) -> tuple[Solution, float]:
    """Learn directions; also gives the seconds."""
    begun = time.perf_counter()
    *_, last = iterate(generator, settings)
    assert last.solution is not None
    return last.solution, time.perf_counter() - begun


def recovery(directions: torch.Tensor) -> dict[str, float]:
    """Mean and minimum |cos| of directions matched one to one with the true ones."""
    cosines = [pair.cosine for pair in match(directions, true_directions()[1])]
    return {"mean": statistics.fmean(cosines), "min": min(cosines)}
