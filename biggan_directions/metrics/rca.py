"""RCA: can a small network that sees an image before and after a move tell which direction it was?

The reconstructor classification accuracy of Voynov and Babenko (arXiv:2002.03754, section 4.3), with a stated
budget, the same moves for every set, and an error.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch.nn import functional

from biggan_directions.distributed.process_group import ALONE, ProcessGroup
from biggan_directions.errors import UsageError
from biggan_directions.generators import Generator
from biggan_directions.generators.chosen_layers import EVERY, layers_of
from biggan_directions.latents import sample_inputs, stream
from biggan_directions.linalg import orthonormal
from biggan_directions.precision import full_precision
from biggan_directions.scores import Measure
from biggan_directions.solvers.change_predictor import draw_moves, make_predictor, prediction_loss
from biggan_directions.solvers.evaluator import Evaluator

RANDOM = "random"
_SIDE = 32  # pixels to which images are averaged: LeNet's own, whatever the generator's


@dataclass(frozen=True, kw_only=True)
class RcaSettings:
    """How much the predictors learn from, and how long.

    Attributes:
        pairs: pairs of images to learn from.
        tests: other pairs, to measure the accuracy.
        epochs: how often each pair is seen.
        networks: predictors per set, which differ in their first weights and in the order of the pairs.
        batch_size: pairs per step of Adam.
        lr: Adam's learning rate.
        largest, least: the largest and the smallest distance of a move, in units of z, as the authors'.
        layers: where z is moved: see :class:`~biggan_directions.learning.settings.LearnSettings`.
        seed: of latents, moves and networks; their streams are those of no solver.
        micro_batch: images drawn at once.

    Raises:
        UsageError: a value is out of range.
    """

    pairs: int = 1024
    tests: int = 512
    epochs: int = 12
    networks: int = 3
    batch_size: int = 32
    lr: float = 1e-3
    largest: float = 6.0
    least: float = 0.5
    layers: str = EVERY
    seed: int = 0
    micro_batch: int = 8

    def __post_init__(self) -> None:
        least = {"pairs": 2, "tests": 2, "epochs": 1, "networks": 1, "batch_size": 2, "micro_batch": 1}
        for name, bound in least.items():
            if getattr(self, name) < bound:
                raise UsageError(
                    f"{name.replace('_', ' ')} must be {bound} or more, got {getattr(self, name)}"
                )


@dataclass(frozen=True, kw_only=True)
class RcaScore:
    """What the predictors of one set can tell.

    Attributes:
        name: of the set.
        accuracy: share of the test pairs whose direction is told, mean over the predictors, in [0, 1].
        distance_error: mean absolute error of the distance that is told, in units of z.
    """

    name: str
    accuracy: Measure
    distance_error: Measure


@dataclass(frozen=True, kw_only=True)
class Rca:
    """RCA of several sets of equally many directions.

    Attributes:
        directions: number of directions of each set; a guess has an accuracy of 1 over this number.
        settings: the budget.
        scores: of each set, in order.
        evaluations: images drawn.
    """

    directions: int
    settings: RcaSettings
    scores: tuple[RcaScore, ...]
    evaluations: int


def measure_rca(
    generator: Generator,
    sets: Sequence[tuple[str, torch.Tensor]],
    settings: RcaSettings | None = None,
    *,
    baseline: bool = True,
    group: ProcessGroup = ALONE,
    observe: Callable[[str, int, int], None] = lambda _phase, _done, _total: None,
) -> Rca:
    """Train predictors on moves along each set's directions, and measure their accuracy.

    Of each set the first K directions are used, K the size of the smallest, since the accuracy depends on K.
    The standard error has two parts, of the test pairs and of the predictors; with one predictor, only the
    first.

    Args:
        generator: what draws the images.
        sets: names and orthonormal rows ``(n, z_dim)``, n at least 2.
        settings: the budget; the defaults if omitted.
        baseline: whether to add random directions, with a draw of their own for each predictor.
        group: the processes that share the drawing; all of them call this.
        observe: called with the phase, the work done and in total.

    Raises:
        UsageError: a set is of another z, or of a single direction.
        GeneratorError: an image is not finite.
    """
    settings = settings or RcaSettings()
    for name, rows in sets:
        if rows.ndim != 2 or rows.shape[1] != generator.z_dim:
            raise UsageError(
                f"directions of shape {tuple(rows.shape)} are not of {generator.model}, whose z has "
                f"{generator.z_dim} numbers: choose the --model they were learnt on"
            )
        if len(rows) < 2:
            raise UsageError(f"RCA tells directions apart, and {name} has only one: learn two or more")
    count = min(len(rows) for _, rows in sets)
    run = _Run(generator, settings, count, group, observe)
    scores = [run.score(name, [rows[:count]] * settings.networks, name) for name, rows in sets]
    if baseline:
        draws = [
            orthonormal(
                torch.randn(
                    count,
                    generator.z_dim,
                    generator=stream("rca/random directions", settings.seed, network),
                    dtype=torch.float64,
                )
            )
            for network in range(settings.networks)
        ]
        scores.append(run.score(RANDOM, draws, RANDOM))
    return Rca(
        directions=count, settings=settings, scores=tuple(scores), evaluations=run.evaluator.evaluations
    )


class _Run:
    """The latents, moves and images before, which all sets share."""

    def __init__(
        self,
        generator: Generator,
        settings: RcaSettings,
        directions: int,
        group: ProcessGroup,
        observe: Callable[[str, int, int], None],
    ) -> None:
        self.settings, self.directions, self.observe = settings, directions, observe
        layers = layers_of(generator, settings.layers)
        self.evaluator = Evaluator(generator, settings.micro_batch, group, layers)
        self.total = settings.pairs + settings.tests
        self.z, self.class_index = sample_inputs(generator, 0, self.total, "rca", seed=settings.seed)
        self.which, self.far = draw_moves(
            self.total,
            directions,
            largest=settings.largest,
            least=settings.least,
            purpose="rca/moves",
            seed=settings.seed,
        )
        self.before = self._images(self.z, "before")

    def score(self, name: str, rows: Sequence[torch.Tensor], phase: str) -> RcaScore:
        """Train a predictor for each matrix of ``rows``, which may be the same, and measure them."""
        right, wrong_by = [], []
        after: torch.Tensor | None = None
        for network, matrix in enumerate(rows):
            if after is None or matrix is not rows[network - 1]:
                moved = self.z + self.far[:, None] * matrix.float().cpu()[self.which]
                after = self._images(moved, phase)
            told = self._told(after, network, phase)
            right.append(told[0])
            wrong_by.append(told[1])
        return RcaScore(name=name, accuracy=_mean(right), distance_error=_mean(wrong_by))

    def _images(self, points: torch.Tensor, phase: str) -> torch.Tensor:
        """Images of the points ``(N, 3, side, side)``, averaged to 32 pixels a side if they are larger."""
        evaluator, size = self.evaluator, self.settings.micro_batch

        def piece(start: int) -> torch.Tensor:
            part = slice(start, min(start + size, self.total))
            with torch.no_grad(), full_precision():
                classes = None if self.class_index is None else self.class_index[part]
                images = evaluator.draw(points[part], classes, self.z[part]).float()
                small = functional.adaptive_avg_pool2d(images, min(_SIDE, images.shape[-1]))
            return small.flatten().cpu().double()

        found: list[torch.Tensor] = []
        starts = range(0, self.total, size)
        for some in evaluator.group.rounds(starts):
            for flat in evaluator.shared(some, piece):
                found.append(flat.float())
                self.observe(f"images, {phase}", len(found), len(starts))
        flat = torch.cat(found).reshape(self.total, 3, -1)
        side = math.isqrt(flat.shape[2])
        return flat.reshape(self.total, 3, side, side)

    def _told(self, after: torch.Tensor, network: int, phase: str) -> tuple[torch.Tensor, torch.Tensor]:
        """Train a predictor; of each test pair whether it is right, and by how much its distance is wrong."""
        settings, pairs = self.settings, self.settings.pairs
        seed = settings.seed * 1000 + network
        predictor = make_predictor("lenet", directions=self.directions, resolution=_SIDE, seed=seed)
        optimizer = torch.optim.Adam(predictor.parameters(), lr=settings.lr)
        for epoch in range(settings.epochs):
            order = torch.randperm(pairs, generator=stream("rca/order", seed, epoch))
            for batch in torch.split(order, settings.batch_size):
                if len(batch) < 2:
                    continue  # batch normalisation needs two
                scores, distances = predictor(self.before[batch], after[batch])
                loss = prediction_loss(scores, distances, self.which[batch], self.far[batch])
                optimizer.zero_grad()
                torch.autograd.backward(loss)
                optimizer.step()
            self.observe(f"predictor {network + 1}, {phase}", epoch + 1, settings.epochs)
        predictor.eval()
        with torch.no_grad():
            scores, distances = predictor(self.before[pairs:], after[pairs:])
        right = (scores.argmax(dim=1) == self.which[pairs:]).double()
        return right, (distances - self.far[pairs:]).abs().double()


def _mean(values: Sequence[torch.Tensor]) -> Measure:
    """Mean over predictors and test pairs; its error has a part of each."""
    table = torch.stack(list(values))  # (networks, tests)
    variance = float(table.mean(dim=0).var()) / table.shape[1]
    if len(table) > 1:
        variance += float(table.mean(dim=1).var()) / len(table)
    return Measure(value=float(table.mean()), error=math.sqrt(variance))
