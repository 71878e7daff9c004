"""Settings of measuring are checked when they are made."""

import pytest
import torch

from biggan_directions.errors import UsageError
from biggan_directions.metrics.scoring import score
from biggan_directions.metrics.settings import ScoreSettings, images_needed
from tests.support.separable import Separable


def test_values_out_of_range_are_refused() -> None:
    with pytest.raises(UsageError, match="2 or more"):
        ScoreSettings(latents=1)
    with pytest.raises(UsageError, match="nosuch"):
        ScoreSettings(baselines=("nosuch",))
    with pytest.raises(UsageError, match="odd"):
        ScoreSettings(positions=4)


def test_as_many_images_are_needed_as_are_drawn() -> None:
    generator, settings = Separable(z_dim=4, factors=4), ScoreSettings(latents=3, baselines=())
    drawn = score(generator, torch.eye(4)[:2], settings=settings).evaluations
    assert images_needed(settings, ndirs=2, dims=4) == drawn - 64  # which the survey draws
