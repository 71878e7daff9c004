"""The penalty as a regulariser: its value, its ramp and layers, and that it leaves a network alone."""

from collections.abc import Sequence

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from biggan_directions.errors import UsageError
from biggan_directions.latents import stream
from biggan_directions.penalty import hessian_penalty
from biggan_directions.training import GeneratorPenalty
from biggan_directions.training.trainable import TrainableBigGAN


class Normalised(nn.Module):
    """Pixel normalisation."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x * (x.square().mean(1, keepdim=True) + 1e-8).rsqrt()


def generator(norm: type[nn.Module] = Normalised, seed: int = 0) -> nn.Sequential:
    torch.manual_seed(seed)
    return nn.Sequential(
        nn.Linear(6, 12), nn.LeakyReLU(0.2), norm(), nn.Linear(12, 12), nn.Tanh(), norm(), nn.Linear(12, 8)
    ).double()


def latents(count: int = 10) -> torch.Tensor:
    return torch.randn(count, 6, generator=torch.Generator().manual_seed(1)).double()


def prototype(f: object, z: torch.Tensor, signs: torch.Tensor, reduction: str) -> float:
    """The authors' training term, written out: all passes in one batch, biased variance over two probes."""
    epsilon, total = 0.1, 0.0
    moved = torch.cat([z + epsilon * signs[0], z - epsilon * signs[0], z + epsilon * signs[1]])
    moved = torch.cat([moved, z - epsilon * signs[1], z])
    for activation in f(moved):  # type: ignore[operator]
        a, b, c, d, centre = activation.detach().view(5, len(z), -1)
        second = torch.stack([a + b - 2 * centre, c + d - 2 * centre]) / epsilon**2
        variance = second.var(0, correction=0)
        total += float(variance.max() if reduction == "max" else variance.mean())
    return total


@pytest.mark.parametrize("reduction", ["max", "mean"])
def test_it_is_the_authors_term_over_the_named_layers(reduction: str) -> None:
    network, z = generator(), latents()
    penalty = GeneratorPenalty(network, layers=["2", "5"], reduction=reduction)  # type: ignore[arg-type]
    signs = (
        torch.randint(0, 2, (2, 10, 6), generator=stream("training/penalty probes", 0, 7)).double() * 2 - 1
    )

    def activations(points: torch.Tensor) -> Sequence[torch.Tensor]:
        first = network[:3](points)
        return first, network[3:6](first)

    expected = prototype(activations, z, signs, reduction)
    assert penalty.measure(z, step=7).item() == pytest.approx(expected, rel=1e-6)
    assert penalty(z, step=7).item() == pytest.approx(0.1 * expected, rel=1e-6)
    by_function = GeneratorPenalty(activations, reduction=reduction)  # type: ignore[arg-type]
    torch.testing.assert_close(by_function.measure(z, step=7), penalty.measure(z, step=7))
    unbiased = GeneratorPenalty(network, layers=["2", "5"], reduction=reduction, biased=False)  # type: ignore[arg-type]
    torch.testing.assert_close(unbiased.measure(z, step=7), 2 * penalty.measure(z, step=7))
    given = hessian_penalty(lambda p: list(activations(p)), z, probes=signs, reduction=reduction)  # type: ignore[call-overload]
    torch.testing.assert_close(unbiased.measure(z, step=7), given)


def test_lambda_rises_in_a_straight_line_and_costs_nothing_at_zero() -> None:
    calls = []

    def f(z: torch.Tensor) -> torch.Tensor:
        calls.append(len(z))
        return z[:, :1] * z[:, 1:2]

    penalty = GeneratorPenalty(f, weight=2.0, ramp_steps=4)
    assert [penalty.weight_at(step) for step in (0, 1, 4, 9)] == [0.0, 0.5, 2.0, 2.0]
    assert penalty(latents(), step=0).item() == 0.0
    assert calls == []
    half, whole = penalty(latents(), step=2), penalty(latents(), step=4)
    assert half > 0
    assert whole > 0
    assert GeneratorPenalty(f, weight=2.0).weight_at(0) == 2.0
    # 2k passes; and one of the first row alone, at the first call only
    assert calls == [10, 1, 10, 10, 10, 10, 10, 10, 10]


