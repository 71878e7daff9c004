"""From a frozen generator to directions: the search space, a solver, and what each direction does."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import asdict, replace
from functools import partial
from typing import Any

import torch

from biggan_directions.distributed.process_group import ALONE, ProcessGroup
from biggan_directions.generators import Generator
from biggan_directions.latents import sample_inputs, spread_latents
from biggan_directions.learning.result import Solution, Step
from biggan_directions.learning.settings import LearnSettings
from biggan_directions.learning.state import check_done, check_like, check_plain, check_same
from biggan_directions.metrics.scorecard import WEAK
from biggan_directions.solvers.adam import adam_state, adam_steps, kaiming_start
from biggan_directions.solvers.baselines import (
    coordinate_directions,
    first_order_directions,
    random_directions,
    sefa_directions,
)
from biggan_directions.solvers.evaluator import Evaluator
from biggan_directions.solvers.hessians import Moments
from biggan_directions.solvers.jacobi import diagonalise, measured_moments
from biggan_directions.solvers.subspace import SearchSpace, Survey, completed, orthonormal, with_signs

_DEAD = 1e-3  # of the strongest effect: what is left is rounding, and has no share of anything
_SHOWN = 16  # dimensions up to which solving now and then, for the progress bar, costs next to nothing


def learn(
    generator: Generator,
    settings: LearnSettings | None = None,
    *,
    progress: Callable[[Step], None] | None = None,
    state: dict[str, Any] | None = None,
    group: ProcessGroup = ALONE,
) -> Solution:
    """Find directions; see :func:`iterate`.

    Args:
        generator: what to search.
        settings: how; the defaults where left out.
        progress: called with every :class:`Step`.
        state: of an earlier step, to go on from.
        group: the processes that share the work; all of them call this.

    Returns:
        The directions.

    Raises:
        UsageError: the settings do not fit the generator or the state.
        FileFormatError: the state is not one of a run's.
        GeneratorError: the pictures are not finite, or do not depend on z.
    """
    solution: Solution | None = None
    for step in iterate(generator, settings or LearnSettings(), state, group):
        if progress is not None:
            progress(step)
        solution = step.solution
    assert solution is not None
    return solution


def iterate(
    generator: Generator,
    settings: LearnSettings,
    state: dict[str, Any] | None = None,
    group: ProcessGroup = ALONE,
) -> Iterator[Step]:
    """Find directions, a step at a time; the last step carries the solution.

    The same generator, settings and seed give the same bytes, also when taken up from a step's ``state``,
    and whatever the number of processes: what they find is added up in the order of latents, in float64.

    Args:
        generator: what to search. With several classes, z and class are drawn together.
        settings: how.
        state: of an earlier step, to go on from; the leader's counts.
        group: the processes that share the work; all of them call this, and go through all of the steps.

    Yields:
        Steps: see :class:`Step`.

    Raises:
        UsageError: the settings do not fit the generator, or the state was made with others.
        FileFormatError: the state is not one of a run's; the part that is wrong is named.
        GeneratorError: the pictures are not finite, or do not depend on z.
    """
    run = _Run(generator, settings, group.broadcast(state), group)
    yield from run.survey()
    if settings.solver == "jacobi":
        yield from run.jacobi()
    elif settings.solver == "adam":
        yield from run.adam()
    else:
        run.baseline()
    if settings.refine:
        yield from run.refine()
    yield from run.finish()


class _Run:
    """One run: each phase takes up what the state holds, and adds to it."""

    def __init__(
        self, generator: Generator, settings: LearnSettings, state: dict[str, Any] | None, group: ProcessGroup
    ) -> None:
        self.generator, self.settings, self.group = generator, settings, group
        self.block = settings.block(generator.z_dim)
        self.differences = settings.differences(generator.resolution)
        self.evaluator = Evaluator(generator, settings.micro_batch, group)
        made_for = {
            "settings": {
                name: list(value) if isinstance(value, tuple) else value
                for name, value in asdict(settings).items()
            },
            "generator": {
                "model": generator.model,
                "weights_sha256": generator.weights_sha256,
                "classes": [list(item) for item in generator.classes],
                "truncation": generator.truncation,
                "z_dim": generator.z_dim,
            },
        }
        group.check_same(**made_for)
        self.latents = partial(sample_inputs, generator, seed=settings.seed)
        counts = {"evaluations": 0, "gradients": 0}
        self.state: dict[str, Any] = {**made_for, **counts} if state is None else dict(state)
        for part, expected in made_for.items():
            check_plain(self.state.get(part), part)
            check_same(self.state[part], expected)
        for part, none in counts.items():
            check_like(self.state.get(part), none, part)
        self.evaluator.evaluations = self.state["evaluations"]
        self.evaluator.gradients = self.state["gradients"]
        self.space: SearchSpace
        self.directions: torch.Tensor
        self.off_diagonal: float | None = None
        self.notes: list[str] = []

    def step(self, phase: str, done: int, total: int, measure: str = "", value: float | None = None) -> Step:
        """A record of where we are."""
        self.state = {
            **self.state,
            "evaluations": self.evaluator.evaluations,
            "gradients": self.evaluator.gradients,
        }
        return Step(
            phase=phase,
            done=done,
            total=total,
            measure=measure,
            value=value,
            evaluations=self.evaluator.evaluations,
            state=self.state,
        )

    def keep(self, **parts: Any) -> None:
        """Add to the state; what steps already carry stays as it is."""
        self.state = {**self.state, **parts}

    def survey(self) -> Iterator[Step]:
        """Find the search space from vector-Jacobian products."""
        total = self.settings.cotangents(self.block)
        saved = self.state.get("survey")
        self.surveyed = Survey.empty(self.generator.z_dim)
        if saved is not None:
            check_like(saved, self.surveyed.state_dict(), "survey")
            check_done(saved["count"], total, "survey.count")
            self.surveyed = Survey.from_state(saved)
        for survey in self.surveyed.continued(
            self.evaluator,
            lambda start, count: self.latents(start, count, "survey"),
            total=total,
            seed=self.settings.seed,
        ):
            self.surveyed = survey
            self.keep(survey=survey.state_dict())
            yield self.step("search space", survey.count, total)
        space = self.surveyed.space(self.block, ndirs=self.settings.ndirs, dims=self.settings.search_dims)
        self.space = space.broadcast(self.group)

    def moments(
        self, phase: str, basis: torch.Tensor, rows: int, *, total: int, solve: bool, show: bool = False
    ) -> Iterator[Step]:
        """Measure second derivatives in a basis at ``total`` latents; the sums are left in ``self.measured``.

        Without ``solve``, only squares in this basis are kept.
        """
        saved = self.state.get(phase)
        done, self.measured = 0, Moments.zero(len(basis), rows, products=solve)
        if saved is not None:
            check_like(saved, {"done": done, "moments": self.measured.state_dict()}, phase)
            check_done(saved["done"], total, f"{phase}.done")
            done = saved["done"]
            self.measured = Moments.from_state({**saved["moments"], "pairs": self.measured.pairs})

        points = self.group.broadcast(
            spread_latents(
                total,
                basis,
                truncation=self.generator.truncation,
                seed=self.settings.seed,
                purpose="learning",
            )
        )

        def sample(index: int) -> tuple[torch.Tensor, torch.Tensor | None]:
            return points[index], self.latents(index, 1, "learning")[1]

        steps = measured_moments(
            self.evaluator,
            basis,
            sample,
            latents=total,
            differences=self.differences,
            seed=self.settings.seed,
            rows=rows,
            so_far=self.measured,
            done=done,
        )
        for index, moments in enumerate(steps, start=done + 1):
            self.measured = moments
            self.keep(**{phase: {"done": index, "moments": moments.state_dict()}})
            if show and (index == total or index & (index - 1) == 0):  # a solution costs what a latent does
                share = diagonalise(moments, starts=1).off_diagonal
                yield self.step(phase, index, total, "off-diagonal share", share)
            else:
                yield self.step(phase, index, total)

    def jacobi(self) -> Iterator[Step]:
        """Measure the live dimensions' Hessians, and make them diagonal."""
        live = self.space.basis[: self.space.live]
        total, show = self.settings.latents, len(live) <= _SHOWN
        yield from self.moments("hessians", live, len(live), total=total, solve=True, show=show)
        best = diagonalise(self.measured, seed=self.settings.seed)
        if not best.converged:
            self.notes.append(
                "the rotations had not settled after 100 sweeps: more latents may help (--latents)"
            )
        self.off_diagonal = best.off_diagonal
        self.turned = best.rotation
        effect = self.measured.effects(best.rotation)
        kept = effect.argsort(descending=True, stable=True)
        dead = self.space.basis[self.space.live :]
        self.directions = torch.cat([best.rotation[kept] @ live, dead])[: self.settings.ndirs]
        self.order = kept

    def adam(self) -> Iterator[Step]:
        """Turn a matrix by the paper's recipe, and keep its strongest rows."""
        if self.settings.squares():
            size, basis = self.space.dims, self.space.basis
            start = kaiming_start(size, size, seed=self.settings.seed)
            yield from self.turn("adam", self.settings.steps, start, basis)
        else:
            start = kaiming_start(self.settings.ndirs, self.generator.z_dim, seed=self.settings.seed)
            yield from self.turn("adam", self.settings.steps, start, None)

    def refine(self) -> Iterator[Step]:
        """Turn the square matrix that begins with the directions found so far a little more."""
        basis = self.group.broadcast(completed(self.directions, self.space.basis))
        self.off_diagonal = None
        yield from self.turn("refine", self.settings.refine, torch.eye(len(basis)), basis)

    def turn(self, phase: str, steps: int, start: torch.Tensor, basis: torch.Tensor | None) -> Iterator[Step]:
        """Take Adam's steps, and keep the rows with most effect."""
        saved = self.state.get(phase)
        rows = orthonormal(start.double()) if basis is None else orthonormal(start.double()) @ basis
        if saved is not None:
            check_like(saved, {"adam": adam_state(start), "directions": rows}, phase)
            check_done(saved["adam"]["done"], steps, f"{phase}.adam.done")
            rows = saved["directions"]
        for record in adam_steps(
            self.evaluator,
            lambda first, count: self.latents(first, count, "learning"),
            start,
            basis,
            self.settings.recipe(steps),
            seed=self.settings.seed,
            state=None if saved is None else saved["adam"],
        ):
            rows = record.directions
            self.keep(**{phase: {"adam": record.state, "directions": rows}})
            yield self.step(phase, record.done, steps, "penalty", record.smoothed)
        change = ((rows @ self.surveyed.total) * rows).sum(dim=1)
        self.directions = rows[change.argsort(descending=True, stable=True)[: self.settings.ndirs]]

    def baseline(self) -> None:
        """Directions that no second derivative is asked for."""
        settings, z_dim = self.settings, self.generator.z_dim
        if settings.solver == "random":
            self.directions = random_directions(self.block, settings.ndirs, z_dim, seed=settings.seed)
        elif settings.solver == "coordinate":
            self.directions = coordinate_directions(self.surveyed, self.block, settings.ndirs)
        elif settings.solver == "sefa":
            self.directions = sefa_directions(self.generator, self.block, settings.ndirs, z_dim)
        else:
            self.directions = first_order_directions(self.space, settings.ndirs)

    def finish(self) -> Iterator[Step]:
        """Say what each direction does, put the strongest first, fix the signs."""
        count = self.settings.ndirs
        if self.off_diagonal is not None:
            missing = torch.zeros(max(0, count - self.space.live), dtype=torch.float64)
            effect = torch.cat([self.measured.effects(self.turned)[self.order], missing])[:count]
            penalty = torch.cat([self.measured.row_shares(self.turned)[self.order], missing])[:count]
        else:
            self.directions = self.group.broadcast(self.directions)
            basis = self.group.broadcast(completed(self.directions, self.space.basis[: self.space.live]))
            total = self.settings.latents_described(len(basis))
            if total < self.settings.latents:
                self.notes.append(
                    f"effects and penalties were measured at {total} latents, not {self.settings.latents}: "
                    f"{count} directions have many pairs"
                )
            yield from self.moments("effects", basis, count, total=total, solve=False)
            effect = self.measured.effects(torch.eye(len(basis), dtype=torch.float64)[:count])
            penalty = self.measured.row_shares()
            kept = effect.argsort(descending=True, stable=True)
            self.directions, effect, penalty = self.directions[kept], effect[kept], penalty[kept]
        strongest = max(float(effect.max()), float(self.space.eigenvalues[0]) ** 0.5)
        penalty = torch.where(effect > _DEAD * strongest, penalty, float("nan"))
        solution = Solution(
            directions=with_signs(orthonormal(self.directions)).float(),
            effect=effect.float(),
            penalty=penalty.float(),
            space=self.space,
            off_diagonal=self.off_diagonal,
            evaluations=self.evaluator.evaluations,
            gradients=self.evaluator.gradients,
            warnings=tuple(self.notes) + _weak(effect, strongest),
            solver=self.settings.described(self.block, self.generator.resolution, self.space.dims),
        )
        last = self.step("done", 1, 1)
        yield replace(last, solution=solution)


def _weak(effect: torch.Tensor, strongest: float) -> tuple[str, ...]:
    """A sentence for each direction that hardly does anything."""
    return tuple(
        f"direction {index} hardly does anything: its effect, {value:.2g}, "
        f"is {value / strongest:.1%} of the strongest; ask for fewer directions (--ndirs)"
        for index, value in enumerate(effect.tolist())
        if value < WEAK * strongest
    )
