"""The generator that ships: what it claims of its truth, its scenes and its checkpoint."""

from pathlib import Path

import numpy as np
import pytest
import torch

from biggan_directions import load_generator, sample_latents
from biggan_directions.toybox import FACTORS, TOYS, save_checkpoint, true_directions
from biggan_directions.toybox.packed import rotation


def test_the_true_directions_are_orthonormal() -> None:
    names, directions = true_directions()
    assert names == FACTORS
    assert torch.allclose(directions @ directions.T, torch.eye(8), atol=1e-6)


@pytest.mark.parametrize("toy", TOYS)
def test_the_other_24_directions_do_nothing_and_the_eight_do(toy: str) -> None:
    generator = load_generator("toybox", toy, device="cpu")
    z = sample_latents(3, 32, truncation=1.0, seed=0)
    with torch.no_grad():
        still = generator(z)
        dead = generator(z + 3 * rotation()[8:].sum(0))
        moved = [generator(z + row) for row in true_directions()[1]]
    assert (dead - still).abs().max() < 1e-4
    assert min((image - still).square().mean().sqrt() for image in moved) > 0.01


def test_the_checkpoint_is_one_that_the_package_loads(tmp_path: Path) -> None:
    from pytorch_pretrained_biggan import BigGAN

    save_checkpoint(tmp_path)
    stock = BigGAN.from_pretrained(str(tmp_path)).eval()
    z = sample_latents(2, 32, truncation=1.0, seed=1)
    label = torch.nn.functional.one_hot(torch.tensor([4, 4]), 10).float()
    with torch.no_grad():
        expected = stock(z, label, 1.0)
        assert torch.allclose(
            load_generator(tmp_path, "car", device="cpu", truncation=1.0)(z), expected, atol=1e-4
        )
        assert torch.allclose(load_generator("toybox", "car", device="cpu")(z), expected, atol=1e-4)


@pytest.mark.slow
def test_every_factor_shows_in_every_scene_and_the_effects_are_alike() -> None:
    from biggan_directions.toybox.factors import scenes
    from biggan_directions.toybox.scene import render

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


@pytest.mark.slow
def test_the_pictures_are_the_scenes_to_30_decibels() -> None:
    from biggan_directions.toybox.factors import scenes
    from biggan_directions.toybox.scene import render

    factors = np.random.default_rng(7).standard_normal((12, len(FACTORS))).astype(np.float32)
    z = torch.from_numpy(factors) @ true_directions()[1]
    errors = []
    for number, toy in enumerate(TOYS):
        truth = (
            torch.from_numpy(render(scenes(np.full(12, number), factors), 64).astype(np.float32)) / 127.5 - 1
        )
        with torch.no_grad():
            errors.append((load_generator("toybox", toy, device="cpu")(z) - truth).square().mean())
    assert 10 * torch.log10(4 / torch.stack(errors).mean()) >= 30
