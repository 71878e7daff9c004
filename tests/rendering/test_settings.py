"""Settings of rendering: what cannot be drawn is refused when they are made."""

import pytest

from biggan_directions.errors import UsageError
from biggan_directions.rendering.settings import RenderSettings
from biggan_directions.traversal import official_path


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"frames": 50}, "48 or 52"),
        ({"fps": 0}, "fps is 0: expected 1 to 50"),
        ({"fps": 60}, "fps is 60"),
        ({"samples": 0}, "samples is 0"),
        ({"batch_size": 0}, "batch_size is 0"),
        ({"distance": -1.0}, "distance is -1"),
        ({"distance": float("inf")}, "distance is inf"),
        ({"distance": float("nan")}, "distance is nan"),
        ({"scale": 0}, "scale is 0"),
        ({"format": "avi"}, "'avi': expected one of gif, webp, apng, mp4"),
        ({"projection": "drop"}, "'drop': expected one of keep, remove"),
        ({"easing": "bounce"}, "'bounce': expected one of sine, official"),
        ({"latents": "mine"}, "'mine': expected one of truncated, cuda"),
        ({"easing": "official", "frames": 50}, "48 or 52"),
        ({"sheet_positions": 4}, "positions is 4"),
    ],
)
def test_settings_are_checked_when_made(wrong: dict[str, object], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        RenderSettings(**wrong)  # type: ignore[arg-type]


def test_a_distance_that_is_asked_for_holds_for_every_direction() -> None:
    assert RenderSettings(distance=2.5).extent(0.4) == (2.5, "as asked")
    assert RenderSettings().extent(0.4) == (1.0, "effect 0.4")


def test_the_files_distance_goes_before_the_effect_and_the_one_asked_for_before_both() -> None:
    assert RenderSettings().extent(0.4, 2.5) == (2.5, "the file's distance")
    assert RenderSettings().extent(0.4, float("nan")) == (1.0, "effect 0.4")
    assert RenderSettings(distance=3.0).extent(0.4, 2.5) == (3.0, "as asked")


def test_a_files_settings_give_way_to_those_that_are_given() -> None:
    usual = {"seed": 750, "samples": 6, "easing": "official"}
    settings = RenderSettings.of_file(usual, seed=1, samples=None, frames=60)
    assert (settings.seed, settings.samples, settings.easing, settings.frames) == (1, 6, "official", 60)
    assert settings.path() == official_path(60)
    assert RenderSettings.of_file({}) == RenderSettings()
