"""Settings of rendering: what cannot be drawn is refused when they are made."""

import pytest

from biggan_directions.errors import UsageError
from biggan_directions.rendering.settings import RenderSettings


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
        ({"sheet_positions": 4}, "positions is 4"),
    ],
)
def test_settings_are_checked_when_made(wrong: dict[str, object], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        RenderSettings(**wrong)  # type: ignore[arg-type]


def test_a_distance_that_is_asked_for_holds_for_every_direction() -> None:
    assert RenderSettings(distance=2.5).extent(0.4) == (2.5, "as asked")
    assert RenderSettings().extent(0.4) == (1.0, "effect 0.4")
