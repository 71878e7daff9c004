"""Measure how good directions are, on fresh latents, and the baselines beside them: see docs/method.md."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial

import torch

from biggan_directions.distributed.process_group import ALONE, ProcessGroup
from biggan_directions.errors import UsageError
from biggan_directions.generators import Generator
from biggan_directions.generators.capabilities import KnownTruth
from biggan_directions.latents import sample_inputs, stream
from biggan_directions.linalg import orthonormal
from biggan_directions.metrics.matching import match
from biggan_directions.metrics.measures import Measurements
from biggan_directions.metrics.probing import ProbedLatent
from biggan_directions.metrics.scorecard import digest
from biggan_directions.metrics.settings import ScoreSettings
from biggan_directions.scores import Scorecard, SetScore
from biggan_directions.solvers import registry
from biggan_directions.solvers.derivatives import Differences
from biggan_directions.solvers.evaluator import Evaluator
from biggan_directions.solvers.problem import Outline, Problem
from biggan_directions.solvers.sketch import Sketch
from biggan_directions.solvers.subspace import (
    SearchSpace,
    Survey,
    cotangents_needed,
    default_dims,
    parse_search_space,
)
from biggan_directions.traversal import default_distance, even_fractions, latents_along

_BEYOND = 1e-5  # the size of a part of directions outside of the searched block that is more than rounding
_KEPT = 16384  # numbers kept of a change of the image, to compare it across latents: all of 64 × 64

Truth = tuple[tuple[str, ...], torch.Tensor]
"""Names of the true factors, and their directions: orthonormal rows ``(factors, z_dim)``."""


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
    truth: Truth | None = None,
    others: Sequence[tuple[str, torch.Tensor]] = (),
) -> Scorecard:
    """Measure a set of directions and its baselines; arguments as of :func:`iterate_score`."""
    steps = iterate_score(
        generator,
        directions,
        solver=solver,
        search_space=search_space,
        settings=settings,
        truth=truth,
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
    truth: Truth | None = None,
    space: SearchSpace | None = None,
    live: torch.Tensor | None = None,
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
        truth: the true directions, where they are known; left out, those that the generator knows.
        space: the search space, where it is known already, as after learning; only without baselines.
        live: with ``space``, orthonormal rows that span the live dimensions of its block, ``(d, z_dim)``.
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
    if truth is None and isinstance(generator, KnownTruth):
        truth = generator.true_directions
    run = _Run(generator, settings or ScoreSettings(), truth, group)
    if space is None or live is None:
        yield from run.survey(search_space, max(len(rows) for _, rows in asked))
    elif run.settings.baselines:
        raise UsageError("baselines need a search space of their own: leave out space, or the baselines")
    else:
        run.space, run.live = space.broadcast(group), group.broadcast(live)
        run.second_moment = run.space.second_moment()
    baselines, notes = run.baselines()
    scores = []
    fingerprint = digest(directions)
    if known is not None and (known.directions_sha256, known.seed, known.latents) == (
        fingerprint,
        run.settings.seed,
        run.settings.latents,
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
        notes=notes,
    )
    yield ScoreStep(phase="done", done=1, total=1, scorecard=card)


class _Run:
    """One scoring: the same latents for every set."""

    def __init__(
        self, generator: Generator, settings: ScoreSettings, truth: Truth | None, group: ProcessGroup
    ) -> None:
        self.generator, self.settings, self.truth, self.group = generator, settings, truth, group
        self.evaluator = Evaluator(generator, settings.micro_batch, group)
        self.latents = partial(sample_inputs, generator, seed=settings.seed)
        self.second_moment: torch.Tensor
        self.space: SearchSpace
        self.live: torch.Tensor
        self.problem: Problem
        self.scored: list[SetScore]
        self._sketch: Sketch | None = None

    def survey(self, search_space: str, ndirs: int) -> Iterator[ScoreStep]:
        """Find the live part of the search space, from fresh vector-Jacobian products."""
        block = replace(parse_search_space(search_space, self.generator.z_dim), active=True)
        ndirs = min(ndirs, block.size)
        outline = Outline(
            ndirs=ndirs,
            z_dim=self.generator.z_dim,
            resolution=self.generator.resolution,
            block=block,
            dims=default_dims(block, ndirs),
            latents=self.settings.latents,
            seed=self.settings.seed,
            micro_batch=self.settings.micro_batch,
        )
        self._check_cheap(outline)
        total, survey = cotangents_needed(block), Survey.empty(self.generator.z_dim)
        for survey in Survey.empty(self.generator.z_dim).continued(
            self.evaluator,
            lambda start, count: self.latents(start, count, "scoring survey"),
            total=total,
            seed=self.settings.seed,
        ):
            yield ScoreStep(phase="search space", done=survey.count, total=total)
        self.space = survey.space(block, ndirs=ndirs, dims=None).broadcast(self.group)
        self.live = self.group.broadcast(survey.live(block))
        self.second_moment = survey.total / survey.count
        self.problem = Problem(
            outline=replace(outline, dims=self.space.dims),
            generator=self.generator,
            evaluator=self.evaluator,
            survey=survey,
            space=self.space,
            differences=Differences(epsilon=self.settings.epsilon, blocks=(), balanced=False),
        )

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
        sets = [self.group.broadcast(directions) for _, directions in asked]
        live = self._common(sets)
        sums = [Measurements(len(directions)) for directions in sets]
        distances = [self._distances(directions) for directions in sets]
        roundings: list[torch.Tensor] = []

        def at(index: int) -> torch.Tensor:
            z, class_index = self.latents(index, 1, "scoring")
            probed = ProbedLatent(
                self.evaluator,
                z[0],
                class_index,
                live,
                probes=self.settings.probes,
                epsilon=self.settings.epsilon,
                seed=self.settings.seed,
                index=index,
            )
            thorough = index < self.settings.traversals
            parts = [torch.tensor([probed.rounding() if thorough else float("nan")], dtype=torch.float64)]
            for sum_, directions, far in zip(sums, sets, distances, strict=True):
                found = probed.rows(directions)
                uneven = torch.full((len(directions),), float("nan"))
                if thorough:
                    uneven = self._unevenness(probed, directions, far)
                parts.append(sum_.at_latent(found, self._compact(found.changes), uneven))
            return torch.cat(parts)

        for indices in self.group.rounds(range(self.settings.latents)):
            for index, found in zip(indices, self.evaluator.shared(indices, at), strict=True):
                kept = (len(found) - 1 - sum(one.width(0) for one in sums)) // sum(map(len, sets))
                rounding, *parts = torch.split(found, [1, *(one.width(kept) for one in sums)])
                roundings.append(rounding)
                for sum_, part in zip(sums, parts, strict=True):
                    sum_.add(part)
                yield ScoreStep(phase="measuring", done=index + 1, total=self.settings.latents)
        rounding_variance = float(torch.cat(roundings).nanmean())
        self.scored = [
            self._score(name, directions, sum_, rounding_variance)
            for (name, _), directions, sum_ in zip(asked, sets, sums, strict=True)
        ]

    def _common(self, sets: Sequence[torch.Tensor]) -> torch.Tensor:
        """The live space, together with what directions have outside of the searched block of z."""
        rows = torch.cat([*sets]).double()
        rows[:, self.space.block.start : self.space.block.stop] = 0
        _, sizes, beyond = torch.linalg.svd(rows, full_matrices=False)
        return orthonormal(torch.cat([self.live, beyond[sizes > _BEYOND]]))

    def _compact(self, changes: torch.Tensor) -> torch.Tensor:
        """Changes of the image ``(n, numbers)``, few enough numbers of each to keep for every latent."""
        if self._sketch is None:
            self._sketch = Sketch(changes.shape[1], _KEPT, stream("scoring/steadiness", self.settings.seed))
        return self._sketch(changes).cpu()

    def _distances(self, directions: torch.Tensor) -> list[float]:
        """How far each direction's traversal goes: as far as its animation."""
        effects = ((directions @ self.second_moment) * directions).sum(dim=1).clamp(min=0).sqrt()
        return [default_distance(effect).distance for effect in effects.tolist()]

    def _unevenness(
        self,
        probed: ProbedLatent,
        directions: torch.Tensor,
        distances: list[float],
    ) -> torch.Tensor:
        """Coefficient of variation of the step sizes along each direction, ``(n,)``."""
        fractions = torch.tensor(even_fractions(self.settings.positions))
        centre = len(fractions) // 2
        outer = torch.cat([fractions[:centre], fractions[centre + 1 :]])
        uneven = []
        for direction, distance in zip(directions, distances, strict=True):
            points = latents_along(probed.z[None], direction, outer * distance)[:, 0]
            classes = None if probed.class_index is None else probed.class_index.expand(len(points))
            drawn = [images.flatten(1) for _, images in self.evaluator.images(points, classes)]
            images = torch.cat(drawn)
            images = torch.cat([images[:centre], probed.image[None], images[centre:]])
            sizes = (images[1:] - images[:-1]).square().mean(dim=1).sqrt().double()
            uneven.append(sizes.std(correction=0) / sizes.mean())
        return torch.stack(uneven).cpu()

    def _score(self, name: str, directions: torch.Tensor, sums: Measurements, rounding: float) -> SetScore:
        strongest = float(self.space.eigenvalues[0]) ** 0.5
        recovery: list[float | None] = [None] * len(directions)
        factor: list[str | None] = [None] * len(directions)
        mean = least = None
        if self.truth is not None:
            names, true = self.truth
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
                    sums.scores(self.settings.epsilon, rounding=rounding, strongest=strongest),
                    recovery,
                    factor,
                    strict=True,
                )
            ),
            paper_penalty=sums.paper_penalty(),
            recovery_mean=mean,
            recovery_min=least,
        )
