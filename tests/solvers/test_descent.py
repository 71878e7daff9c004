"""Adam on the penalty: the start, the moves, the micro-batches; test_base.py resumes it."""

import math
from typing import Any

import pytest
import torch

from biggan_directions.errors import UsageError
from biggan_directions.latents import sample_classes, sample_latents
from biggan_directions.solvers.descent import AdamStep, Recipe, adam_steps, kaiming_start
from biggan_directions.solvers.evaluator import Evaluator
from tests.support.oracles import random_orthogonal
from tests.support.separable import Separable


def _steps(
    generator: Separable, start: torch.Tensor, *, micro_batch: int = 4, state: Any = None, **recipe: Any
) -> list[AdamStep]:
    def batch(first: int, count: int) -> tuple[torch.Tensor, torch.Tensor | None]:
        z = sample_latents(count, generator.z_dim, truncation=1.0, seed=0, offset=first)
        class_index = None
        if len(generator.classes) > 1:
            class_index = sample_classes(count, len(generator.classes), seed=0, offset=first)
        return z, class_index

    settings = Recipe(**{"steps": 3, "batch_size": 8, **recipe})
    return list(
        adam_steps(Evaluator(generator, micro_batch), batch, start, None, settings, seed=0, state=state)
    )


def test_the_start_is_kaimings() -> None:
    """std √(2 / fan-in) within five standard errors, as ``torch.nn.init.kaiming_normal_`` draws it."""
    start = kaiming_start(100, 200, seed=0)
    assert abs(start.std() - math.sqrt(2 / 200)) < 5 * math.sqrt(2 / 200) / math.sqrt(2 * start.numel())
    assert not torch.equal(start, kaiming_start(100, 200, seed=1))


def test_rows_stay_orthonormal() -> None:
    for step in _steps(Separable(), kaiming_start(4, 12, seed=0)):
        assert tuple(step.directions.shape) == (4, 12)
        assert (step.directions @ step.directions.T - torch.eye(4)).abs().max() < 1e-12


@pytest.mark.parametrize("classes", [1, 3])
def test_micro_batches_change_nothing_but_rounding(classes: int) -> None:
    start = kaiming_start(4, 12, seed=0)
    whole = _steps(Separable(classes=classes), start, micro_batch=8)
    for size in (1, 3):
        steps = _steps(Separable(classes=classes), start, micro_batch=size)
        for one, other in zip(whole, steps, strict=True):
            assert one.penalty == pytest.approx(other.penalty, rel=1e-4)
            torch.testing.assert_close(one.directions, other.directions, rtol=0, atol=2e-4)


def test_every_step_draws_latents_and_moves_of_its_own() -> None:
    generator = Separable()
    _steps(generator, torch.eye(2, 12), steps=2, batch_size=4, epsilon=1e-3, lr=1e-9)
    seen = [z for z in generator.seen if len(z) > 1]
    latents = sample_latents(8, 12, truncation=1.0, seed=0)
    first, second = seen[0] - latents[:4], seen[4] - latents[4:]
    assert first[:, 2:].abs().max() < 2e-3
    assert second[:, 2:].abs().max() < 2e-3
    assert not torch.allclose(first, second, atol=1e-2)


def test_a_basis_restricts_the_search() -> None:
    generator = Separable()
    basis = random_orthogonal(12)[:3]
    *_, last = adam_steps(
        Evaluator(generator, 4),
        lambda first, count: (sample_latents(count, 12, truncation=1.0, seed=0, offset=first), None),
        kaiming_start(3, 3, seed=0),
        basis,
        Recipe(steps=2, batch_size=4),
        seed=0,
    )
    torch.testing.assert_close(last.directions @ basis.T @ basis, last.directions)


def test_latents_are_moved_along_one_direction_by_at_most_the_distance() -> None:
    generator = Separable()
    step = _steps(generator, torch.eye(4, 12), steps=1, batch_size=64, micro_batch=64, epsilon=1e-3)[0]
    assert step.done == 1
    moved = generator.seen[0] - sample_latents(64, 12, truncation=1.0, seed=0)
    along = moved.abs() > 2e-3
    assert (along.sum(dim=1) <= 1).all()
    assert (along.sum(dim=0) > 0).tolist() == [True] * 4 + [False] * 8
    assert 4 < moved.abs().max() <= 5 + 2e-3
    assert moved.min() < -4
    assert moved.max() > 4


@pytest.mark.parametrize(
    "bad",
    [
        *({"steps": -1}, {"batch_size": 0}, {"lr": 0.0}),
        *({"epsilon": math.inf}, {"max_distance": -1.0}, {"probes": 1}),
    ],
)
def test_bad_recipes(bad: dict[str, Any]) -> None:
    with pytest.raises(UsageError):
        Recipe(**bad)
