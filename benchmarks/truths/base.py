"""A generator and what is known of its factors, and how well directions recover them."""

from __future__ import annotations

import statistics
from dataclasses import dataclass
from typing import NamedTuple

import torch
from scipy.optimize import linear_sum_assignment

from benchmarks.truths.turned import Turned
from biggan_directions.metrics.matching import match


@dataclass(frozen=True, kw_only=True, eq=False)
class Truth:
    """A generator with known factors behind a hidden rotation.

    Attributes:
        name: in the registry.
        kind: ``shape``, ``network``, ``flat`` or ``toy``.
        generator: what is searched.
        rotation: orthogonal, float64 ``(z_dim, z_dim)``: the inner generator's z is ``rotation @ z``.
        factors: names, one a row of ``rows``; none for a flat network.
        rows: the direction of each factor, orthonormal, float64 ``(factors, z_dim)``.
        groups: places of rows that only their span identifies; each is in one group at most.
        ndirs: how many directions are asked for.
    """

    name: str
    kind: str
    generator: Turned
    rotation: torch.Tensor
    factors: tuple[str, ...]
    rows: torch.Tensor
    groups: tuple[tuple[int, ...], ...]
    ndirs: int

    def turned_back(self, directions: torch.Tensor) -> torch.Tensor:
        """Directions in the inner generator's z, where those of all rotations can be compared."""
        return directions.double() @ self.rotation.T


class Recovery(NamedTuple):
    """How well the known factors were recovered.

    Attributes:
        mean: over the factors that a direction was matched with; NaN where there are none.
        least: of them.
        factors: |cos| of each such factor and its direction. In a group it is the cosine of a principal angle
            between the group's span and that of its directions, the largest first.
    """

    mean: float
    least: float
    factors: dict[str, float]


def recovery(directions: torch.Tensor, truth: Truth) -> Recovery:
    """Match directions with factors one to one, so that the sum of their |cos| is largest.

    A direction's |cos| with a group of factors is that with the group's span.

    Args:
        directions: orthonormal rows ``(n, z_dim)``; with fewer than factors, the others are left out.
        truth: the generator that they were found on.
    """
    directions = directions.double()
    spans = {place: group for group in truth.groups for place in group}
    spans |= {place: (place,) for place in range(len(truth.rows)) if place not in spans}
    along = directions @ truth.rows.T
    scores = torch.stack(
        [along[:, list(spans[place])].norm(dim=1) for place in range(len(truth.rows))]
        or [directions.new_zeros(len(directions))],
        dim=1,
    )
    if not len(truth.rows):
        return Recovery(float("nan"), float("nan"), {})
    found, places = linear_sum_assignment(scores.numpy(), maximize=True)
    cosines: dict[int, float] = {}
    for span in sorted(set(spans.values())):
        matched = [(int(row), int(place)) for row, place in zip(found, places, strict=True) if place in span]
        if matched:
            angles = torch.linalg.svdvals(along[[row for row, _ in matched]][:, list(span)]).clamp(max=1)
            cosines |= dict(zip(sorted(place for _, place in matched), angles.tolist(), strict=True))
    factors = {truth.factors[place]: cosines[place] for place in sorted(cosines)}
    return Recovery(statistics.fmean(factors.values()), min(factors.values()), factors)


def agreement(first: torch.Tensor, second: torch.Tensor) -> list[float]:
    """|cos| of each direction of the first set and the one of the second that it is matched with."""
    return [pair.cosine for pair in match(first, second)]
