"""Errors that are honest: how often an interval covers the figure that many more latents give."""

import math
from itertools import product
from pathlib import Path

import numpy as np
import pytest
import torch

from biggan_directions import load_generator
from biggan_directions.metrics.measures import Measurements
from biggan_directions.metrics.probing import Rows
from biggan_directions.metrics.scorecard import mean_measure, root_mean_measure
from biggan_directions.metrics.scoring import score
from biggan_directions.metrics.settings import ScoreSettings
from biggan_directions.scores import DirectionScore, Measure

# What 384 latents of seed 0 say, one by one, of the six directions that `learn` finds for the toybox's duck:
# for each direction its share off the diagonal, mean square change (of a step of 0.2) and unevenness, and for
# each pair of directions their |cos|. Measuring them takes minutes; below, some are measured again.
POOL = {
    name: torch.from_numpy(values.astype("float64"))
    for name, values in np.load(Path(__file__).with_name("duck_latents.npz")).items()
}
HUE = 1
MANY = 256


def _overlap(angles: torch.Tensor, index: int) -> Measure:
    """The largest mean |cos| with another direction, as the scorecard has it."""
    sums = Measurements(angles.shape[1])
    sums.angles = list(angles)
    return sums._overlap(index, [other for other in range(sums.count) if other != index])[0]


def _measure(kind: str, rows: torch.Tensor, index: int) -> Measure:
    """A measure of one direction over some of the pool's latents."""
    if kind == "overlap":
        return _overlap(POOL["angles"][rows], index)
    if kind == "effect":
        return root_mean_measure(POOL["squares"][rows, index] / 0.2**2)
    return mean_measure(POOL["shares" if kind == "penalty" else "uneven"][rows, index])


def _covered(kind: str, latents: int, index: int, seeds: int = 50) -> float:
    """In which share of the seeds the interval covers the figure at 256 latents."""
    truth = _measure(kind, torch.arange(MANY), index).value
    hits = 0
    for seed in range(seeds):
        rows = torch.randperm(len(POOL["shares"]), generator=torch.Generator().manual_seed(seed))[:latents]
        found = _measure(kind, rows, index)
        assert truth is not None
        assert found.value is not None
        assert found.error is not None
        hits += abs(found.value - truth) <= found.error
    return hits / seeds


@pytest.mark.parametrize(
    ("kind", "latents"),
    [
        *product(("effect", "penalty", "overlap", "unevenness"), (8, 16, 64)),
        ("unevenness", ScoreSettings().traversals),
    ],
)
def test_an_interval_covers_the_figure_at_many_latents(kind: str, latents: int) -> None:
    """A 68 % interval in 55 % of cases or more: over all directions, and for none in less than 45 %."""
    covered = [_covered(kind, latents, index) for index in range(6)]
    assert sum(covered) / 6 >= 0.55
    assert min(covered) >= 0.45


@pytest.mark.parametrize("latents", [8, 16])
def test_the_interval_of_the_ducks_hue_covers_too(latents: int) -> None:
    """Where a ratio of sums over latents covered the figure in a quarter to two fifths of the cases."""
    assert _covered("penalty", latents, HUE, seeds=200) >= 0.55


def test_the_pool_is_what_scoring_measures() -> None:
    (scored,) = score(
        load_generator("toybox", "duck"),
        POOL["directions"].float(),
        settings=ScoreSettings(latents=2, baselines=()),
    ).sets
    first = torch.arange(2)
    for index, direction in enumerate(scored.directions):
        # how far a traversal goes, by the survey of the search space, is another than after learning
        for kind, bound in (("effect", 0.01), ("penalty", 0.03), ("overlap", 0.01), ("unevenness", 0.3)):
            expected = _measure(kind, first, index).value
            assert direction.measure(kind).value == pytest.approx(expected, rel=bound), (index, kind)


