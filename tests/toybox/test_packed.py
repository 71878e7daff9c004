"""The generator that ships: what it claims of its truth, and its weights as a checkpoint."""

from pathlib import Path

import numpy as np
import pytest
import torch
from pytorch_pretrained_biggan import BigGAN

from biggan_directions import load_generator, sample_latents
from biggan_directions.generators.load import read_model
from biggan_directions.toybox import FACTORS, TOYS, save_checkpoint, true_directions
from biggan_directions.toybox.factors import scenes
from biggan_directions.toybox.packed import rotation
from biggan_directions.toybox.scene import render
from biggan_directions.toybox.train import psnr


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


def test_the_checkpoint_is_the_same_and_one_that_the_package_loads(tmp_path: Path) -> None:
    save_checkpoint(tmp_path)
    packaged, saved = read_model("toybox").weights, read_model(tmp_path).weights
    assert list(packaged.state) == list(saved.state)
    assert all(torch.equal(packaged.state[name], saved.state[name]) for name in saved.state)
    stock = BigGAN.from_pretrained(str(tmp_path)).eval()
    stock.load_state_dict(packaged.state, strict=True)
    z = sample_latents(2, 32, truncation=1.0, seed=1)
    label = torch.nn.functional.one_hot(torch.tensor([4, 4]), 10).float()
    with torch.no_grad():
        expected = stock(z, label, 1.0)
        for model in (tmp_path, "toybox"):
            images = load_generator(model, "car", device="cpu", truncation=1.0)(z)
            assert torch.allclose(images, expected, atol=1e-4)


@pytest.mark.slow
def test_the_pictures_are_the_scenes_to_30_decibels() -> None:
    factors = np.random.default_rng(7).standard_normal((12, len(FACTORS))).astype(np.float32)
    z = torch.from_numpy(factors) @ true_directions()[1]
    errors = []
    for number, toy in enumerate(TOYS):
        drawn = render(scenes(np.full(12, number), factors), 64).astype(np.float32)
        with torch.no_grad():
            images = load_generator("toybox", toy, device="cpu")(z)
        errors.append((images - torch.from_numpy(drawn) / 127.5 + 1).square().mean())
    assert psnr(float(torch.stack(errors).mean())) >= 30
