"""From a frozen generator to directions: the search space, a solver, and the measures of what it found."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from dataclasses import asdict, replace
from typing import Any

import torch

from biggan_directions.distributed.process_group import ALONE, ProcessGroup
from biggan_directions.errors import UsageError
from biggan_directions.generators import Generator
from biggan_directions.generators.chosen_layers import layers_of
from biggan_directions.latents import sample_inputs
from biggan_directions.learning.result import Progress, Solution
from biggan_directions.learning.settings import LearnSettings
from biggan_directions.learning.state import check_plain, check_same
from biggan_directions.linalg import orthonormal, with_signs
from biggan_directions.metrics.scorecard import with_stability
from biggan_directions.metrics.scoring import iterate_score
from biggan_directions.scores import Scorecard
from biggan_directions.solvers.base import Found
from biggan_directions.solvers.evaluator import Evaluator
from biggan_directions.solvers.live_space import LiveSpace
from biggan_directions.solvers.problem import Problem
from biggan_directions.solvers.state_checks import check_done, check_like
from biggan_directions.solvers.subspace import SETTLED, SearchSpace, Survey, images_per_latent

_INDEPENDENT = 1e-6  # least singular value of rows of length 1; below it they are linearly dependent


def learn(
    generator: Generator,
    settings: LearnSettings | None = None,
    *,
    progress: Callable[[Progress], None] | None = None,
    state: dict[str, Any] | None = None,
    group: ProcessGroup = ALONE,
) -> Solution:
    """Find directions; see :func:`iterate`.

    Args:
        generator: what to search.
        settings: how; the defaults where left out.
        progress: called with every :class:`Progress`.
        state: of an earlier step, to go on from.
        group: the processes that share the work; all of them call this.

    Returns:
        The directions.

    Raises:
        UsageError: the settings do not fit the generator or the state.
        FileFormatError: the state is not one of a run's.
        GeneratorError: the images are not finite, or do not depend on z.
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
) -> Iterator[Progress]:
    """Find directions, a step at a time; the last step carries the solution.

    The same generator, settings and seed give the same bytes, also when taken up from a step's ``state``,
    and whatever the number of processes: what they find is added up in the order of latents, in float64.

    Args:
        generator: what to search. With several classes, z and class are drawn together.
        settings: how.
        state: of an earlier step, to go on from; the leader's counts.
        group: the processes that share the work; all of them call this, and go through all of the steps.

    Yields:
        Progress: see :class:`Progress`.

    Raises:
        UsageError: the settings do not fit the generator, or the state was made with others.
        FileFormatError: the state is not one of a run's; the part that is wrong is named.
        GeneratorError: the images are not finite, or do not depend on z.
    """
    run = _Run(generator, settings, group.broadcast(state), group)
    yield from run.live()
    yield from run.survey()
    yield from run.solve()
    yield from run.measure()
    yield run.finish()


def surveyed(
    generator: Generator,
    settings: LearnSettings,
    *,
    progress: Callable[[Progress], None] | None = None,
    group: ProcessGroup = ALONE,
) -> Problem:
    """Find the search space that :func:`learn` would search with the same settings.

    Arguments and errors are those of :func:`learn`.
    """
    run = _Run(generator, settings, None, group)
    for step in itertools.chain(run.live(), run.survey()):
        if progress is not None:
            progress(step)
    return run.problem


