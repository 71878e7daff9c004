"""The contact sheet: every picture in its place, every label inside."""

import math

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from biggan_directions.rendering import sheet
from biggan_directions.rendering.images import Generate, to_bytes
from biggan_directions.rendering.settings import RenderSettings
from biggan_directions.rendering.sheet import contact_sheet
from tests.support.standin import Discs, directions, latents, request

NAMES = ["turn", "", "W" * 200, "旋转", "<b>bold</b>", "size"]
EFFECTS = [0.2, 0.1, math.nan, 0.05, 0.4, 0.2]


def _sheet(
    settings: RenderSettings,
    indices: tuple[int, ...] = (0, 1, 2, 3),
    generate: Generate | None = None,
    **more: object,
) -> NDArray[np.uint8]:
    shown = request(settings.samples, names=NAMES, effects=EFFECTS, indices=indices, **more)
    return np.asarray(contact_sheet(generate or Discs(160), shown, settings=settings))


def test_every_picture_stands_in_its_row_and_column() -> None:
    settings = RenderSettings(samples=2, labels=False, distance=3.0, sheet_positions=3)
    drawn = _sheet(settings, (1, 4)).astype(int)
    gutter = round(0.035 * 160)
    assert drawn.shape[1] == 3 * 160 + 2 * gutter
    z, top = latents(2), 0
    for index in (1, 4):
        for sample in range(2):
            for column, distance in enumerate((-3.0, 0.0, 3.0)):
                left = column * (160 + gutter)
                expected = to_bytes(Discs(160)(z[sample : sample + 1] + distance * directions()[index]))[0]
                assert np.abs(drawn[top : top + 160, left : left + 160] - expected).max() <= 1
            top += 160 + gutter
        top += 2 * gutter  # the gap between directions is thrice that between samples


@pytest.mark.parametrize("distance", [2.0, None])
@pytest.mark.parametrize("title", ["", "toybox · car " * 40])
def test_no_label_is_clipped(distance: float | None, title: str) -> None:
    drawn = _sheet(RenderSettings(samples=1, distance=distance, sheet_positions=3), title=title)
    for edge in (drawn[:30], drawn[-30:], drawn[:, :30], drawn[:, -30:]):
        assert (edge == 255).all()


def test_distances_stand_once_where_shared_and_under_each_row_where_not() -> None:
    once = _sheet(RenderSettings(samples=1, distance=2.0))
    each = _sheet(RenderSettings(samples=1))
    assert each.shape[0] - once.shape[0] > 3 * 30
    assert each.shape[1] == once.shape[1]


def test_longer_distances_change_the_numbers_on_the_axis() -> None:
    near, far = (
        _sheet(
            RenderSettings(samples=1, distance=distance), (0,), lambda z, _: torch.zeros(len(z), 3, 160, 160)
        )
        for distance in (1.0, 3.0)
    )
    rows = np.flatnonzero((near != far).any((1, 2)))
    assert len(rows) > 5
    assert rows.max() < near.shape[0] - 160


def test_the_centre_is_drawn_once_for_all_directions() -> None:
    generator = Discs(32)
    _sheet(RenderSettings(samples=1), (0, 1, 2, 3, 4, 5), generator)
    assert generator.drawn == 1 + 6 * 6


def test_small_pictures_are_enlarged_and_many_large_ones_fit(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = RenderSettings(samples=1, labels=False)
    small = contact_sheet(Discs(64), request(1, effects=EFFECTS, indices=(0,)), settings=settings)
    assert small.height == 192
    monkeypatch.setattr(sheet, "_MOST_PIXELS", 1_000_000)
    forty = request(1, directions=torch.eye(6)[:1].repeat(40, 1), effects=[0.2] * 40)
    many = contact_sheet(Discs(160), forty, settings=settings)
    assert 800_000 < many.width * many.height < 1_200_000


def test_the_stability_stands_beside_each_direction_where_it_is_known() -> None:
    settings = RenderSettings(samples=1, distance=2.0)
    words = ["0.61 !", "", "", "", "", ""]
    known, unknown = _sheet(settings, (0,), stability=words), _sheet(settings, (1,), stability=words)
    assert known.shape[1] > _sheet(settings, (0,)).shape[1]  # its line is the longest label
    assert np.array_equal(unknown, _sheet(settings, (1,)))
