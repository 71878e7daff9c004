"""Settings of a scorecard: what is refused, and how many images it takes."""

from typing import Any

import pytest
import torch

from biggan_directions.errors import UsageError
from biggan_directions.metrics.scoring import score
from biggan_directions.metrics.settings import ScoreSettings, images_needed
from tests.support.separable import Separable


@pytest.mark.parametrize(
    ("bad", "words"),
    [
        ({"latents": 1}, "latents must be 2 or more"),
        ({"probes": 1}, "probes must be 2 or more"),
        ({"traversals": 1}, "traversals must be 2 or more"),
        ({"baselines": ("nosuch",)}, "nosuch"),
        ({"positions": 4}, "odd"),
    ],
)
def test_bad_settings(bad: dict[str, Any], words: str) -> None:
    with pytest.raises(UsageError, match=words):
        ScoreSettings(**bad)


def test_images_do_not_grow_with_the_live_space_beyond_the_probes() -> None:
    settings = ScoreSettings(latents=16)
    assert images_needed(settings, ndirs=6, live=24) == 16 * (1 + 4 + 6 * 6 + 4) + 4 * (2 + 6 * 6)
    assert images_needed(settings, ndirs=6, live=128) == images_needed(settings, ndirs=6, live=24)
    assert images_needed(settings, ndirs=6, live=8) == 16 * (1 + 8 + 6 * 10 + 4) + 4 * (2 + 6 * 6)
    assert images_needed(settings, ndirs=1, live=2) == 16 * (1 + 2 + 4) + 4 * (2 + 6)


def test_no_more_traversals_than_latents() -> None:
    settings = ScoreSettings(latents=2)
    assert images_needed(settings, ndirs=2, live=24) == 2 * (1 + 4 + 2 * 6 + 4) + 2 * (2 + 2 * 6)


@pytest.mark.parametrize("live", [4, 9])
def test_as_many_images_are_needed_as_are_drawn(live: int) -> None:
    """Beside the survey's, which do not depend on the latents that are measured at."""
    generator = Separable(z_dim=live, factors=live)
    surveys = set()
    for latents in (2, 3, 6):
        settings = ScoreSettings(latents=latents, baselines=())
        drawn = score(generator, torch.eye(live)[:2], settings=settings).evaluations
        surveys.add(drawn - images_needed(settings, ndirs=2, live=live))
    assert len(surveys) == 1
