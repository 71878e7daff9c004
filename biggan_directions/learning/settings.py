"""What a user may set when directions are learnt, checked when it is made."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from biggan_directions.errors import UsageError
from biggan_directions.generators.chosen_layers import EVERY
from biggan_directions.metrics.settings import ScoreSettings
from biggan_directions.solvers import registry
from biggan_directions.solvers.base import Solver
from biggan_directions.solvers.coordinate_block import Block, check_sizes, parse_search_space
from biggan_directions.solvers.derivatives import Differences
from biggan_directions.solvers.evaluator import Drawable
from biggan_directions.solvers.problem import Outline
from biggan_directions.solvers.settings import plain_values, read_settings
from biggan_directions.solvers.subspace import CHECKED, default_dims, thorough_latents


@dataclass(frozen=True, kw_only=True)
class LearnSettings:
    """How to look for directions: what all solvers share, and the chosen solver's own settings.

    Attributes:
        ndirs: how many to keep.
        solver: the name of one of :func:`~biggan_directions.solvers.registry.names`.
        options: the solver's own settings by name, as values or as text that a user typed. Once made, it
            holds all of them, as plain values.
        search_space: ``active``, ``all`` or ``START:STOP``.
        search_dims: dimensions of it to search; left out, found by measurement.
        layers: where z is moved, as :func:`~biggan_directions.generators.chosen_layers.layers_of` reads it:
            derivatives are with respect to a shift of the z that these layers meet. ``all``: of z itself.
        seed: of everything random.
        micro_batch: images drawn at once.
        latents: number of latents at which a closed form measures derivatives; left out, as many as it takes
            until two halves of them agree, within the budget.
        agreement: stability of every direction at which measuring stops, the |cos| between the halves.
        budget: images to draw for finding directions, if ``latents`` is left out. At least 4 latents are
            surveyed and 8 measured.
        difference_epsilon: step of differences, in units of z.
        sketch: numbers kept of an image that has more.
        survey_latents: latents at which all that is live is measured to find its most active part; left out,
            4 to 32, until two halves of them agree, and within a third of the budget.
        score_latents: fresh latents at which the directions are measured once they are found.

    Raises:
        UsageError: a value is out of range or unknown.

    >>> LearnSettings(solver="adam", options={"steps": "50"}).options["steps"]
    50
    """

    ndirs: int = 6
    solver: str = "joint"
    search_space: str = "active"
    search_dims: int | None = None
    layers: str = EVERY
    seed: int = 0
    micro_batch: int = 4
    latents: int | None = None
    agreement: float = 0.98
    budget: int = 1500
    difference_epsilon: float = 0.1
    sketch: int = 2048
    survey_latents: int | None = None
    score_latents: int = 16  # as many as `score` takes, so that it says the same again
    options: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        least = dict.fromkeys(
            ("ndirs", "micro_batch", "latents", "survey_latents", "search_dims", "sketch", "budget"), 1
        )
        for name, bound in least.items():
            value = getattr(self, name)
            if value is not None and value < bound:
                raise UsageError(f"{name.replace('_', ' ')} must be {bound} or more, got {value}")
        if not (math.isfinite(self.difference_epsilon) and self.difference_epsilon > 0):
            raise UsageError(
                f"difference epsilon must be a finite number above 0, got {self.difference_epsilon}"
            )
        if not 0 < self.agreement < 1:
            raise UsageError(f"agreement must lie between 0 and 1, got {self.agreement}")
        if self.score_latents < 2:
            raise UsageError(
                f"score latents must be 2 or more, to tell how sure a measure is, got {self.score_latents}"
            )
        object.__setattr__(self, "options", plain_values(self.made().settings))

    def made(self) -> Solver:
        """The solver, with its settings.

        Raises:
            UsageError: it is unknown, or has no such settings.
        """
        solver = registry.find(self.solver)
        own = {item.name for item in fields(solver.Settings)}
        if clash := sorted(own & ({item.name for item in fields(type(self))} | {"name"})):
            raise UsageError(
                f"solver {self.solver} cannot be used: its setting {clash[0]} has the name of one that all "
                "solvers share; rename it in the solver"
            )
        return solver(read_settings(solver.Settings, self.options, solver=self.solver))

    def made_for(self, generator: Drawable) -> Solver:
        """The solver for a generator.

        Raises:
            UsageError: as :meth:`made`, or the generator lacks what the solver needs.
        """
        solver = self.made()
        if lacking := solver.missing(generator):
            raise UsageError(f"{lacking}: choose another --solver")
        return solver

    def differences(self) -> Differences:
        """How to difference whole images."""
        return Differences(epsilon=self.difference_epsilon, blocks=(), floor=None, sketch=self.sketch)

    def block(self, z_dim: int) -> Block:
        """The part of z that is searched.

        Raises:
            UsageError: it is not a part of z, or the numbers of directions and dimensions do not fit it.
        """
        block = parse_search_space(self.search_space, z_dim)
        check_sizes(block, ndirs=self.ndirs, dims=self.search_dims)
        return block

    def outline(self, *, z_dim: int, resolution: int, dims: int | None = None) -> Outline:
        """What is known of the work on a generator of these sizes.

        Args:
            z_dim: numbers of a latent.
            resolution: pixels of an image's side.
            dims: dimensions of the search space, once they are known.

        Raises:
            UsageError: as :meth:`block`.
        """
        block = self.block(z_dim)
        return Outline(
            ndirs=self.ndirs,
            z_dim=z_dim,
            resolution=resolution,
            block=block,
            dims=dims or self.search_dims or default_dims(block, self.ndirs),
            latents=self.latents,
            agreement=self.agreement,
            budget=self.budget,
            seed=self.seed,
            micro_batch=self.micro_batch,
        )

    def survey_counts(self, each: int, *, classes: int = 1) -> tuple[int, ...]:
        """The numbers of latents after which to ask whether the search space has settled.

        Args:
            each: images drawn at a latent.
            classes: number of classes; each is met by a latent before the survey ends, up to a limit.
        """
        if self.survey_latents is not None:
            return (self.survey_latents,)
        if registry.find(self.solver).thorough_survey:
            return (thorough_latents(each),)
        affordable = self.budget // 3 // each
        least = min(max(CHECKED[0], classes), CHECKED[-1])
        return tuple(count for count in CHECKED if least <= count <= affordable) or (least,)

    def scoring(self) -> ScoreSettings:
        """How the directions are measured once they are found: as ``score`` does, without baselines."""
        return ScoreSettings(
            latents=self.score_latents,
            seed=self.seed,
            baselines=(),
            micro_batch=self.micro_batch,
            layers=self.layers,
        )

    @classmethod
    def of_result(cls, solver: Mapping[str, Any], *, ndirs: int, seed: int) -> LearnSettings:
        """The settings that a result's file describes (see :meth:`described`), with another seed.

        Raises:
            UsageError: the file was not made by a solver that is known here, or says what cannot be.
        """
        name = solver.get("name")
        if name is None:
            raise UsageError("the file does not say how its directions were found: learn them again first")
        common = {item.name for item in fields(cls)} - {"options"}
        made = {key: value for key, value in solver.items() if key in common}
        made |= {"solver": name, "ndirs": ndirs, "seed": seed}
        try:
            own = {item.name for item in fields(registry.find(str(name)).Settings)}
            made["options"] = {key: value for key, value in solver.items() if key in own}
            read: LearnSettings = read_settings(cls, made, solver=str(name), strict=True)
        except UsageError as error:
            raise UsageError(f"the file's settings cannot be used: {error}; learn anew") from error
        return read

    def described(self, outline: Outline) -> dict[str, Any]:
        """Name and every setting used, for the result's file, without those that were left to measurement."""
        used = {
            "name": self.solver,
            "search_space": self.search_space,
            "search_dims": outline.dims,
            "layers": None if self.layers == EVERY else self.layers,
            "micro_batch": self.micro_batch,
            "survey_latents": self.survey_latents,
            "latents": self.latents,
            "agreement": self.agreement,
            "budget": self.budget,
            "difference_epsilon": self.difference_epsilon,
            "sketch": self.sketch,
            "score_latents": self.score_latents,
            **self.made().described(outline),
        }
        return {key: value for key, value in used.items() if value is not None}
