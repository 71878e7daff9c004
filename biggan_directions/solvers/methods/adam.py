"""The paper's recipe: Adam on a free matrix whose orthonormalised rows are the directions."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Protocol

import torch

from biggan_directions.errors import FileFormatError, UsageError
from biggan_directions.linalg import completed, orthonormal
from biggan_directions.solvers import registry
from biggan_directions.solvers.base import Cost, Found, Solver, Step
from biggan_directions.solvers.descent import Descent, Recipe, adam_state, adam_steps, kaiming_start
from biggan_directions.solvers.problem import Outline, Problem
from biggan_directions.solvers.settings import setting
from biggan_directions.solvers.state_checks import check_done, check_like

KAIMING = "kaiming"


@dataclass(frozen=True, kw_only=True)
class AdamSettings(Recipe):
    """The settings of Adam, and the matrix that is optimised.

    Attributes:
        start: ``kaiming``, a random matrix, or the name of another solver. That solver runs with its default
            settings, and its directions, completed to a basis of the search space, are the start.
        square: whether to optimise a square matrix and keep its strongest rows; if not, ``ndirs`` rows are
            optimised. By default the matrix is square, because fewer rows would leak into dead dimensions;
            only a random matrix over all of z has ``ndirs`` rows, as published.

    Raises:
        UsageError: a value is out of range.
    """

    start: str = setting(
        KAIMING,
        help="Initial matrix: kaiming (random), or the name of a solver whose result is the start.",
        source="the authors' BigGAN code",
    )
    square: bool | None = setting(
        None,
        help="Optimise a square matrix and keep its strongest rows; if false, optimise ndirs rows.",
        source="fewer rows would leak into dead dimensions; over all of z, ndirs rows as published",
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        check_start(self.start, solver=Adam.name)


def check_start(start: str, *, solver: str) -> None:
    """Check the name of an initial matrix.

    Raises:
        UsageError: it is neither ``kaiming`` nor a solver other than this one.
    """
    others = [name for name in registry.names() if name != solver]
    if start not in (KAIMING, *others):
        raise UsageError(
            f"start '{start}' is unknown: expected {KAIMING}, or another solver: {', '.join(others)}"
        )


class DescentSettings(Descent, Protocol):
    """The settings of a solver that minimises something by Adam: see :class:`AdamSettings`."""

    @property
    def start(self) -> str: ...

    @property
    def square(self) -> bool | None: ...


class Adam(Solver):
    """Minimises the Hessian Penalty by Adam, from a random matrix or from another solver's result.

    A subclass with other ``Settings`` minimises what these estimate.
    """

    name = "adam"
    paper = "Peebles et al., arXiv:2008.10599, section 5"
    summary = "The paper's recipe: Adam on the penalty of the orthonormalised rows of a matrix."
    Settings: ClassVar[type[Any]] = AdamSettings
    settings: DescentSettings

    def missing(self, generator: Any) -> str | None:
        """What the solver of the start needs and the generator lacks."""
        first = self._first()
        return None if first is None else first.missing(generator)

    def cost(self, outline: Outline) -> Cost:
        """One image for the check at the beginning, and the passes for every latent."""
        settings, first = self.settings, self._first()
        before = Cost() if first is None else first.cost(outline)
        gradients = settings.steps * settings.batch_size * settings.passes
        return Cost(
            images=before.images + gradients + (settings.steps > 0),
            gradients=before.gradients + gradients,
            memory=max(before.memory, settings.passes),
        )

    def described(self, outline: Outline) -> dict[str, Any]:
        """The settings, and whether the matrix was square."""
        return {**super().described(outline), "square": self.squares(outline)}

    def squares(self, outline: Outline) -> bool:
        """Whether a square matrix is optimised."""
        if self.settings.square is not None:
            return self.settings.square
        return self.settings.start != KAIMING or not _whole(outline)

    def solve(self, problem: Problem, state: dict[str, Any] | None = None) -> Iterator[Step]:
        """Find the initial matrix, then run Adam."""
        if state is not None and (not isinstance(state, dict) or not state.keys() <= {"start", "adam"}):
            raise FileFormatError(f"{self.name}'s state has other keys than start, adam")
        state = dict(state or {})
        outline, space = problem.outline, problem.space
        first = self._first()
        notes: tuple[str, ...] = ()
        basis: torch.Tensor | None = None if _whole(outline) else space.basis
        if first is not None:
            for step in first.solve(problem, state.get("start")):
                state = {**state, "start": step.state}
                if step.result is None:
                    yield replace(step, state=state)
            assert step.result is not None
            notes = step.result.notes
            basis = problem.group.broadcast(completed(step.result.directions, space.basis))
        size = outline.z_dim if basis is None else len(basis)
        rows = size if self.squares(outline) else outline.ndirs
        start = kaiming_start(rows, size, seed=outline.seed) if first is None else torch.eye(rows, size)
        yield from self._turned(problem, start, basis, state, notes)

    def _turned(
        self,
        problem: Problem,
        start: torch.Tensor,
        basis: torch.Tensor | None,
        state: dict[str, Any],
        notes: tuple[str, ...],
    ) -> Iterator[Step]:
        """Run Adam, and keep the rows with the largest effect."""
        total, saved = self.settings.steps, state.get("adam")
        rows = orthonormal(start.double()) if basis is None else orthonormal(start.double()) @ basis
        if saved is not None:
            check_like(saved, {"matrix": adam_state(start), "directions": rows}, "adam")
            check_done(saved["matrix"]["done"], total, "adam.matrix.done")
            rows = saved["directions"]
        for record in adam_steps(
            problem.evaluator,
            problem.inputs,
            start,
            basis,
            self.settings,
            seed=problem.outline.seed,
            state=None if saved is None else saved["matrix"],
        ):
            rows = record.directions
            state = {**state, "adam": {"matrix": record.state, "directions": rows}}
            yield Step(
                phase=self.name,
                done=record.done,
                total=total,
                measure="penalty",
                value=record.smoothed,
                state=state,
            )
        found = Found(directions=problem.strongest(rows), notes=notes)
        yield Step(phase=self.name, done=total, total=total, state=state, result=found)

    def _first(self) -> Solver | None:
        """The solver whose result is the start, with its default settings; None for a random matrix."""
        return None if self.settings.start == KAIMING else registry.find(self.settings.start)()


def _whole(outline: Outline) -> bool:
    """Whether all of z is searched, in its own coordinates."""
    return outline.block.spec == "all" and outline.dims == outline.z_dim
