"""What a run tells whoever observes it: how far it is, and remarks that a user should read."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, kw_only=True)
class RunProgress:
    """How far a run is: ``done`` of ``total`` steps of a phase.

    Attributes:
        phase: what is being done, such as ``hessians`` or ``scoring: random``.
        done: steps of this phase that are done.
        total: steps that this phase takes.
        measure: what ``value`` is, such as ``penalty``; empty where nothing is measured on the way.
        value: the measure so far.
        beside: other measures by their names, such as losses.
        part: which of the run's parts this phase is of, from 1.
        parts: how many parts the run has; 1 where it is not divided.
    """

    phase: str
    done: int
    total: int
    measure: str = ""
    value: float | None = None
    beside: Mapping[str, float] = field(default_factory=dict)
    part: int = 1
    parts: int = 1


@dataclass(frozen=True)
class Note:
    """A remark that a user should read: one sentence."""

    text: str


Observe = Callable[[RunProgress | Note], None]
"""Called with everything that a run has to tell, in the process that leads and in the others."""


def ignore(_told: RunProgress | Note) -> None:
    """Observe nothing."""
