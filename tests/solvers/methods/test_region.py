"""Directions that change a region and leave the rest: exact where every factor has pixels of its own."""

from pathlib import Path
from typing import Any

import pytest
import torch
from PIL import Image

from biggan_directions import load_generator
from biggan_directions.errors import UsageError
from biggan_directions.solvers.base import Found
from biggan_directions.solvers.methods.region import Region, RegionSettings
from tests.support.problems import problem_of
from tests.support.separable import Separable, recovery


class Quarters(Separable):
    """Four factors change a quarter of the image each, and a fifth, the strongest, all of it."""

    def __init__(self) -> None:
        super().__init__(z_dim=9, factors=5)
        rows, columns = torch.meshgrid(torch.arange(16) // 8, torch.arange(16) // 8, indexing="ij")
        quarter = (2 * rows + columns).flatten().repeat(3)
        for factor in range(4):
            self.weights[:, factor] *= quarter == factor
        self.weights[:, 4] *= 4


def _found(generator: Separable, where: dict[str, Any] | None = None, **options: Any) -> Found:
    problem = problem_of(generator, **{"ndirs": 2, "latents": 6, "difference_epsilon": 0.01, **(where or {})})
    *_, last = Region(RegionSettings(**options)).solve(problem)
    assert last.result is not None
    return last.result


@pytest.mark.parametrize(
    ("factor", "box"),
    [(0, (0, 0, 0.5, 0.5)), (1, (0.5, 0, 1, 0.5)), (2, (0, 0.5, 0.5, 1)), (3, (0.5, 0.5, 1, 1))],
)
def test_the_factor_of_the_region_comes_first(factor: int, box: tuple[float, ...]) -> None:
    """Although the one that changes all of the image changes the region more."""
    generator = Quarters()
    found = _found(generator, box=box, ridge=0.001)
    assert recovery(found.directions[:1], generator.truth)[factor] > 0.999
    assert found.notes[0].startswith("the region is 25% of the image, and has 100%, ")
    assert found.ordered
    assert found.stability is not None
    assert found.stability[0] > 0.999


def test_a_mask_is_a_region_of_any_form(tmp_path: Path) -> None:
    generator, path = Quarters(), tmp_path / "mask.png"
    mask = Image.new("L", (32, 32), 0)
    mask.paste(255, (0, 0, 16, 16))
    mask.paste(255, (16, 16, 32, 32))
    mask.save(path)
    found = _found(generator, mask=str(path), ridge=0.001)
    inside = (found.directions @ generator.truth[[0, 3]].T).square().sum()
    assert float(inside) == pytest.approx(2, abs=0.01)


def test_a_large_ridge_takes_the_strongest_change_inside() -> None:
    generator = Quarters()
    found = _found(generator, box=(0, 0, 0.5, 0.5), ridge=1e4)
    assert recovery(found.directions[:1], generator.truth)[4] > 0.97


class Mixed(Separable):
    """The second factor's change is half that of the first, the third's is its own."""

    def __init__(self) -> None:
        super().__init__(z_dim=6, factors=3)
        self.speeds = torch.ones(3)
        self.phases[:, 1], self.weights[:, 1] = self.phases[:, 0], self.weights[:, 0]
        halves = torch.arange(self.weights.shape[2]) < 200
        self.weights[:, 0] *= halves
        self.weights[:, 2] *= ~halves * 0.2


def test_the_change_of_a_held_direction_is_left_alone(tmp_path: Path) -> None:
    """Without, the second factor comes first, which is the strongest and changes what the first does."""
    generator = Mixed()
    torch.save(generator.truth[:2].clone(), tmp_path / "held.pt")
    whole = (0.0, 0.0, 1.0, 1.0)
    free = _found(generator, {"ndirs": 1}, box=whole, ridge=10.0)
    assert recovery(free.directions, generator.truth)[2] < 0.5
    held = _found(generator, {"ndirs": 1}, box=whole, hold=f"{tmp_path / 'held.pt'}:0,1")
    assert recovery(held.directions, generator.truth)[2] > 0.99


def test_held_directions_of_the_toybox_are_left_alone(tmp_path: Path) -> None:
    """Those found are nearly orthogonal to them, and to what they change."""
    toybox = load_generator("toybox", "car")
    truth = toybox.true_directions.rows  # type: ignore[attr-defined]
    torch.save(truth[:3].clone(), tmp_path / "held.pt")
    found = _found(
        toybox,  # type: ignore[arg-type]
        {"ndirs": 3, "latents": 8, "difference_epsilon": 0.1},
        box=(0.0, 0.0, 1.0, 1.0),
        hold=f"{tmp_path / 'held.pt'}:0,1,2",
    )
    assert (found.directions @ truth[:3].double().T).abs().max() < 0.2


def test_what_is_dead_fills_up() -> None:
    found = _found(Quarters(), {"ndirs": 7}, box=(0, 0, 0.5, 0.5))
    assert found.stability is not None
    assert found.stability.isnan().tolist() == [False] * 5 + [True] * 2
    torch.testing.assert_close(found.directions @ found.directions.T, torch.eye(7).double())


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"box": (0.5, 0.0, 0.2, 1.0)}, "x0,y0,x1,y1"),
        ({"hold": "directions.pt"}, "hold must be FILE:INDEX"),
        ({"hold": ":3"}, "hold must be FILE:INDEX"),
        ({"ridge": 0.0}, "ridge must be a number above 0"),
        ({"hold_weight": float("nan")}, "hold weight must be a number above 0"),
    ],
)
def test_settings_out_of_range(options: dict[str, Any], says: str) -> None:
    with pytest.raises(UsageError, match=says):
        RegionSettings(**options)


def test_directions_to_hold_that_are_not_there(tmp_path: Path) -> None:
    path = tmp_path / "held.pt"
    torch.save(torch.eye(9)[:2].clone(), path)
    with pytest.raises(UsageError, match=r"has no direction 2: it has 0 to 1"):
        _found(Quarters(), hold=f"{path}:2")
    torch.save(torch.eye(8), path)
    with pytest.raises(UsageError, match="have 8 numbers, but z has 9"):
        _found(Quarters(), hold=f"{path}:0")
