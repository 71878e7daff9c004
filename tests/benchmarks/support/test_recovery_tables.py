"""Figures over cells whose directions are known."""

import base64
import math
from dataclasses import replace

import pytest
import torch

from benchmarks.support.cells import Cell
from benchmarks.support.recovery_tables import clean_six, found_again, spread, stability, tables
from biggan_directions.toybox import true_directions


def _cell(
    truth: str, seed: int, rows: torch.Tensor, *, method: str = "default", mean: float | None = 1.0
) -> Cell:
    return Cell(
        method=method,
        truth=truth,
        seed=seed,
        settings={"ndirs": len(rows)},
        mean=mean,
        least=None if mean is None else mean - 0.1,
        factors={},
        stability=None,
        images=100 * (seed + 1),
        gradients=0,
        seconds=1.0,
        directions=base64.b64encode(rows.numpy().astype("<f2").tobytes()).decode("ascii"),
    )


def _turned(degrees: float) -> torch.Tensor:
    """Two rows, the second at an angle to the second axis."""
    angle = math.radians(degrees)
    return torch.tensor([[1.0, 0.0, 0.0], [0.0, math.cos(angle), math.sin(angle)]])


def test_spread_is_over_seeds() -> None:
    cells = [
        _cell(name, seed, _turned(0), mean=mean)
        for name, seed, mean in (("box", 0, 0.9), ("product", 0, 0.7), ("box", 1, 1.0), ("product", 1, 0.9))
    ]
    found = spread(cells, "mean")
    assert (found.mean, found.low, found.high) == pytest.approx((0.875, 0.8, 0.95))
    assert str(spread(cells, "least")) == "0.775 (0.700 to 0.850)"


def test_stability_is_over_pairs_of_seeds() -> None:
    cells = [_cell("box", seed, _turned(degrees)) for seed, degrees in enumerate((0, 30, 60))]
    found = stability(cells)
    assert found is not None
    thirty, sixty = math.cos(math.pi / 6), math.cos(math.pi / 3)
    assert found[0] == pytest.approx((3 + thirty + sixty + thirty) / 6, abs=1e-3)
    assert found[1] == pytest.approx(sixty, abs=1e-3)
    assert stability(cells[:1]) is None


def test_a_clean_six_is_the_six_strongest() -> None:
    factors = true_directions().rows
    mixed = factors.clone()
    mixed[6:] = torch.stack([factors[6] + factors[7], factors[6] - factors[7]]) / math.sqrt(2)
    assert clean_six(_cell("mug", 0, mixed))
    assert not clean_six(_cell("mug", 0, mixed.flip(0)))


def test_only_stable_directions_are_looked_for_with_the_other_seed() -> None:
    """The second of two directions is turned by 30 degrees with the other seed: |cos| 0.87."""
    one, two = _cell("box", 0, _turned(0)), _cell("box", 1, _turned(30))
    same, loose = replace(one, stability=[0.99, 0.99]), replace(one, stability=[0.99, 0.97])
    assert found_again([same, replace(two, stability=None)]) == (1, 2)
    assert found_again([same, loose]) == (3, 3)
    assert found_again([one, two]) == (0, 0)


def test_tables_have_all_that_is_known() -> None:
    axes = torch.eye(128)
    cells = [
        *(_cell("box", seed, _turned(30 * seed), mean=0.9 + 0.1 * seed) for seed in range(2)),
        *(_cell("lamp", seed, true_directions().rows) for seed in range(2)),
        *(_cell("flat-tanh", seed, axes[seed : seed + 2], mean=None) for seed in range(2)),
        *(_cell("box", seed, _turned(0), method="random", mean=0.3) for seed in range(2)),
    ]
    overall, by_kind, each = (table.splitlines() for table in tables(cells))
    assert overall[2] == (
        "| default | 2 | 0.975 (0.950 to 1.000) | 0.875 (0.850 to 0.900) | 0.800, box, seed 0 | 0.967 | "
        "– | 150 | 1.0 |"
    )
    assert overall[3].startswith("| random | 1 | 0.300 (0.300 to 0.300) |")
    assert by_kind[0].startswith("| method | shapes: mean / least | toys: mean / least |")
    assert by_kind[2].endswith("| 2 of 2 | 0.500 / 0.000 |")
    assert by_kind[3].endswith("| – | – | – |")
    assert each[2] == (
        "| box | 0.950 (0.900 to 1.000) / 0.800, 0.933 / 0.866 | "
        "0.300 (0.300 to 0.300) / 0.200, 1.000 / 1.000 |"
    )
    assert each[4] == "| flat-tanh | –, 0.500 / 0.000 | – |"
