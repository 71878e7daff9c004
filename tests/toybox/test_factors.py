"""The eight factors of a scene: each shows in every toy, and their effects are alike."""

import numpy as np
import pytest

from biggan_directions.toybox import FACTORS, TOYS
from biggan_directions.toybox.factors import scenes
from biggan_directions.toybox.scene import render


@pytest.mark.slow
def test_every_factor_shows_in_every_scene_and_the_effects_are_alike() -> None:
    random, count, step = np.random.default_rng(1), 24, 0.1
    effects = np.zeros((len(TOYS), len(FACTORS)))
    for toy in range(len(TOYS)):
        factors, class_index = random.standard_normal((count, len(FACTORS))), np.full(count, toy)
        for factor in range(len(FACTORS)):
            shift = step * np.eye(len(FACTORS))[factor]
            ahead, behind = (render(scenes(class_index, factors + s)).astype(float) for s in (shift, -shift))
            effects[toy, factor] = np.sqrt(np.square((ahead - behind) / (127.5 * 2 * step)).mean())
    assert (effects.min(1) / effects.max(1)).min() >= 0.2
    assert effects.mean(0).max() / effects.mean(0).min() <= 2