def _rows(hessian: torch.Tensor) -> Rows:
    """The first two rows of an image of one number with this Hessian ``(m, m)``, along unit vectors."""
    squares = hessian[:2].double().square()
    energy = squares.sum(dim=1)
    shares = 1 - squares.diagonal() / energy
    return Rows(changes=torch.eye(2), shares=shares, sizes=energy, bends=energy.sqrt(), paper=0.0)


def _scores(*hessians: torch.Tensor, rounding: float = 0.0) -> tuple[DirectionScore, ...]:
    sums = Measurements(2)
    for hessian in hessians:
        found = _rows(hessian)
        sums.add(sums.at_latent(found, found.changes, rounding=rounding))
    return sums.scores(0.1)


def _penalties(*hessians: torch.Tensor) -> list[float | None]:
    return [direction.penalty.value for direction in _scores(*hessians)]


def test_one_latent_weighs_no_more_than_another() -> None:
    """The mean of the shares, not the share of the sum: however large a latent's second derivatives are."""
    mixed = torch.tensor([[1.0, 1, 0], [1, 1, 0], [0, 0, 1]])
    separate = torch.eye(3)
    assert _penalties(mixed, separate) == pytest.approx([0.25, 0.25])
    assert _penalties(1000 * mixed, separate) == pytest.approx([0.25, 0.25])


def test_a_latent_where_nothing_curves_is_left_out() -> None:
    mixed, nothing = torch.tensor([[1.0, 1, 0], [1, 1, 0], [0, 0, 1]]), torch.zeros(3, 3)
    assert _penalties(mixed, nothing) == pytest.approx([0.5, 0.5])
    assert _penalties(nothing, nothing) == [None, None]
    assert _penalties(mixed, mixed * math.nan) == pytest.approx([0.5, 0.5])


def test_a_row_of_rounding_errors_has_no_share_and_makes_a_direction_linear_where_there_is_no_other() -> None:
    mixed = torch.tensor([[1.0, 1, 0], [1, 1, 0], [0, 0, 1]])  # rows of energy 2
    rounded = torch.tensor([[0.1, 0.5, 0], [0.5, 0.1, 0], [0, 0, 1]])  # 0.26
    assert [one.penalty.value for one in _scores(mixed, rounded, rounding=0.1)] == pytest.approx([0.5, 0.5])
    for one in _scores(mixed, rounded, rounding=0.1):
        assert not one.linear
    for one in _scores(rounded, rounded, rounding=0.1):
        assert one.linear
        assert one.penalty == Measure(value=None)
        assert one.effect.value is not None
        assert one.words("penalty") == "linear"
    assert [one.linear for one in _scores(rounded, rounded, rounding=0.05)] == [False, False]


def test_a_slope_that_changes_by_less_than_a_hundredth_is_that_of_a_linear_direction() -> None:
    mixed = torch.tensor([[1.0, 1, 0], [1, 1, 0], [0, 0, 1]])  # the rows are √2 times the slope, 1
    assert [one.linear for one in _scores(mixed * 0.0071, mixed * 0.0071)] == [False, False]
    assert [one.linear for one in _scores(mixed * 0.0070, mixed * 0.0070)] == [True, True]


def test_the_error_of_steadiness_is_that_of_leaving_one_out() -> None:
    changes = torch.nn.functional.normalize(
        torch.randn(9, 1, 5, generator=torch.Generator().manual_seed(0)), dim=2
    )

    def steadiness(rows: torch.Tensor) -> Measure:
        sums = Measurements(1)
        sums.changes = list(rows)
        return sums._steadiness(0)

    without = [steadiness(torch.cat([changes[:i], changes[i + 1 :]])).value for i in range(9)]
    spread = torch.tensor([value for value in without if value is not None])
    jackknife = float(((spread - spread.mean()).square().sum() * 8 / 9).sqrt())
    assert steadiness(changes).error == pytest.approx(jackknife, rel=1e-5)
    assert steadiness(changes[:2]).error is None
