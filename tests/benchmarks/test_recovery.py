"""What the closed form finds of a known truth, on the generator that ships."""

import pytest

from biggan_directions import LearnSettings, learn, load_generator
from biggan_directions.metrics.matching import match
from biggan_directions.toybox import true_directions


def _recovery(toy: str, settings: LearnSettings) -> list[float]:
    found = learn(load_generator("toybox", toy), settings).directions
    return [pair.cosine for pair in match(found, true_directions()[1])]


@pytest.mark.slow
def test_six_directions_are_six_true_ones() -> None:
    """Each with a true direction of its own, by default settings."""
    assert min(_recovery("mug", LearnSettings())) >= 0.95


def test_first_derivatives_do_not_tell_them_apart() -> None:
    assert min(_recovery("mug", LearnSettings(solver="first-order", latents=1, score_latents=2))) < 0.7