def test_probes_follow_from_seed_and_step_alone() -> None:
    network, z = generator(), latents()
    first = GeneratorPenalty(network, seed=1)
    first.measure(z, step=3)
    torch.manual_seed(99)
    assert torch.equal(first.measure(z, step=5), GeneratorPenalty(network, seed=1).measure(z, step=5))
    assert first.measure(z, step=5) != first.measure(z, step=6)
    assert first.measure(z, step=5) != GeneratorPenalty(network, seed=2).measure(z, step=5)


def test_batch_statistics_are_fixed_and_no_running_average_moves() -> None:
    network, z = generator(lambda: nn.BatchNorm1d(12)), latents(32)  # type: ignore[arg-type]
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    penalty = GeneratorPenalty(network, layers=["2", "5"], reduction="mean")
    found = penalty(z, step=0)  # the check of the first call finds it deterministic, sample by sample
    torch.autograd.backward(found)
    assert all(torch.equal(before[name], tensor) for name, tensor in network.state_dict().items())
    assert network.training
    gradient = next(network.parameters()).grad
    assert gradient is not None
    assert gradient.abs().max() > 0
    assert not network[2]._forward_hooks


def test_a_class_conditional_generator_under_autocast() -> None:
    network = TrainableBigGAN(
        resolution=32,
        z_dim=6,
        classes=3,
        width=4,
        channels=1,
        attention=0,
        generator=torch.Generator().manual_seed(0),
    )
    penalty = GeneratorPenalty(network, layers=["layers.0.bn_0", "layers.1.bn_0"], reduction="mean")
    z, classes = latents(4).float(), torch.tensor([0, 2, 1, 0])
    plain = penalty(z, classes, step=3)
    with torch.autocast("cpu", torch.bfloat16):
        torch.testing.assert_close(penalty(z, classes, step=3), plain)
    assert plain > 0
    assert penalty(z, classes.flip(0), step=3) != plain


@pytest.mark.parametrize("kind", ["hessian", "jacobian"])
def test_a_generator_trained_with_it_has_less(kind: str) -> None:
    network, z = generator(), latents(64)
    target = network(z).detach()
    size = GeneratorPenalty(network, layers=["2"], kind=kind, reduction="mean").measure(z).item()  # type: ignore[arg-type]
    left = {}
    for weight in (0.0, 1.0 / size):
        torch.manual_seed(0)
        trained = generator()
        penalty = GeneratorPenalty(
            trained,
            layers=["2"],
            weight=weight,
            ramp_steps=5,
            kind=kind,  # type: ignore[arg-type]
            reduction="mean",
        )
        optimizer = torch.optim.Adam(trained.parameters(), lr=0.01)
        for step in range(60):
            loss = F.mse_loss(trained(z), target) + penalty(z, step=step)
            optimizer.zero_grad()
            torch.autograd.backward(loss)
            optimizer.step()
        left[weight] = penalty.measure(z, step=1000).item()
    assert left[1.0 / size] < 0.6 * left[0.0]


def test_what_cannot_be_is_refused_in_one_sentence() -> None:
    network = generator()
    for changes, says in (
        ({"layers": ["norm"]}, "no layer 'norm'"),
        ({"layers": []}, "layers is empty"),
        ({"weight": -1.0}, "weight"),
        ({"weight": float("nan")}, "weight"),
        ({"ramp_steps": -1}, "ramp_steps"),
        ({"kind": "third"}, "hessian"),
        ({"reduction": "sum"}, "reduction"),
        ({"probes": 1}, "probes"),
        ({"epsilon": 0.0}, "epsilon"),
    ):
        with pytest.raises(UsageError, match=says):
            GeneratorPenalty(network, **changes)
    with pytest.raises(UsageError, match=r"no nn\.Module"):
        GeneratorPenalty(lambda z: z, layers=["2"])
    mixing = GeneratorPenalty(lambda z: z - z.mean(0))
    with pytest.raises(UsageError, match="rest of the batch"):
        mixing(latents(), step=0)
