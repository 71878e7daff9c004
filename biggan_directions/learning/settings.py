"""What a user may set when directions are learnt, checked when it is made."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

from biggan_directions.errors import UsageError
from biggan_directions.solvers.adam import Recipe
from biggan_directions.solvers.derivatives import Differences, evaluations_per_latent
from biggan_directions.solvers.subspace import Block, check_sizes, cotangents_needed, parse_search_space

WEIGHTINGS = ("balanced", "plain")
SOLVERS = ("jacobi", "adam", "random", "coordinate", "first-order", "sefa")

_GRIDS = (8, 4)  # the picture is solved on as pictures of these sides: found by measurement on 64 × 64
_DIFFERENCE_EPSILON = 0.1
_DESCRIBING = 20_800  # pictures at most: those of the closed form's 64 latents in 24 dimensions


@dataclass(frozen=True, kw_only=True)
class LearnSettings:
    """How to look for directions.

    Attributes:
        ndirs: how many to keep.
        solver: one of :data:`SOLVERS`.
        search_space: ``active``, ``all`` or ``START:STOP``.
        search_dims: dimensions of it to search; the solver's choice where left out.
        seed: of everything random.
        micro_batch: pictures drawn at once.
        latents: where second derivatives are measured.
        difference_epsilon: step of second differences, in units of z.
        blocks: sides in pixels of the blocks that pictures are averaged over first, one a scale; left out,
            what leaves 8 × 8 and 4 × 4.
        weighting: ``balanced``, every block at every latent has the same say, or ``plain``, the paper's sum
            of squares: see :func:`~biggan_directions.solvers.derivatives.derivatives`.
        sketch: numbers kept of a picture that has more.
        vjps: vector-Jacobian products that find the active space; left out, twice the dimensions, 64 to 256.
        refine: Adam steps on the whole square matrix after the solver.
        steps: Adam's, as are the rest: see :class:`~biggan_directions.solvers.adam.Recipe`.
        batch_size: latents a step.
        lr: learning rate.
        max_distance: how far each latent is first moved, at most.
        probes: random sign vectors a latent.
        epsilon: step of Adam's second differences.

    Raises:
        UsageError: a value is out of range or unknown.
    """

    ndirs: int = 6
    solver: str = "jacobi"
    search_space: str = "active"
    search_dims: int | None = None
    seed: int = 0
    micro_batch: int = 4
    latents: int = 64
    difference_epsilon: float = _DIFFERENCE_EPSILON
    blocks: tuple[int, ...] | None = None
    weighting: str = "balanced"
    sketch: int = 2048
    vjps: int | None = None
    refine: int = 0
    steps: int = 1000
    batch_size: int = 32
    lr: float = 0.01
    max_distance: float = 5.0
    probes: int = 2
    epsilon: float = 0.1

    def __post_init__(self) -> None:
        if self.solver not in SOLVERS:
            raise UsageError(f"solver '{self.solver}' is unknown: expected one of {', '.join(SOLVERS)}")
        least = {"ndirs": 1, "micro_batch": 1, "latents": 1, "vjps": 1, "search_dims": 1, "refine": 0}
        for name, bound in least.items():
            value = getattr(self, name)
            if value is not None and value < bound:
                raise UsageError(f"{name.replace('_', ' ')} must be {bound} or more, got {value}")
        self.recipe(self.steps)
        if self.weighting not in WEIGHTINGS:
            raise UsageError(
                f"weighting '{self.weighting}' is unknown: expected one of {', '.join(WEIGHTINGS)}"
            )
        self.differences(_GRIDS[0])

    def recipe(self, steps: int) -> Recipe:
        """Adam's settings, for so many steps."""
        return Recipe(
            steps=steps,
            batch_size=self.batch_size,
            lr=self.lr,
            max_distance=self.max_distance,
            probes=self.probes,
            epsilon=self.epsilon,
        )

    def differences(self, resolution: int) -> Differences:
        """How to difference pictures of so many pixels a side."""
        blocks = self.blocks
        if blocks is None:
            blocks = tuple(max(1, resolution // grid) for grid in _GRIDS)
        return Differences(
            epsilon=self.difference_epsilon,
            blocks=blocks,
            balanced=self.weighting == "balanced",
            sketch=self.sketch,
        )

    def block(self, z_dim: int) -> Block:
        """The part of z that is searched.

        Raises:
            UsageError: it is not a part of z, or the numbers of directions and dimensions do not fit it.
        """
        block = parse_search_space(self.search_space, z_dim)
        check_sizes(block, ndirs=self.ndirs, dims=self.search_dims)
        return block

    def cotangents(self, block: Block) -> int:
        """How many vector-Jacobian products to take."""
        return cotangents_needed(block) if self.vjps is None else self.vjps

    def latents_described(self, size: int) -> int:
        """At how many latents directions are described that were not found from second derivatives.

        Fewer than ``latents`` where that would take more pictures than the closed form does, and an even
        number, for pairs of opposite ones: 120 directions in a basis of ``size`` 128 have thousands of pairs.
        """
        affordable = _DESCRIBING // evaluations_per_latent(size, self.ndirs)
        return min(self.latents, max(2, affordable - affordable % 2))

    def squares(self) -> bool:
        """Whether Adam turns a square matrix of the whole search space, rather than ``ndirs`` rows of z."""
        return self.search_space != "all" or self.search_dims is not None

    @classmethod
    def of_result(cls, solver: dict[str, Any], *, ndirs: int, seed: int) -> LearnSettings:
        """The settings that a result's file describes (see :meth:`described`), with another seed.

        Raises:
            UsageError: the file was not made by this package's solvers.
        """
        if "name" not in solver:
            raise UsageError("the file does not say how its directions were found: learn them again first")
        known = {item.name: item.default for item in fields(cls)}
        chosen: dict[str, Any] = {}
        for name in (solver.keys() & known.keys()) - {"ndirs", "seed", "solver", "blocks"}:
            chosen[name] = _of_kind(name, solver[name], like=known[name])
        if "blocks" in solver:
            chosen["blocks"] = _read_blocks(solver["blocks"])
        if chosen.get("search_space") == "all" and not solver.get("square", True):
            chosen.pop("search_dims", None)
        return cls(ndirs=ndirs, seed=seed, solver=_of_kind("solver", solver["name"], like=""), **chosen)

    def described(self, block: Block, resolution: int, dims: int) -> dict[str, Any]:
        """Name and every setting used, with what was left out filled in: for the result's file."""
        shared: dict[str, Any] = {
            "name": self.solver,
            "search_space": self.search_space,
            "search_dims": dims,
            "micro_batch": self.micro_batch,
            "vjps": self.cotangents(block),
            "latents": self.latents,
            "difference_epsilon": self.difference_epsilon,
            "blocks": ", ".join(map(str, self.differences(resolution).blocks)),
            "weighting": self.weighting,
            "sketch": self.sketch,
            "refine": self.refine,
        }
        if self.solver == "adam" or self.refine:
            adam = ("batch_size", "lr", "max_distance", "probes", "epsilon")
            shared.update({name: getattr(self, name) for name in adam})
            if self.solver == "adam":
                shared["steps"] = self.steps
                shared["square"] = self.squares()
        return shared


def _of_kind(name: str, value: Any, *, like: object) -> Any:
    """A setting from a file, where it is of the same kind as its default: a number for one that has none."""
    kinds: tuple[type, ...] = (int,) if like is None else (type(like),)
    if float in kinds:
        kinds += (int,)
    if type(value) not in kinds:
        raise UsageError(
            f"the file says that {name.replace('_', ' ')} was {str(value)[:40]!r}: it can't be; learn anew"
        )
    return value


def _read_blocks(text: object) -> tuple[int, ...]:
    """Sides of blocks as a result's file has them: ``8, 16``."""
    parts = text.split(", ") if isinstance(text, str) else [""]
    if not all(part.isascii() and part.isdigit() and len(part) < 6 for part in parts):
        raise UsageError(
            f"the file says that pictures were averaged over blocks of {str(text)[:40]!r}: learn anew"
        )
    return tuple(int(part) for part in parts)
