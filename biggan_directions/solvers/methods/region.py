"""Directions that change one region of the image and leave the rest, or what another direction changes."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from biggan_directions.errors import UsageError
from biggan_directions.files.matrix_of_directions import read_matrix
from biggan_directions.linalg import completed, with_signs
from biggan_directions.solvers.base import Cost, Found, Solver, Step
from biggan_directions.solvers.image_region import box_weights, check_box, mask_weights
from biggan_directions.solvers.problem import Outline, Problem
from biggan_directions.solvers.region_grams import RegionGrams
from biggan_directions.solvers.settings import setting
from biggan_directions.solvers.settling import agreement, latent_counts, notes

_HOLD = re.compile(r"(.+):([0-9]+(?:,[0-9]+)*)", flags=re.ASCII | re.DOTALL)


@dataclass(frozen=True, kw_only=True)
class RegionSettings:
    """What is to change, and what is to stay.

    Attributes:
        box: the region as x0, y0, x1, y1: its left, upper, right and lower side as fractions of the image.
        mask: instead of the box, the path of an image that is white in the region and black elsewhere; grey
            is in between. It is scaled to the resolution of the generator's images. "" for none.
        hold: ``FILE:INDEX``, or ``FILE:INDEX,INDEX``: directions whose change of the image is left alone.
            "" for none.
        hold_weight: weight of the change that is like that of a held direction, beside the change outside.
        ridge: part of the mean change of the image that is added to the change outside. With a small one the
            directions are more selective, and weaker.

    Raises:
        UsageError: a value is out of range.
    """

    box: tuple[float, ...] = setting(
        (0.25, 0.25, 0.75, 0.75),
        help="The region as x0,y0,x1,y1: left, upper, right and lower side as fractions of the image.",
        source="the middle of the image; give your own",
    )
    mask: str = setting(
        "",
        help="Instead of the box, an image file that is white in the region and black elsewhere.",
        source="none: the box",
    )
    hold: str = setting(
        "",
        help="FILE:INDEX of directions whose change is left alone; several as FILE:0,3.",
        source="none",
    )
    hold_weight: float = setting(
        10.0,
        help="Weight of change like that of a held direction, beside change outside the region.",
        source="measured on the toybox: tests/solvers/methods/test_region.py",
    )
    ridge: float = setting(
        0.1,
        help="Part of the mean change that is added to the change outside: less is more selective.",
        source="measured on fashion's ankle_boot: docs/methods.md",
    )

    def __post_init__(self) -> None:
        check_box(self.box)
        if self.hold and not _HOLD.fullmatch(self.hold):
            raise UsageError(
                f"hold must be FILE:INDEX, such as outputs/toybox/car/directions.pt:0, got '{self.hold}'"
            )
        for name, value in (("ridge", self.ridge), ("hold weight", self.hold_weight)):
            if not (math.isfinite(value) and value > 0):
                raise UsageError(f"{name} must be a number above 0, got {value}")

    @property
    def held(self) -> tuple[str, tuple[int, ...]]:
        """The file of the held directions, and their indices."""
        found = _HOLD.fullmatch(self.hold)
        return ("", ()) if found is None else (found[1], tuple(map(int, found[2].split(","))))


class Region(Solver):
    r"""Maximises the change inside the region for the change outside.

    With A = E[Jᵀ diag(m) J], B = E[Jᵀ diag(1 − m) J] and C the change like that of the held directions, the
    first direction maximises

        wᵀA w / wᵀ(B + γ C + ρ τ I) w,

    a generalised eigenproblem; τ is the mean eigenvalue of A + B. Each further direction does so among those
    orthogonal to the earlier ones. All dimensions on which the image depends are searched, also weak ones.
    """

    name = "region"
    paper = (
        "after Rayleigh EigenDirections, Balakrishnan et al., arXiv:2201.10423, and LowRankGAN, Zhu et al., "
        "arXiv:2106.04488"
    )
    summary = "What changes one region of the image, or another direction's change least, for the rest."
    Settings = RegionSettings
    settings: RegionSettings

    def cost(self, outline: Outline) -> Cost:
        """An image per dimension and per held direction and one more, at every latent."""
        each = 1 + outline.block.size + len(self.settings.held[1])
        return Cost(images=each * outline.most_latents(each))

    def solve(self, problem: Problem, state: dict[str, Any] | None = None) -> Iterator[Step]:
        """Measure at one latent per step, until two halves of the latents agree."""
        outline, settings = problem.outline, self.settings
        weights = (
            mask_weights(settings.mask, outline.resolution)
            if settings.mask
            else box_weights(settings.box, outline.resolution)
        )
        held, live = _held(settings, outline.z_dim), problem.space.live_basis
        each = 1 + len(live) + len(held)
        counts, bound = latent_counts(problem, each), outline.agreement
        sums = RegionGrams.empty(len(live)).resumed(state, most=counts[-1])
        for count in counts:
            if sums.done > count:
                continue  # asked before the run was stopped, and not settled then
            begun = sums
            for sums in begun.continued(
                problem.evaluator,
                live,
                held,
                weights,
                problem.sample,
                total=count,
                epsilon=problem.differences.epsilon,
                seed=outline.seed,
            ):
                yield Step(phase="region", done=sums.done, total=counts[-1], state=sums.state_dict())
            rows = self._best(sums.halves.sum(dim=0), outline.ndirs)
            halves = [self._best(half, len(live)) for half in sums.halves] if sums.done > 1 else None
            agreed = None if halves is None else agreement(rows, *halves, bound=bound)
            if problem.group.broadcast(agreed is not None and agreed.settled(bound)):
                break
        directions = completed(
            rows @ live, outline.block.placed(torch.eye(outline.block.size), outline.z_dim)
        )
        said = [_shares(rows, sums.halves.sum(dim=0), float(weights.mean()))]
        stability = None
        if agreed is not None:
            said += notes(agreed)
            stability = torch.full((outline.ndirs,), float("nan"), dtype=torch.float64)
            stability[: len(rows)] = agreed.stability
        found = Found(
            directions=problem.group.broadcast(directions[: outline.ndirs]),
            ordered=True,
            stability=stability,
            latents=sums.done,
            notes=tuple(said),
        )
        yield Step(phase="region", done=sums.done, total=sums.done, state=sums.state_dict(), result=found)

    def _best(self, grams: torch.Tensor, count: int) -> torch.Tensor:
        """Orthonormal rows ``(n, m)``, at most ``count``: the best, the best among the rest, and so on."""
        inside, outside, held = grams
        mean = (inside + outside).diagonal().mean().clamp(min=1e-300)
        against = outside + self.settings.hold_weight * held
        against = against + self.settings.ridge * mean * torch.eye(len(grams[0]), dtype=torch.float64)
        left, rows = torch.eye(len(inside), dtype=torch.float64), []
        for _ in range(min(count, len(inside))):
            root = torch.linalg.cholesky(left @ against @ left.T)
            half = torch.linalg.solve_triangular(root, left @ inside @ left.T, upper=False)
            whole = torch.linalg.solve_triangular(root, half.T, upper=False)
            top = torch.linalg.eigh((whole + whole.T) / 2).eigenvectors[:, -1:]
            best = torch.linalg.solve_triangular(root.T, top, upper=True)[:, 0] @ left
            rows.append(best / best.norm())
            left = completed(torch.stack(rows), torch.eye(len(inside)))[len(rows) :]
        return with_signs(torch.stack(rows))


def _held(settings: RegionSettings, z_dim: int) -> torch.Tensor:
    """The held directions, rows of length 1, float64 ``(h, z_dim)``.

    Raises:
        UsageError: the file has no such direction, or is for another size of z.
        FileFormatError: the file cannot be read.
    """
    path, indices = settings.held
    if not path:
        return torch.zeros(0, z_dim, dtype=torch.float64)
    matrix = read_matrix(Path(path))
    if matrix.shape[1] != z_dim:
        raise UsageError(f"the directions of {path} have {matrix.shape[1]} numbers, but z has {z_dim}")
    if max(indices) >= len(matrix):
        raise UsageError(f"{path} has no direction {max(indices)}: it has 0 to {len(matrix) - 1}")
    return torch.nn.functional.normalize(matrix[list(indices)].double(), dim=1)


def _shares(rows: torch.Tensor, grams: torch.Tensor, area: float) -> str:
    """What a user should know: how much of each direction's change is inside."""
    inside, outside = (((rows @ gram) * rows).sum(dim=1) for gram in grams[:2])
    shares = ", ".join(f"{share:.0%}" for share in (inside / (inside + outside).clamp(min=1e-300)).tolist())
    return f"the region is {area:.0%} of the image, and has {shares} of the directions' squared change"
