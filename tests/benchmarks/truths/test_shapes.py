"""The renderers do what their factors' names say, and are known where their Hessians are."""

import pytest
import torch

from benchmarks.truths.shapes import SHAPES, Shape

SIDE = 16


def _factors(shape: Shape, count: int = 64) -> torch.Tensor:
    draws = torch.randn(
        count, len(shape.factors), generator=torch.Generator().manual_seed(0), dtype=torch.float64
    )
    return draws.clamp(-2, 2)


def _hessians(shape: Shape, count: int) -> torch.Tensor:
    """Second derivatives of every number, by autograd: ``(numbers of all images, k, k)``."""

    def numbers(point: torch.Tensor) -> torch.Tensor:
        return shape.draw(point[None], 6).flatten()

    curved = torch.func.jacfwd(torch.func.jacfwd(numbers))
    return torch.cat([curved(point) for point in _factors(shape, count)])


SUMS = ("waves", "lights")


@pytest.mark.parametrize("name", SUMS)
def test_hessians_of_a_sum_are_diagonal(name: str) -> None:
    energies = _hessians(SHAPES[name], 2).square().mean(0)
    assert float((energies - torch.diag(energies.diagonal())).max()) < 1e-20
    assert float(energies.diagonal().min()) > 1e-6


@pytest.mark.parametrize("name", SUMS)
def test_effects_of_a_sum_are_nearly_equal(name: str) -> None:
    shape = SHAPES[name]
    changes = torch.func.vmap(torch.func.jacfwd(lambda f: shape.draw(f[None], SIDE)[0]))(_factors(shape))
    effects = changes.square().mean((0, 1, 2, 3)).sqrt()
    assert float(effects.max()) < 1.3 * float(effects.min())


@pytest.mark.parametrize("name", SHAPES)
def test_images_are_in_range_and_every_factor_does_something(name: str) -> None:
    shape = SHAPES[name]
    factors = _factors(shape)
    images = shape.draw(factors, SIDE)
    assert images.shape == (64, 3, SIDE, SIDE)
    assert float(images.abs().max()) <= 1
    changes = torch.func.vmap(torch.func.jacfwd(lambda f: shape.draw(f[None], SIDE)[0]))(factors)
    assert float(changes.square().mean((0, 1, 2, 3)).min().sqrt()) > 0.01


def test_effects_of_the_unequal_ellipse_are_twenty_to_one() -> None:
    shape, step = SHAPES["unequal"], 1e-3
    factors = _factors(shape, 256)
    effects = {}
    for place, name in enumerate(shape.factors):
        move = step * torch.eye(len(shape.factors), dtype=torch.float64)[place]
        change = (shape.draw(factors + move, 32) - shape.draw(factors - move, 32)) / (2 * step)
        effects[name] = float(change.square().mean().sqrt())
    assert sorted(effects, key=lambda name: -effects[name]) == ["y", "x", "hue", "angle", "size"]
    assert effects["y"] / effects["size"] == pytest.approx(20, rel=0.1)


@pytest.mark.parametrize(("name", "linear"), [("linear-among-curved", [4]), ("two-linear", [3, 4])])
def test_linear_factors_have_no_second_derivatives_and_the_others_do(name: str, linear: list[int]) -> None:
    energies = _hessians(SHAPES[name], 2).square().mean(0)
    assert float(energies[linear].max()) < 1e-12
    curved = [place for place in range(5) if place not in linear]
    assert float(energies.diagonal()[curved].min()) > 1e-6


def test_the_objects_do_not_share_curvature() -> None:
    energies = _hessians(SHAPES["two-objects"], 3).square().mean(0)
    across, within = energies[:3, 3:].max(), energies.diagonal().min()
    assert float(across) < 0.02 * float(within)


def test_shifts_of_the_round_blob_have_no_axes() -> None:
    """Turned by 90°, both shifts give the turned image: no pair of axes is better than another."""
    shape = SHAPES["round"]
    factors = _factors(shape)
    turned = factors.clone()
    turned[:, 0], turned[:, 1] = factors[:, 1], -factors[:, 0]
    assert torch.allclose(shape.draw(turned, SIDE), shape.draw(factors, SIDE).rot90(1, (2, 3)))


def test_shifts_of_the_round_blob_keep_their_direction() -> None:
    """A shift along any axis moves the centre along that axis, as far for each."""
    shape = SHAPES["round"]
    axis = torch.linspace(-1, 1, 64, dtype=torch.float64)
    for degrees in (0.0, 30.0, 45.0):
        angle = torch.deg2rad(torch.tensor(degrees, dtype=torch.float64))
        move = torch.stack([angle.cos(), angle.sin()])
        images = shape.draw(torch.cat([move, torch.zeros(3, dtype=torch.float64)])[None], 64)
        weight = images[0].sum(0) - images[0, :, 0, 0].sum()
        centre = torch.stack([(weight * axis).sum(), (weight * axis[:, None]).sum()]) / weight.sum()
        assert torch.allclose(centre / centre.norm(), move, atol=1e-2)
        assert float(centre.norm()) == pytest.approx(0.302, abs=5e-3)


@pytest.mark.parametrize("name", ["product", "faded"])
def test_the_contrast_multiplies_the_image(name: str) -> None:
    shape = SHAPES[name]
    factors = _factors(shape, 4)
    other = factors.clone()
    other[:, 0] = 0
    ratio = shape.draw(factors, SIDE) / shape.draw(other, SIDE)
    assert torch.allclose(ratio, ratio[:, :1, :1, :1].expand_as(ratio))
    assert float((ratio[:, 0, 0, 0] - 1).abs().min()) > 1e-3
