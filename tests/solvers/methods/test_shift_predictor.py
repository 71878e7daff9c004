"""Voynov and Babenko's solver: its gradient, and that it finds what can be told apart."""

from typing import Any

import pytest
import torch

from biggan_directions.errors import FileFormatError, GeneratorError, UsageError
from biggan_directions.solvers.change_predictor import draw_moves, prediction_loss
from biggan_directions.solvers.methods import shift_predictor
from biggan_directions.solvers.methods.shift_predictor import ShiftPredictor, ShiftPredictorSettings
from tests.support.problems import problem_of
from tests.support.separable import Separable


def test_the_gradient_is_that_of_the_loss() -> None:
    """By one backward pass through predictor, images and matrix, instead of a micro-batch at a time."""
    settings = ShiftPredictorSettings(batch_size=7, largest=2.0)
    generator = Separable(classes=2)
    problem = problem_of(generator, search_space="2:9", micro_batch=3)
    learner, twin = (shift_predictor._Learner(problem, settings) for _ in range(2))
    z, class_index = problem.inputs(14, 7)
    which, far = draw_moves(7, 4, largest=2.0, least=0.5, purpose="shift-predictor/moves", seed=0, offset=14)
    rows = twin.directions() @ problem.space.basis.float()
    pairs = generator(z, class_index), generator(z + far[:, None] * rows[which], class_index)
    scores, distances = twin.predictor(*pairs)
    prediction_loss(scores, distances, which, far).backward()  # type: ignore[no-untyped-call]
    learner.take(2)
    assert twin.matrix.grad is not None
    assert learner.matrix.grad is not None
    torch.testing.assert_close(learner.matrix.grad, twin.matrix.grad, rtol=1e-3, atol=1e-6)
    assert learner.matrix.grad.abs().max() > 1e-4


@pytest.mark.slow
def test_it_finds_the_dimensions_that_can_be_seen() -> None:
    """Of eight numbers of z three do something: random directions have three eighths of it.

    It stops where the predictor is sure: what is dead beside what can be seen does not disturb it.
    """
    generator = Separable(z_dim=8, factors=3)
    generator.weights *= 2
    problem = problem_of(generator, ndirs=3, search_space="all", micro_batch=32)
    shares = []
    for steps in (0, 300):
        settings = ShiftPredictorSettings(steps=steps, lr=0.03, predictor_lr=0.003, largest=3.0)
        *_, step, last = [None, *ShiftPredictor(settings).solve(problem)]
        assert last is not None
        assert last.result is not None
        shares.append(float((last.result.directions @ generator.truth.T).square().sum()) / 3)
    assert shares[0] < 0.5
    assert shares[1] > 0.7
    assert step is not None
    assert step.measure == "accuracy"
    assert step.value is not None
    assert step.value > 0.9


def test_without_steps_directions_are_random_in_the_search_space() -> None:
    (last,) = ShiftPredictor(ShiftPredictorSettings(steps=0)).solve(problem_of(Separable()))
    assert last.result is not None
    rows = last.result.directions
    torch.testing.assert_close(rows @ rows.T, torch.eye(4).double())


def test_images_without_gradients_are_refused() -> None:
    class Detached(Separable):
        def __call__(self, z: torch.Tensor, class_index: torch.Tensor | None = None) -> torch.Tensor:
            return super().__call__(z.detach(), class_index)

    with pytest.raises(GeneratorError, match="no gradient with respect to z, which shift-predictor needs"):
        next(ShiftPredictor(ShiftPredictorSettings(batch_size=4)).solve(problem_of(Detached())))


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"steps": -1}, "steps must be 0 or more"),
        ({"batch_size": 1}, "batch size must be 2 or more"),
        ({"lr": 0.0}, "lr must be a finite number above 0"),
        ({"predictor_lr": float("inf")}, "predictor lr must be a finite number above 0"),
        ({"least": 6.0}, "0 < least < largest"),
    ],
)
def test_settings_out_of_range(options: dict[str, Any], says: str) -> None:
    with pytest.raises(UsageError, match=says):
        ShiftPredictorSettings(**options)


def test_a_state_of_another_network_is_refused() -> None:
    problem = problem_of(Separable())
    step = next(ShiftPredictor(ShiftPredictorSettings(batch_size=4)).solve(problem))
    other = ShiftPredictor(ShiftPredictorSettings(batch_size=4, predictor="resnet"))
    with pytest.raises(FileFormatError, match=r"shift-predictor\.predictor has other keys"):
        next(other.solve(problem, step.state))
