"""The solver contract: settings of its own, what it costs, and directions found a step at a time.

A solver is one file: a subclass of :class:`Solver` in ``solvers/methods/``, or in another package that names
it as an entry point of the group ``biggan_directions.solvers``. docs/own-solver.md shows a complete one.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, ClassVar

import torch

from biggan_directions.solvers.evaluator import Drawable
from biggan_directions.solvers.problem import Outline, Problem
from biggan_directions.solvers.settings import NoSettings, plain_values


@dataclass(frozen=True, kw_only=True)
class Cost:
    """What :meth:`Solver.solve` takes, the survey of the search space aside.

    Attributes:
        images: how many images are drawn in all.
        gradients: how many of these are differentiated as well.
        memory: how many micro-batches' graphs a gradient step keeps at once; a vector-Jacobian product keeps
            one.
        outside: whether directions may leave the search space (never the block of z). Measuring them
            afterwards then takes more images.
    """

    images: int = 0
    gradients: int = 0
    memory: int = 1
    outside: bool = False


@dataclass(frozen=True, kw_only=True, eq=False)
class Found:
    """A solver's result.

    Attributes:
        directions: linearly independent rows, float64 ``(ndirs, z_dim)``. They are made orthonormal in their
            order, so solvers that care return orthonormal rows.
        ordered: whether the rows are in the order in which they are to be kept, as after sorting them by
            effects that the solver has measured. If not, they are sorted by the survey of the search space,
            those that change the image most first.
        off_diagonal: the share of the search space's energy off the diagonal at the solution, where the
            solver knows it.
        notes: what a user should know, a sentence each.
    """

    directions: torch.Tensor
    ordered: bool = False
    off_diagonal: float | None = None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, eq=False)
class Step:
    """Progress of a solver; its last step has the result.

    Attributes:
        phase: what is being done, a word or two for the progress bar.
        done: of ``total`` in this phase.
        total: what this phase takes.
        state: all that is needed to resume after this step: a dict of plain values and tensors on the CPU,
            which no later step changes.
        measure: what ``value`` is, for example ``penalty``.
        value: the measure so far.
        result: what was found, in the last step alone.
    """

    phase: str
    done: int
    total: int
    state: dict[str, Any]
    measure: str = ""
    value: float | None = None
    result: Found | None = None


class Solver(ABC):
    """A method that finds directions.

    Subclasses set the class attributes, and write :meth:`solve`; the other methods have defaults that suit a
    solver which draws no images of its own.

    Attributes:
        name: what users type after ``--solver``; a method's file has the same name, with underscores.
        paper: authors and arXiv number, or what else it follows.
        summary: what it does, in one line.
        Settings: a frozen keyword-only dataclass, each field made by
            :func:`~biggan_directions.solvers.settings.setting`. It raises UsageError for a value that is out
            of range. Its names must differ from those of the settings that all solvers share.
        settings: an instance of it.
    """

    name: ClassVar[str]
    paper: ClassVar[str]
    summary: ClassVar[str]
    Settings: ClassVar[type[Any]] = NoSettings

    def __init__(self, settings: Any = None) -> None:
        self.settings = self.Settings() if settings is None else settings

    def missing(self, _generator: Drawable) -> str | None:
        """What this generator lacks for the solver, as a clause such as ``sefa needs …``; None if nothing."""
        return None

    def cost(self, _outline: Outline) -> Cost:
        """What solving takes, before anything is measured; exact where no dimension of the space is dead."""
        return Cost()

    def described(self, _outline: Outline) -> dict[str, Any]:
        """Every setting as a plain value, for the result's file.

        A subclass replaces a setting that was left to the solver by what it chooses for this outline.
        """
        return plain_values(self.settings)

    @abstractmethod
    def solve(self, problem: Problem, state: dict[str, Any] | None = None) -> Iterator[Step]:
        """Find directions, a step at a time.

        Args:
            problem: the generator, where to search, and what is known of both.
            state: of an earlier step of the same problem and settings. The solver resumes after that step and
                ends with the same bytes; from the state of the last step it gives the result again. A state
                may come from anybody's file: see :mod:`~biggan_directions.solvers.state_checks`.

        Yields:
            At least one :class:`Step`; the last has the result, and is not shown as progress.

        Raises:
            UsageError: the settings do not fit the problem.
            FileFormatError: the state is not one of this solver's.
            GeneratorError: images are not finite.
        """
        raise NotImplementedError
