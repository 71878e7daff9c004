"""Measure directions, for every command and every run that ends with a scorecard."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from biggan_directions.distributed.process_group import ALONE, ProcessGroup
from biggan_directions.errors import UsageError
from biggan_directions.learning.run import surveyed
from biggan_directions.learning.settings import LearnSettings
from biggan_directions.metrics.factor_changes import with_image_factors
from biggan_directions.metrics.scorecard import with_stability
from biggan_directions.metrics.scoring import iterate_score
from biggan_directions.metrics.settings import ScoreSettings
from biggan_directions.runs.observer import Note, Observe, RunProgress, ignore
from biggan_directions.solvers import registry

if TYPE_CHECKING:
    from collections.abc import Sequence

    from biggan_directions.directions import Directions
    from biggan_directions.generators import Generator
    from biggan_directions.learning.result import Progress
    from biggan_directions.scores import Scorecard
    from biggan_directions.solvers.problem import Problem

_IN_COMMON = (
    "the files are measured in one search space and at the same latents, so that figures may differ from "
    "those of a file scored alone, by about their ±"
)


def measure(
    found: Directions,
    generator: Generator,
    settings: ScoreSettings,
    group: ProcessGroup = ALONE,
    *,
    search_space: str = "all",
    others: Sequence[tuple[str, Directions]] = (),
    called: str | None = None,
    known: Scorecard | None = None,
    observe: Observe = ignore,
) -> Scorecard:
    """Measure directions, in all processes of the group.

    Files of directions are measured in the search space that all of them were learnt in, on the same classes
    and at the same layers: at the latents and the seed that learning measured them at, the figures are the
    same. Bare matrices, another class, other layers, and files that were learnt in different search spaces
    get a new survey; a note says so where there are several files.

    Args:
        found: the directions.
        generator: what to measure them on.
        settings: how; the layers are those of ``found``.
        group: the processes that share the work; all of them call this.
        search_space: the part of z that a file of directions belongs to if it does not say so itself.
        others: further files to measure at the same latents, each with what it is to be called.
        called: what the directions are to be called; left out, by their solver's name.
        known: a scorecard of the directions, such as the one that learning ended with; if it is of the same
            latents, they are not measured again.
        observe: called with every step's progress.

    Returns:
        The scorecard, the same in every process.

    Raises:
        UsageError: the directions do not fit the generator.
        GeneratorError: the images are not finite, or do not depend on z.
        ProcessGroupError: a process has ended or does not answer.
    """
    card = None
    settings = replace(settings, layers=found.at_layers)
    sets = (found, *(one for _, one in others))
    problem, drawn = _learnt_in(sets, generator, group, observe)
    if others and (problem is None or any(one.foreign for one in sets)):
        observe(Note(_IN_COMMON))
    if problem is not None:  # an image's last digits depend on how many are drawn at once
        settings = replace(settings, micro_batch=problem.outline.micro_batch)
    spaces = {str(one.solver.get("search_space", search_space)) for one in sets}
    for step in iterate_score(
        generator,
        found.directions,
        solver=called or str(found.solver.get("name", "directions")),
        search_space=spaces.pop() if len(spaces) == 1 else "all",
        settings=settings,
        others=[(name, one.directions) for name, one in others],
        problem=problem,
        known=known,
        group=group,
    ):
        observe(RunProgress(phase=f"scoring: {step.phase}", done=step.done, total=step.total))
        card = step.scorecard
    assert card is not None
    card = with_stability(card, *(one.stability for one in sets))
    card = with_image_factors(
        card,
        generator,
        [one.directions for one in sets],
        micro_batch=settings.micro_batch,
        group=group,
        observe=lambda done, total: observe(
            RunProgress(phase="scoring: image factors", done=done, total=total)
        ),
    )
    return replace(card, evaluations=card.evaluations + drawn)


def _learnt_in(
    sets: Sequence[Directions], generator: Generator, group: ProcessGroup, observe: Observe
) -> tuple[Problem | None, int]:
    """The search space that files' directions were learnt in, and how many images it takes to find it.

    It is found again as learning found it, so that scoring measures the same as learning did at its end. None
    where the files do not say how, or were learnt in different ones; a bare matrix fits any.
    """
    own = [found for found in sets if not found.foreign]
    measured_on = (generator.classes, generator.truncation, False)
    if not own or any(
        (found.classes, found.truncation, found.at_other_layers) != measured_on for found in own
    ):
        return None, 0
    if any(found.layers != own[0].layers for found in sets):
        return None, 0
    try:
        settings, *others = [
            LearnSettings.of_result(found.solver, ndirs=len(found), seed=found.seed or 0) for found in own
        ]
        settings.block(generator.z_dim)
        settings.made_for(generator)
    except UsageError:  # such as another package's solver that is not installed here
        return None, 0
    if any(_search(other) != _search(settings) for other in others):
        return None, 0

    def tell(step: Progress) -> None:
        observe(RunProgress(phase=f"scoring: {step.phase}", done=step.done, total=step.total))

    drawn = 0
    # How many latents a survey takes may depend on whether the dimensions were asked for or chosen by it.
    for dims in (None, settings.search_dims):
        asked = replace(settings, search_dims=dims)
        problem = surveyed(generator, asked, progress=tell, group=group)
        drawn += problem.evaluator.evaluations
        if problem.space.dims == settings.search_dims:
            break
    return problem, drawn


def _search(settings: LearnSettings) -> tuple[LearnSettings, bool]:
    """What the search space depends on: settings without those of the solver, and whether it wants more."""
    usual = LearnSettings()
    alike = replace(
        settings,
        solver=usual.solver,
        options=usual.options,
        latents=usual.latents,
        agreement=usual.agreement,
        score_latents=usual.score_latents,
    )
    return alike, registry.find(settings.solver).thorough_survey