class _Run:
    """One run: each phase takes up what the state holds, and adds to it."""

    def __init__(
        self, generator: Generator, settings: LearnSettings, state: dict[str, Any] | None, group: ProcessGroup
    ) -> None:
        self.generator, self.settings, self.group = generator, settings, group
        self.solver = settings.made_for(generator)
        self.outline = settings.outline(z_dim=generator.z_dim, resolution=generator.resolution)
        self.layers = layers_of(generator, settings.layers)
        self.evaluator = Evaluator(generator, settings.micro_batch, group, self.layers)
        made_for = {
            "settings": {**asdict(settings), **settings.options},
            "generator": {
                "model": generator.model,
                "weights_sha256": generator.weights_sha256,
                "classes": [list(item) for item in generator.classes],
                "truncation": generator.truncation,
                "z_dim": generator.z_dim,
            },
        }
        del made_for["settings"]["options"]
        group.check_same(**made_for)
        counts = {"evaluations": 0, "gradients": 0}
        self.state: dict[str, Any] = {**made_for, **counts} if state is None else dict(state)
        for part, expected in made_for.items():
            check_plain(self.state.get(part), part)
            check_same(self.state[part], expected)
        for part, none in counts.items():
            check_like(self.state.get(part), none, part)
        self.evaluator.evaluations = self.state["evaluations"]
        self.evaluator.gradients = self.state["gradients"]
        self.products: int
        self.basis: torch.Tensor
        self.problem: Problem
        self.found: Found
        self.directions: torch.Tensor
        self.card: Scorecard
        self.notes: list[str] = []

    def step(
        self, phase: str, done: int, total: int, measure: str = "", value: float | None = None
    ) -> Progress:
        """A record of where we are."""
        self.state = {
            **self.state,
            "evaluations": self.evaluator.evaluations,
            "gradients": self.evaluator.gradients,
        }
        return Progress(
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

    def live(self) -> Iterator[Progress]:
        """Find the dimensions of z on which the image depends."""
        saved, block = self.state.get("live"), self.outline.block
        live = begun = LiveSpace.empty(block, self.generator.z_dim)
        if saved is not None:
            check_like(saved, begun.state_dict(), "live")
            check_done(saved["count"], begun.limit, "live.count")
            live = begun = LiveSpace.from_state(saved, block)
        for live in begun.continued(self.evaluator, self.survey_inputs, seed=self.settings.seed):
            self.keep(live=live.state_dict())
            yield self.step("live dimensions", live.count, live.limit)
        self.products = live.count
        self.basis = self.group.broadcast(live.basis())

    def survey_inputs(self, start: int, count: int) -> tuple[torch.Tensor, torch.Tensor | None]:
        """The latents of the survey."""
        return sample_inputs(self.generator, start, count, "survey", seed=self.settings.seed)

    def survey(self) -> Iterator[Progress]:
        """Find the search space from first derivatives along all that is live."""
        block, settings = self.outline.block, self.settings
        survey = Survey.empty(block, self.basis)
        each = images_per_latent(block, survey.z_dim, live=len(self.basis))
        counts = settings.survey_counts(each, classes=len(self.generator.classes))
        saved = self.state.get("survey")
        if saved is not None:
            check_like(saved, survey.state_dict(), "survey")
            check_done(saved["count"], counts[-1], "survey.count")
            survey = survey.resumed(saved)
        for count in counts:
            if survey.count > count:
                continue  # asked before the run was stopped, and not settled then
            begun = survey
            for survey in begun.continued(
                self.evaluator,
                self.survey_inputs,
                total=count,
                seed=settings.seed,
                epsilon=settings.difference_epsilon,
            ):
                self.keep(survey=survey.state_dict())
                yield self.step("search space", survey.count, counts[-1])
            space = survey.space(ndirs=settings.ndirs, dims=settings.search_dims).broadcast(self.group)
            if not space.overlap < SETTLED:
                break
        if space.overlap < SETTLED:
            self.notes.append(_unsettled(space))
        self.problem = Problem(
            outline=replace(self.outline, dims=space.dims),
            generator=self.generator,
            evaluator=self.evaluator,
            survey=survey,
            surveyed=self.products + survey.images,
            space=space,
            differences=settings.differences(),
        )

    def solve(self) -> Iterator[Progress]:
        """Let the solver find directions; what it found is left in ``self.found``."""
        found = None
        for step in self.solver.solve(self.problem, self.state.get("solver")):
            self.keep(solver=step.state)
            found = step.result
            if found is None:
                yield self.step(step.phase, step.done, step.total, step.measure, step.value)
        self.found = self._checked(found)
        self.notes += self.found.notes

    def _checked(self, found: Found | None) -> Found:
        """The leader's result, checked: errors of a solver that somebody is writing are told as sentences.

        Raises:
            UsageError: there is no result, or its directions have another shape, are not finite, or are
                linearly dependent.
        """
        name, expected = self.settings.solver, (self.settings.ndirs, self.generator.z_dim)
        if found is None:
            raise UsageError(f"solver {name} ended without a result: its last step must have one")
        rows = found.directions
        if tuple(rows.shape) != expected or not bool(torch.isfinite(rows).all()):
            raise UsageError(
                f"solver {name} gave directions of shape {tuple(rows.shape)}; expected finite numbers of "
                f"shape {expected}"
            )
        lengths = rows.norm(dim=1, keepdim=True)
        if bool((lengths == 0).any()) or float(torch.linalg.svdvals(rows / lengths)[-1]) < _INDEPENDENT:
            raise UsageError(f"solver {name} gave directions that are linearly dependent")
        stability = None if found.stability is None else self.group.broadcast(found.stability.float())
        return replace(found, directions=self.group.broadcast(rows), stability=stability)

    def measure(self) -> Iterator[Progress]:
        """Measure the directions at fresh latents; begun again where a run is resumed in its middle."""
        rows = self.found.directions
        if not self.found.ordered:
            rows = self.problem.strongest(rows)
            self.found = replace(self.found, stability=None)  # it is of the solver's own order
        self.directions = with_signs(orthonormal(rows)).float()
        for step in iterate_score(
            self.generator,
            self.directions,
            solver=self.settings.solver,
            settings=self.settings.scoring(),
            problem=self.problem,
            group=self.group,
        ):
            if step.scorecard is None:
                yield self.step("measuring", step.done, step.total)
            else:
                self.card = step.scorecard

    def finish(self) -> Progress:
        """Put the result together, and say what a user should know."""
        card = self.card if self.found.stability is None else with_stability(self.card, self.found.stability)
        solution = Solution(
            directions=self.directions,
            scorecard=card,
            space=self.problem.space,
            off_diagonal=self.found.off_diagonal,
            stability=self.found.stability,
            latents=self.found.latents,
            evaluations=self.evaluator.evaluations,
            gradients=self.evaluator.gradients,
            warnings=tuple(self.notes),
            layers=None if self.layers is None else self.layers.indices,
            solver=self.settings.described(self.problem.outline),
        )
        return replace(self.step("done", 1, 1), solution=solution)


def _unsettled(space: SearchSpace) -> str:
    """What a user should know of a search space that depends on the latents."""
    return (
        f"the search space itself is a matter of luck: the {space.dims} dimensions that two halves of its "
        f"{space.latents} latents give overlap {space.overlap:.2f} (1 is the same), and carry "
        f"{space.trace_share:.0%} of the image's change; measure more (--survey-latents), or search more of "
        "them (--search-dims)"
    )
