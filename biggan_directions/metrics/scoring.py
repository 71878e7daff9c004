"""Measure how good directions are, on fresh latents, and the baselines beside them: see docs/method.md."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial

import torch

from biggan_directions.distributed.process_group import ALONE, ProcessGroup
from biggan_directions.errors import UsageError
from biggan_directions.generators import Generator
from biggan_directions.generators.capabilities import KnownTruth
from biggan_directions.generators.chosen_layers import layers_of
from biggan_directions.latents import sample_inputs
from biggan_directions.metrics.common_latents import CommonLatents
from biggan_directions.metrics.matching import match
from biggan_directions.metrics.measures import Measurements
from biggan_directions.metrics.scorecard import digest
from biggan_directions.metrics.settings import ScoreSettings
from biggan_directions.scores import Scorecard, SetScore
from biggan_directions.solvers import registry
from biggan_directions.solvers.coordinate_block import parse_search_space
from biggan_directions.solvers.derivatives import Differences
from biggan_directions.solvers.evaluator import Evaluator
from biggan_directions.solvers.live_space import LiveSpace
from biggan_directions.solvers.problem import Outline, Problem
from biggan_directions.solvers.subspace import (
    SearchSpace,
    Survey,
    default_dims,
    images_per_latent,
    thorough_latents,
)


@dataclass(frozen=True, kw_only=True)
class ScoreStep:
    """Progress: ``done`` of ``total`` latents of a phase; the last step has the scorecard."""

    phase: str
    done: int
    total: int
    scorecard: Scorecard | None = None


def score(
    generator: Generator,
    directions: torch.Tensor,
    *,
    solver: str = "directions",
    search_space: str = "all",
    settings: ScoreSettings | None = None,
    others: Sequence[tuple[str, torch.Tensor]] = (),
) -> Scorecard:
    """Measure a set of directions and its baselines; arguments as of :func:`iterate_score`."""
    steps = iterate_score(
        generator,
        directions,
        solver=solver,
        search_space=search_space,
        settings=settings,
        others=others,
    )
    *_, last = steps
    assert last.scorecard is not None
    return last.scorecard


def iterate_score(
    generator: Generator,
    directions: torch.Tensor,
    *,
    solver: str = "directions",
    search_space: str = "all",
    settings: ScoreSettings | None = None,
    problem: Problem | None = None,
    others: Sequence[tuple[str, torch.Tensor]] = (),
    known: Scorecard | None = None,
    group: ProcessGroup = ALONE,
) -> Iterator[ScoreStep]:
    """Measure a set of directions and its baselines, a step at a time; the last step carries the scorecard.

    Args:
        generator: what to measure on, of several classes if it has them.
        directions: orthonormal rows ``(n, z_dim)``.
        solver: what the set is to be called.
        search_space: the part of z that the baselines look in, and over whose live dimensions the penalty is
            measured.
        settings: how; the defaults where left out.
        problem: what the directions were found in; its search space takes the place of a new survey's, and
            ``search_space`` is not looked at.
        others: further sets to measure at the same latents, each with what it is to be called.
        known: a scorecard of these directions, such as the one that learning ended with: where it is of the
            same latents, they are not measured again.
        group: the processes that share the latents; all of them call this, and go through all of the steps.

    Raises:
        UsageError: the directions are not of this generator's z.
        GeneratorError: the images are not finite, or do not depend on z.
    """
    asked = [(solver, directions), *others]
    for _, rows in asked:
        if rows.ndim != 2 or rows.shape[1] != generator.z_dim:
            raise UsageError(
                f"directions of shape {tuple(rows.shape)} are not of {generator.model}, whose z has "
                f"{generator.z_dim} numbers: choose the --model they were learnt on"
            )
    run = _Run(generator, settings or ScoreSettings(), group)
    if problem is None:
        yield from run.survey(search_space, max(len(rows) for _, rows in asked))
    else:
        run.adopt(problem)
    baselines, notes = run.baselines()
    scores = []
    fingerprint = digest(directions)
    layers = None if run.layers is None else run.layers.indices
    if known is not None and (known.directions_sha256, known.seed, known.latents, known.layers) == (
        fingerprint,
        run.settings.seed,
        run.settings.latents,
        layers,
    ):
        scores, asked = [known.sets[0]], asked[1:]
    sets = [*asked, *baselines]
    if sets:
        yield from run.measure([(name, rows.double().cpu()) for name, rows in sets])
        scores += run.scored
    card = Scorecard(
        sets=tuple(scores),
        directions_sha256=fingerprint,
        model=generator.model,
        classes=tuple(item.name for item in generator.classes),
        truncation=generator.truncation,
        seed=run.settings.seed,
        latents=run.settings.latents,
        evaluations=run.evaluator.evaluations,
        strongest=run.strongest,
        layers=layers,
        notes=notes,
    )
    yield ScoreStep(phase="done", done=1, total=1, scorecard=card)


class _Run:
    """One scoring: the same latents for every set."""

    def __init__(self, generator: Generator, settings: ScoreSettings, group: ProcessGroup) -> None:
        self.generator, self.settings, self.group = generator, settings, group
        self.layers = layers_of(generator, settings.layers)
        self.evaluator = Evaluator(generator, settings.micro_batch, group, self.layers)
        self.latents = partial(sample_inputs, generator, seed=settings.seed)
        self.second_moment: torch.Tensor
        self.space: SearchSpace
        self.problem: Problem
        self.scored: list[SetScore]

    @property
    def strongest(self) -> float:
        """The effect of the strongest direction of the search space."""
        return math.sqrt(self.space.eigenvalues[0])

    def survey(self, search_space: str, ndirs: int) -> Iterator[ScoreStep]:
        """Find the live part of the search space, from first derivatives at fresh latents."""
        block = replace(parse_search_space(search_space, self.generator.z_dim), active=True)
        ndirs = min(ndirs, block.size)
        outline = Outline(
            ndirs=ndirs,
            z_dim=self.generator.z_dim,
            resolution=self.generator.resolution,
            block=block,
            dims=default_dims(block, ndirs),
            latents=self.settings.latents,
            agreement=1.0,  # no solver that is a baseline measures anything
            budget=0,
            seed=self.settings.seed,
            micro_batch=self.settings.micro_batch,
        )
        self._check_cheap(outline)
        live = nothing = LiveSpace.empty(block, self.generator.z_dim)
        inputs = partial(self.latents, purpose="scoring survey")
        for live in nothing.continued(self.evaluator, inputs, seed=self.settings.seed):
            yield ScoreStep(phase="live dimensions", done=live.count, total=live.limit)
        survey = begun = Survey.empty(block, live.basis())
        each = images_per_latent(block, self.generator.z_dim, live=len(survey.basis))
        total = thorough_latents(each)
        for survey in begun.continued(
            self.evaluator,
            inputs,
            total=total,
            seed=self.settings.seed,
            epsilon=self.settings.epsilon,
        ):
            yield ScoreStep(phase="search space", done=survey.count, total=total)
        self.space = survey.space(ndirs=ndirs, dims=None).broadcast(self.group)
        self.second_moment = survey.total / survey.count
        self.problem = Problem(
            outline=replace(outline, dims=self.space.dims),
            generator=self.generator,
            evaluator=self.evaluator,
            survey=survey,
            surveyed=live.count + survey.images,
            space=self.space,
            differences=Differences(epsilon=self.settings.epsilon, blocks=(), floor=None),
        )

    def adopt(self, problem: Problem) -> None:
        """Take the search space of the problem that the directions were found in."""
        self._check_cheap(problem.outline)
        self.problem = problem
        self.space = problem.space.broadcast(self.group)
        self.second_moment = problem.survey.total / problem.survey.count

    def _check_cheap(self, outline: Outline) -> None:
        """Refuse a baseline that draws images of its own: what it finds is to be learnt once, and kept."""
        for name in self.settings.baselines:
            if images := registry.find(name)().cost(outline).images:
                raise UsageError(
                    f"{name} cannot be a baseline, since it draws {images:,} images of its own: learn with "
                    f"--solver {name}, score the result, and compare the two scorecards"
                )

    def baselines(self) -> tuple[list[tuple[str, torch.Tensor]], tuple[str, ...]]:
        """The baselines' directions, as many as the set has, and what could not be made."""
        sets, notes = [], []
        for name in self.settings.baselines:
            solver = registry.find(name)()
            if lacking := solver.missing(self.generator):
                notes.append(f"{name} is left out: {lacking}")
                continue
            *_, last = solver.solve(self.problem)
            assert last.result is not None
            sets.append((name, last.result.directions))
        return sets, tuple(notes)

    def measure(self, asked: Sequence[tuple[str, torch.Tensor]]) -> Iterator[ScoreStep]:
        """Measure sets of directions at the same latents; their scores are left in ``self.scored``."""
        latents = CommonLatents(
            self.generator, self.evaluator, self.settings, self.space, second_moment=self.second_moment
        )
        sets = [self.group.broadcast(directions) for _, directions in asked]
        for done, sums in enumerate(latents.measured(sets), start=1):
            self.scored = []
            if done == self.settings.latents:
                self.scored = [
                    self._score(name, directions, of_set)
                    for (name, _), directions, of_set in zip(asked, sets, sums, strict=True)
                ]
            yield ScoreStep(phase="measuring", done=done, total=self.settings.latents)

    def _score(self, name: str, directions: torch.Tensor, sums: Measurements) -> SetScore:
        recovery: list[float | None] = [None] * len(directions)
        factor: list[str | None] = [None] * len(directions)
        mean = least = None
        if isinstance(self.generator, KnownTruth):
            names, true = self.generator.true_directions
            cosines = (directions @ true.double().T).abs().clamp(max=1)
            best = cosines.max(dim=1)
            recovery, factor = best.values.tolist(), [names[index] for index in best.indices.tolist()]
            matched = [pair.cosine for pair in match(directions, true)]
            mean, least = sum(matched) / len(matched), min(matched)
        return SetScore(
            solver=name,
            directions=tuple(
                replace(direction, recovery=cosine, factor=true_name)
                for direction, cosine, true_name in zip(
                    sums.scores(self.settings.epsilon, strongest=self.strongest),
                    recovery,
                    factor,
                    strict=True,
                )
            ),
            paper_penalty=sums.paper_penalty(),
            recovery_mean=mean,
            recovery_min=least,
        )
