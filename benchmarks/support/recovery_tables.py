"""Recovery and stability of cells as Markdown tables."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations, permutations

from benchmarks.support.cells import Cell
from benchmarks.truths import agreement
from benchmarks.truths.networks import FLAT, NETWORKS
from benchmarks.truths.shapes import SHAPES
from biggan_directions.metrics.matching import match
from biggan_directions.toybox import TOYS, true_directions

KINDS = {"shapes": tuple(SHAPES), "networks": tuple(NETWORKS), "toys": TOYS}
STABLE, FOUND = 0.98, 0.95
SIX, CLEAN = 6, 0.95  # a clean six: the strongest six directions of a toy are six factors, to this |cos|


@dataclass(frozen=True, kw_only=True)
class Spread:
    """A figure over cells: its mean, and the smallest and the largest mean of a seed."""

    mean: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.mean:.3f} ({self.low:.3f} to {self.high:.3f})"


def spread(cells: Sequence[Cell], key: str) -> Spread:
    """The mean over truths and seeds of ``mean`` or ``least``, and its spread over seeds."""
    seeds = sorted({cell.seed for cell in cells})
    of_seeds = [statistics.fmean(getattr(cell, key) for cell in cells if cell.seed == seed) for seed in seeds]
    mean = statistics.fmean(getattr(cell, key) for cell in cells)
    return Spread(mean=mean, low=min(of_seeds), high=max(of_seeds))


def stability(cells: Sequence[Cell]) -> tuple[float, float] | None:
    """Of one method and one truth: |cos| between two seeds' matched directions, mean and least over pairs.

    None where there is one seed only.
    """
    pairs = [agreement(one.rows(), two.rows()) for one, two in combinations(cells, 2)]
    cosines = [cosine for pair in pairs for cosine in pair]
    return (statistics.fmean(cosines), min(cosines)) if cosines else None


def found_again(cells: Sequence[Cell]) -> tuple[int, int]:
    """Of one method and one truth: stable directions that another seed has found, and how many there are.

    A direction is stable from ``STABLE`` on, and found if the one that it is matched with is ``FOUND`` near.
    """
    found = total = 0
    for one, two in permutations(cells, 2):
        for stable, cosine in zip(one.stability or (), agreement(one.rows(), two.rows()), strict=False):
            if stable >= STABLE:
                total += 1
                found += cosine >= FOUND
    return found, total


def clean_six(cell: Cell) -> bool:
    """Whether each of a toy's six strongest directions is a factor of its own."""
    rows = cell.rows()[:SIX]
    # In the z that is not turned, the toybox's factors are where it says.
    return min(pair.cosine for pair in match(rows, true_directions()[1])) >= CLEAN


def tables(cells: Sequence[Cell]) -> Iterator[str]:
    """A table over all truths that have factors, one by kind of truth, and one of each truth."""
    methods = list(dict.fromkeys(cell.method for cell in cells))
    known = [cell for cell in cells if cell.mean is not None]
    yield _table(
        (
            *("method", "truths", "recovery: mean (seeds)", "least of each run: mean (seeds)"),
            *("lowest of all", "stability: mean", "stable: found again", "images", "seconds"),
        ),
        (_overall(own) for method in methods if (own := [cell for cell in known if cell.method == method])),
    )
    kinds = {kind: [cell for cell in cells if cell.truth in names] for kind, names in KINDS.items()}
    kinds = {kind: own for kind, own in kinds.items() if own}
    headings = [f"{kind}: mean / least" for kind in kinds]
    yield _table(
        ("method", *headings, "toys: clean sixes", "flat networks: stability, mean / least"),
        (_by_kind(method, kinds, cells) for method in methods),
    )
    yield _table(
        ("truth", *(f"{method}: mean / least, stability" for method in methods)),
        (_of_truth(name, methods, cells) for name in dict.fromkeys(cell.truth for cell in cells)),
    )


def _overall(cells: Sequence[Cell]) -> Iterator[str]:
    lowest = min(cells, key=lambda cell: cell.least or 0.0)
    yield cells[0].method
    yield str(len({cell.truth for cell in cells}))
    yield str(spread(cells, "mean"))
    yield str(spread(cells, "least"))
    yield f"{lowest.least:.3f}, {lowest.truth}, seed {lowest.seed}"
    found = [found[0] for own in _of_each_truth(cells) if (found := stability(own))]
    yield f"{statistics.fmean(found):.3f}" if found else "–"
    again = [found_again(own) for own in _of_each_truth(cells)]
    total = sum(count for _, count in again)
    yield f"{sum(count for count, _ in again)} of {total}" if total else "–"
    yield f"{statistics.fmean(cell.images for cell in cells):,.0f}"
    yield f"{statistics.fmean(cell.seconds for cell in cells):.1f}"


def _by_kind(method: str, kinds: dict[str, list[Cell]], cells: Sequence[Cell]) -> Iterator[str]:
    yield method
    for cells_of_kind in kinds.values():
        own = [cell for cell in cells_of_kind if cell.method == method]
        yield f"{spread(own, 'mean')} / {spread(own, 'least').mean:.3f}" if own else "–"
    toys = [cell for cell in kinds.get("toys", ()) if cell.method == method]
    yield f"{sum(map(clean_six, toys))} of {len(toys)}" if toys else "–"
    flat = [cell for cell in cells if cell.method == method and cell.truth in FLAT]
    yield _pair(stability(flat)) if flat else "–"


def _of_truth(name: str, methods: Iterable[str], cells: Sequence[Cell]) -> Iterator[str]:
    yield name
    for method in methods:
        own = [cell for cell in cells if (cell.truth, cell.method) == (name, method)]
        if not own:
            yield "–"
        elif own[0].mean is None:
            yield f"–, {_pair(stability(own))}"
        else:
            least = min(cell.least or 0.0 for cell in own)
            yield f"{spread(own, 'mean')} / {least:.3f}, {_pair(stability(own))}"


def _of_each_truth(cells: Sequence[Cell]) -> Iterator[list[Cell]]:
    for name in dict.fromkeys(cell.truth for cell in cells):
        yield [cell for cell in cells if cell.truth == name]


def _pair(found: tuple[float, float] | None) -> str:
    return f"{found[0]:.3f} / {found[1]:.3f}" if found else "–"


def _table(headings: Sequence[str], rows: Iterable[Iterable[str]]) -> str:
    lines = [headings, ["---"] * len(headings), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
