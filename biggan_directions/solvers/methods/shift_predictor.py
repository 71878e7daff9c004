"""Voynov and Babenko: directions that a network tells apart best by what they change."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

import torch

from biggan_directions.errors import GeneratorError, UsageError
from biggan_directions.latents import stream
from biggan_directions.precision import full_precision
from biggan_directions.solvers.base import Cost, Found, Solver, Step
from biggan_directions.solvers.change_predictor import chosen, draw_moves, make_predictor, prediction_loss
from biggan_directions.solvers.problem import Outline, Problem
from biggan_directions.solvers.settings import setting
from biggan_directions.solvers.state_checks import check_done, check_like

_CODE = "the authors' code"
_SMOOTHING = 0.95  # of the displayed accuracy; that of one step is noisy


@dataclass(frozen=True, kw_only=True)
class ShiftPredictorSettings:
    """The moves, the two networks that learn, and how fast.

    Attributes:
        steps: number of steps.
        batch_size: pairs of images per step.
        lr: Adam's learning rate of the directions.
        predictor_lr: Adam's learning rate of the predictor.
        largest, least: the largest and the smallest distance of a move, in units of z.
        predictor: ``lenet``, ``resnet``, or ``auto``: LeNet for images of up to 64 pixels a side, otherwise
            ResNet-18.

    Raises:
        UsageError: a value is out of range.
    """

    steps: int = setting(
        2000, help="Number of steps.", source=f"this package's choice, with faster rates; 100,000 in {_CODE}"
    )
    batch_size: int = setting(32, help="Pairs of images per step.", source=_CODE)
    lr: float = setting(
        0.01,
        help="Adam's learning rate of the directions.",
        source=f"for a fiftieth of the steps; 0.0001 in {_CODE}",
    )
    predictor_lr: float = setting(
        0.001,
        help="Adam's learning rate of the predictor.",
        source=f"for a fiftieth of the steps; 0.0001 in {_CODE}",
    )
    largest: float = setting(6.0, help="Largest distance of a move, in units of z.", source=_CODE)
    least: float = setting(0.5, help="Smallest distance of a move, in units of z.", source=_CODE)
    predictor: Literal["auto", "lenet", "resnet"] = setting(
        "auto",
        help="Network of the predictor: lenet, resnet (ResNet-18), or auto: lenet up to 64 pixels a side.",
        source=f"{_CODE}: LeNet for small images, ResNet-18 for others",
    )

    def __post_init__(self) -> None:
        if self.steps < 0:
            raise UsageError(f"steps must be 0 or more, got {self.steps}")
        if self.batch_size < 2:
            raise UsageError(
                f"batch size must be 2 or more, for the statistics of a batch, got {self.batch_size}"
            )
        for name, value in (("lr", self.lr), ("predictor lr", self.predictor_lr)):
            if not (math.isfinite(value) and value > 0):
                raise UsageError(f"{name} must be a finite number above 0, got {value}")
        if not (0 < self.least < self.largest and math.isfinite(self.largest)):
            raise UsageError(
                f"distances must be 0 < least < largest, got least {self.least} and largest {self.largest}"
            )


class ShiftPredictor(Solver):
    r"""Learns directions A together with a network R that sees images before and after a move:

        min over A, R of E[cross-entropy(R(G(z), G(z + ε Aₖ)), k) + 0.25 |R's ε − ε|],

    k and ε random (arXiv:2002.03754, Eq. 1). A is made of the first rows of exp(S − Sᵀ) in the basis of the
    search space, S a free square matrix from a normal distribution. The images after the move are drawn
    twice, the second time to differentiate them a micro-batch at a time.
    """

    name = "shift-predictor"
    paper = "Voynov and Babenko, arXiv:2002.03754"
    summary = "Directions learnt with a network that tells them apart by the images before and after."
    Settings = ShiftPredictorSettings
    settings: ShiftPredictorSettings

    def cost(self, _outline: Outline) -> Cost:
        """Three images for every pair, one of them differentiated."""
        pairs = self.settings.steps * self.settings.batch_size
        return Cost(images=3 * pairs, gradients=pairs)

    def described(self, outline: Outline) -> dict[str, Any]:
        """The settings, with the predictor chosen."""
        return {
            **super().described(outline),
            "predictor": chosen(self.settings.predictor, outline.resolution),
        }

    def solve(self, problem: Problem, state: dict[str, Any] | None = None) -> Iterator[Step]:
        """Train both, a batch per step."""
        settings = self.settings
        learner = _Learner(problem, settings)
        if state is not None:
            learner.load(state)
        elif not settings.steps:
            state = learner.state_dict()
        for step in range(learner.done, settings.steps):
            learner.take(step)
            state = learner.state_dict()
            yield Step(
                phase="predictor",
                done=step + 1,
                total=settings.steps,
                measure="accuracy",
                value=learner.smoothed / (1 - _SMOOTHING ** (step + 1)),
                state=state,
            )
        rows = learner.directions().detach().double().cpu()
        found = Found(directions=problem.group.broadcast(_orthonormal(rows) @ problem.space.basis))
        assert state is not None
        total = settings.steps
        yield Step(phase="predictor", done=total, total=max(total, 1), state=state, result=found)


class _Learner:
    """The matrix, the predictor, their optimizers, and one step of both."""

    def __init__(self, problem: Problem, settings: ShiftPredictorSettings) -> None:
        self.problem, self.settings = problem, settings
        outline = problem.outline
        dims, device = problem.space.dims, problem.generator.device
        self.matrix = torch.randn(dims, dims, generator=stream("shift-predictor", outline.seed))
        self.matrix.requires_grad_()
        self.predictor = make_predictor(
            settings.predictor,
            directions=outline.ndirs,
            resolution=outline.resolution,
            seed=outline.seed,
        ).to(device)
        self.optimizers = {
            "matrix": torch.optim.Adam([self.matrix], lr=settings.lr),
            "predictor": torch.optim.Adam(self.predictor.parameters(), lr=settings.predictor_lr),
        }
        self.done, self.smoothed = 0, 0.0

    def directions(self) -> torch.Tensor:
        """The first rows of exp(S − Sᵀ), float32 ``(ndirs, dims)``."""
        turned: torch.Tensor = torch.linalg.matrix_exp(self.matrix - self.matrix.T)
        return turned[: self.problem.outline.ndirs]

    def take(self, step: int) -> None:
        """Draw a batch of pairs, and take a step of both."""
        problem, settings = self.problem, self.settings
        size, ndirs, evaluator = settings.batch_size, problem.outline.ndirs, problem.evaluator
        device = problem.generator.device
        z, class_index = problem.inputs(step * size, size)
        which, far = draw_moves(
            size,
            ndirs,
            largest=settings.largest,
            least=settings.least,
            purpose="shift-predictor/moves",
            seed=problem.outline.seed,
            offset=step * size,
        )
        with full_precision():
            turned = self.directions()
            rows = problem.group.broadcast(turned.detach()) @ problem.space.basis.float()
            moved = z + far[:, None] * rows[which]
            before, after = (_images(problem, points, class_index, z) for points in (z, moved))
            seen = after.detach().to(device).requires_grad_()
            scores, distances = self.predictor(before.to(device), seen)
            loss = prediction_loss(scores, distances, which.to(device), far.to(device))
            for optimizer in self.optimizers.values():
                optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            assert seen.grad is not None
            cotangent = problem.group.broadcast(seen.grad.cpu())

            def piece(start: int) -> torch.Tensor:
                part = slice(start, min(start + evaluator.micro_batch, size))
                found = evaluator.vector_jacobian_products(
                    z=moved[part],
                    class_index=None if class_index is None else class_index[part],
                    cotangents=lambda _shape: cotangent[part],
                    base=z[part],
                )
                if found is None:
                    raise GeneratorError(
                        "the images have no gradient with respect to z, which shift-predictor needs: draw "
                        "them by torch operations on z, without torch.no_grad() and .detach(), or choose "
                        "another --solver"
                    )
                return found.flatten()

            starts = range(0, size, evaluator.micro_batch)
            pulled = torch.cat(list(evaluator.shared(starts, piece))).reshape(size, -1)
            slope = torch.zeros(ndirs, pulled.shape[1], dtype=torch.float64)
            slope.index_add_(0, which, far.double()[:, None] * pulled)
            torch.autograd.backward(turned, (slope @ problem.space.basis.T).to(turned.dtype))
            for optimizer in self.optimizers.values():
                optimizer.step()
        accuracy = float((scores.argmax(dim=1).cpu() == which).double().mean())
        self.smoothed = _SMOOTHING * self.smoothed + (1 - _SMOOTHING) * accuracy
        self.done = step + 1

    def state_dict(self) -> dict[str, Any]:
        """Plain values and copies of all tensors, on the CPU."""
        optimizers = {name: optimizer.state_dict() for name, optimizer in self.optimizers.items()}
        return {
            "done": self.done,
            "smoothed": self.smoothed,
            "matrix": _copied(self.matrix),
            "predictor": _copied(dict(self.predictor.state_dict())),
            "moments": {name: _copied(found["state"]) for name, found in optimizers.items()},
        }

    def load(self, state: dict[str, Any]) -> None:
        """Go on from a state.

        Raises:
            FileFormatError: it is not one of this learner's.
        """
        like = _Learner(self.problem, self.settings)
        for parameter in [like.matrix, *like.predictor.parameters()]:
            parameter.grad = torch.zeros_like(parameter)
        for optimizer in like.optimizers.values():
            optimizer.step()
        if isinstance(state, dict) and state.get("done") == 0:
            like = _Learner(self.problem, self.settings)
        check_like(state, like.state_dict(), "shift-predictor")
        check_done(state["done"], self.settings.steps, "shift-predictor.done")
        self.done, self.smoothed = state["done"], state["smoothed"]
        with torch.no_grad():
            self.matrix.copy_(state["matrix"])
        self.predictor.load_state_dict(state["predictor"])
        for name, optimizer in self.optimizers.items():
            groups = optimizer.state_dict()["param_groups"]
            optimizer.load_state_dict({"state": _copied(state["moments"][name]), "param_groups": groups})


def _images(
    problem: Problem, points: torch.Tensor, class_index: torch.Tensor | None, base: torch.Tensor
) -> torch.Tensor:
    """Images of the points, which were moved from ``base``, drawn by all processes: float32 on the CPU."""
    evaluator, size = problem.evaluator, len(points)
    shapes: list[torch.Size] = []

    def piece(start: int) -> torch.Tensor:
        part = slice(start, min(start + evaluator.micro_batch, size))
        with torch.no_grad():
            drawn = evaluator.draw(
                points[part], None if class_index is None else class_index[part], base[part]
            )
        shapes.append(drawn.shape[1:])
        return drawn.flatten().cpu().double()

    flat = torch.cat(list(evaluator.shared(range(0, size, evaluator.micro_batch), piece))).float()
    shape = shapes[0] if shapes else torch.Size((3, problem.outline.resolution, problem.outline.resolution))
    return flat.reshape(size, *shape)


def _orthonormal(rows: torch.Tensor) -> torch.Tensor:
    """The rows without the rounding errors of the exponential: Q of the polar decomposition."""
    left, _, right = torch.linalg.svd(rows, full_matrices=False)
    return torch.matmul(left, right)


def _copied(value: Any) -> Any:
    """A copy of a state that later steps do not change, on the CPU."""
    if isinstance(value, dict):
        return {key: _copied(part) for key, part in value.items()}
    return value.detach().cpu().clone() if torch.is_tensor(value) else value
