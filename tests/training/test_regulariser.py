"""The penalty in a training run: its gradient, λ held to a share, and what a user may ask for."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from biggan_directions.errors import FileFormatError, UsageError
from biggan_directions.training.generator_penalty import GeneratorPenalty
from biggan_directions.training.regulariser import (
    Regulariser,
    RegulariserSettings,
    default_layers,
    weight_of,
)
from biggan_directions.training.spectral import iterate
from biggan_directions.training.trainable import TrainableBigGAN


def generator() -> TrainableBigGAN:
    network = TrainableBigGAN(
        resolution=32,
        z_dim=4,
        classes=2,
        width=4,
        channels=1,
        attention=0,
        generator=torch.Generator().manual_seed(0),
    )
    iterate(network, 10)
    return network


def latents(count: int = 8) -> tuple[torch.Tensor, torch.Tensor]:
    z = torch.randn(count, 4, generator=torch.Generator().manual_seed(1))
    return z, torch.arange(count) % 2


def seen(penalty: float, adversarial: float, of_penalty: float) -> torch.Tensor:
    return torch.tensor([penalty, adversarial, of_penalty], dtype=torch.float64)


def test_lambda_times_the_penaltys_gradient_is_added() -> None:
    network, (z, classes) = generator(), latents()
    settings = RegulariserSettings(weight=0.5, fraction=0.5, reduction="mean")
    regulariser = Regulariser(settings, network, seed=3)
    parameters = list(network.parameters())
    gradients = [torch.full_like(parameter, 0.25) for parameter in parameters]
    before = [gradient.clone() for gradient in gradients]
    value, adversarial, norm = regulariser.add(gradients, z, classes, place=6, step=0)
    penalty = GeneratorPenalty(network, layers=default_layers(network), reduction="mean", seed=3)
    expected = penalty.measure(z[:4], classes[:4], step=6)
    torch.testing.assert_close(value, expected.detach())
    found = torch.autograd.grad(expected, parameters, materialize_grads=True)
    for old, new, one in zip(before, gradients, found, strict=True):
        torch.testing.assert_close(new, old + 0.5 * one)
    count = sum(parameter.numel() for parameter in parameters)
    assert float(adversarial) == pytest.approx(0.25 * count**0.5, rel=1e-4)
    flat = torch.cat([one.flatten() for one in found])
    torch.testing.assert_close(norm, flat.norm())


def test_the_default_layers_have_an_activation_of_each_size() -> None:
    assert default_layers(generator()) == [*(f"layers.{index}.bn_0" for index in range(4)), "bn"]


def test_auto_holds_the_share_of_the_gradient_norm() -> None:
    """λ starts at 0, then at what the first step asks for, and follows slowly, in logarithms."""
    regulariser = Regulariser(RegulariserSettings(weight=None, share=0.2), generator(), seed=0)
    assert regulariser.weight_at(0) == 0.0
    regulariser.update(seen(30.0, 4.0, 10.0))
    assert regulariser.weight_at(1) == pytest.approx(0.2 / 0.8 * 4.0 / 10.0)
    assert regulariser.measures(1).share == pytest.approx(0.2)
    before = regulariser.weight_at(1)
    regulariser.update(seen(30.0, 4.0, 1000.0))  # one batch of a hundred times the gradient
    assert regulariser.weight_at(2) == pytest.approx(before * 0.01**0.02)
    for _ in range(400):
        regulariser.update(seen(30.0, 4.0, 1000.0))
    assert regulariser.weight_at(402) == pytest.approx(0.25 * 4.0 / 1000.0, rel=0.01)
    assert regulariser.measures(402).share == pytest.approx(0.2, rel=0.01)
    regulariser.update(seen(0.0, 4.0, 0.0))  # a penalty of nothing asks for no infinite λ
    assert regulariser.weight_at(403) == pytest.approx(0.001, rel=0.01)


def test_the_ramp_is_a_straight_line_for_a_number_and_for_auto() -> None:
    fixed = Regulariser(RegulariserSettings(weight=2.0, ramp=4), generator(), seed=0)
    assert [fixed.weight_at(step) for step in (0, 1, 4, 5)] == [0.0, 0.5, 2.0, 2.0]
    automatic = Regulariser(RegulariserSettings(weight=None, share=0.5, ramp=10), generator(), seed=0)
    automatic.update(seen(1.0, 3.0, 1.0))
    assert automatic.weight_at(5) == pytest.approx(1.5)
    assert automatic.weight_at(10) == pytest.approx(3.0)
    fixed.update(seen(1.0, 3.0, 1.0))
    assert fixed.weight_at(4) == 2.0


def test_a_state_is_continued_and_a_damaged_one_refused() -> None:
    settings = RegulariserSettings(weight=None)
    one, other = (Regulariser(settings, generator(), seed=0) for _ in range(2))
    one.update(seen(1.0, 3.0, 1.0))
    one.remember(100)
    other.load(one.state())
    for regulariser in (one, other):
        regulariser.update(seen(2.0, 1.0, 5.0))
    assert one.measures(7) == other.measures(7)
    assert other.history == [[100, 1.0, pytest.approx(1 / 3), 3.0, 1.0]]
    with pytest.raises(FileFormatError, match="smoothed"):
        other.load({**one.state(), "smoothed": torch.zeros(2)})


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"weight": -1.0}, "0 or more, or auto"),
        ({"weight": float("inf")}, "0 or more, or auto"),
        ({"share": 1.0}, "share must be above 0 and below 1"),
        ({"ramp": -1}, "--penalty-ramp"),
        ({"reduction": "sum"}, "--penalty-reduction must be max or mean"),
        ({"fraction": 0.0}, "--penalty-fraction"),
    ],
)
def test_values_out_of_range_are_refused(changes: dict[str, Any], says: str) -> None:
    with pytest.raises(UsageError, match=says):
        RegulariserSettings(**changes)


def test_what_is_no_weight_and_what_is_no_layer_is_refused() -> None:
    for text in ("much", "auto:", "auto:x", ""):
        with pytest.raises(UsageError, match="a number, auto, or auto:SHARE"):
            weight_of(text)
    with pytest.raises(UsageError, match=r"no layer 'layers\.9\.bn_0'"):
        Regulariser(RegulariserSettings(layers=("layers.9.bn_0",)), generator(), seed=0)
