"""The solver contract: its own settings, its cost, and directions found step by step.

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
    """The cost of :meth:`Solver.solve`, without the survey of the search space.

    Attributes:
        images: total number of images drawn.
        gradients: how many of these are also differentiated.
        memory: number of micro-batches whose graphs a gradient step keeps at once; a vector-Jacobian product
            keeps one.
    """

    images: int = 0
    gradients: int = 0
    memory: int = 1


@dataclass(frozen=True, kw_only=True, eq=False)
class Found:
    """A solver's result.

    Attributes:
        directions: linearly independent rows, float64 ``(ndirs, z_dim)``. They are made orthonormal in their
            order, which does not change rows that already are.
        ordered: whether the rows are already in their final order, for example sorted by effects that the
            solver has measured. If not, they are sorted by the survey of the search space, those that change
            the image most first.
        off_diagonal: the share of the search space's energy off the diagonal at the solution, where the
            solver knows it.
        stability: how far each direction was found again by both halves of the latents, as the |cos| of the
            angle between the two ``(ndirs,)``, where the solver knows it; NaN for a dead one. It needs
            ``ordered``.
        latents: number of latents at which the solver has measured.
        notes: notes to the user, one sentence each.
    """

    directions: torch.Tensor
    ordered: bool = False
    off_diagonal: float | None = None
    stability: torch.Tensor | None = None
    latents: int | None = None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, eq=False)
class Step:
    """Progress of a solver; its last step has the result.

    Attributes:
        phase: the name of the current phase for the progress bar, one or two words.
        done: units of work done in this phase.
        total: units of work in this phase.
        state: everything needed to resume after this step: a dict of plain values and tensors on the CPU,
            which later steps do not modify.
        measure: the name of ``value``, for example ``penalty``.
        value: the current value of the measure.
        result: the result, only in the last step.
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

    Subclasses set the class attributes and define :meth:`solve`; the other methods have defaults for a solver
    that draws no images.

    Attributes:
        name: what users type after ``--solver``; a method's file has the same name, with underscores.
        paper: authors and arXiv number, or another source.
        summary: the method in one line.
        Settings: a frozen keyword-only dataclass, each field made by
            :func:`~biggan_directions.solvers.settings.setting`. It raises UsageError for a value that is out
            of range. Its names must differ from those of the settings that all solvers share.
        thorough_survey: whether the solver takes its directions from the survey, which then does not end as
            soon as the search space has settled.
        settings: an instance of it.
    """

    thorough_survey: ClassVar[bool] = False
    name: ClassVar[str]
    paper: ClassVar[str]
    summary: ClassVar[str]
    Settings: ClassVar[type[Any]] = NoSettings

    def __init__(self, settings: Any = None) -> None:
        self.settings = self.Settings() if settings is None else settings

    def missing(self, _generator: Drawable) -> str | None:
        """What the solver needs and this generator lacks, as a clause such as ``sefa needs …``, or None."""
        return None

    def cost(self, _outline: Outline) -> Cost:
        """The cost of solving, before any measurement; exact if the search space has no dead dimension."""
        return Cost()

    def described(self, _outline: Outline) -> dict[str, Any]:
        """Every setting as a plain value, for the file of the result.

        A subclass replaces settings that were left to the solver by its choice for this outline.
        """
        return plain_values(self.settings)

    @abstractmethod
    def solve(self, problem: Problem, state: dict[str, Any] | None = None) -> Iterator[Step]:
        """Find directions step by step.

        Args:
            problem: the generator, the search space, and the results of the survey.
            state: the state of an earlier step with the same problem and settings. The solver resumes after
                that step and ends with the same bytes; from the state of the last step it gives the result
                again. A state may come from an untrusted file: see
                :mod:`~biggan_directions.solvers.state_checks`.

        Yields:
            At least one :class:`Step`; the last has the result, and is not shown as progress.

        Raises:
            UsageError: the settings do not fit the problem.
            FileFormatError: the state is not one of this solver's.
            GeneratorError: images are not finite.
        """
        raise NotImplementedError
