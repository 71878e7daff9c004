"""Gradient descent by Adam over matrices with orthonormal rows: on the Hessian Penalty, or something else."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Protocol

import torch

from biggan_directions.errors import GeneratorError, UsageError
from biggan_directions.latents import stream, uniforms
from biggan_directions.linalg import orthonormal
from biggan_directions.penalty import hessian_penalty_along
from biggan_directions.precision import full_precision
from biggan_directions.solvers.evaluator import Evaluator
from biggan_directions.solvers.live_space import Inputs
from biggan_directions.solvers.settings import setting

_SMOOTHING = 0.95  # of the displayed penalty; the estimate of one step is noisy
_CODE = "the authors' BigGAN code"

Image = Callable[[torch.Tensor], torch.Tensor]
"""Draws points ``(N, z_dim)`` as images, each of its own class."""


class Descent(Protocol):
    """What is minimised by Adam, and how.

    Attributes:
        steps: number of steps.
        batch_size: latents per step.
        lr: Adam's learning rate.
        passes: images per latent, all of which are differentiated.
    """

    @property
    def steps(self) -> int: ...

    @property
    def batch_size(self) -> int: ...

    @property
    def lr(self) -> float: ...

    @property
    def passes(self) -> int: ...

    def numbers(self, rows: int) -> int:
        """How many random numbers a latent takes with this many directions."""
        ...

    def estimate(
        self,
        image: Image,
        z: torch.Tensor,
        directions: torch.Tensor,
        draws: torch.Tensor,
        *,
        check: bool,
    ) -> torch.Tensor:
        """The mean over latents of what is minimised, a scalar with a gradient in ``directions``.

        Args:
            image: draws images; with ``check`` it is tested that it does so row by row.
            z: latents ``(N, z_dim)``.
            directions: orthonormal rows ``(rows, z_dim)``.
            draws: uniform numbers in (0, 1), float64 ``(N, numbers(rows))``.
        """
        ...


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """The settings of Adam (arXiv:2008.10599, section 5, and the authors' BigGAN code).

    Attributes:
        steps: number of steps.
        batch_size: latents per step.
        lr: Adam's learning rate.
        max_distance: the paper's η: each latent is first moved along one direction by a distance from U[−η,
            η].
        probes: the paper's k, random sign vectors per latent.
        epsilon: step of the second differences, in units of z.

    Raises:
        UsageError: a value is out of range.
    """

    steps: int = setting(1000, help="Number of steps.", source="this package's choice")
    batch_size: int = setting(
        32, help="Latents per step.", source=f"a third of the 96 in {_CODE}, for machines with less memory"
    )
    lr: float = setting(0.01, help="Adam's learning rate.", source=_CODE)
    max_distance: float = setting(
        5.0,
        help="Largest distance by which each latent is first moved along one direction, the paper's η.",
        source="arXiv:2008.10599, section 5",
    )
    probes: int = setting(
        2, help="Random sign vectors per latent, the paper's k.", source="the authors' code"
    )
    epsilon: float = setting(
        0.1, help="Step of the second differences, in units of z.", source="the authors' code"
    )

    def __post_init__(self) -> None:
        check_descent(
            steps=self.steps,
            batch_size=self.batch_size,
            probes=self.probes,
            lr=self.lr,
            epsilon=self.epsilon,
        )
        if not (math.isfinite(self.max_distance) and self.max_distance >= 0):
            raise UsageError(f"max distance must be a finite number, 0 or more, got {self.max_distance}")

    @property
    def passes(self) -> int:
        """Images per latent: two per probe."""
        return 2 * self.probes

    def numbers(self, rows: int) -> int:
        """A direction, a distance, and the signs of the probes."""
        return 2 + self.probes * rows

    def estimate(
        self, image: Image, z: torch.Tensor, directions: torch.Tensor, draws: torch.Tensor, *, check: bool
    ) -> torch.Tensor:
        """The Hessian Penalty along the directions, each latent moved along one of them first."""
        size, rows = len(z), len(directions)
        along = (draws[:, 0] * rows).long()
        weights = torch.zeros(size, rows)
        weights[torch.arange(size), along] = (self.max_distance * (2 * draws[:, 1] - 1)).float()
        return hessian_penalty_along(
            image,
            z,
            directions,
            weights=weights.to(directions),
            probes=probe_signs(draws[:, 2:], self.probes).to(directions),
            epsilon=self.epsilon,
            check=check,
        )


def check_descent(*, steps: int, batch_size: int, probes: int, lr: float, epsilon: float) -> None:
    """Check the settings that every descent has.

    Raises:
        UsageError: a value is out of range.
    """
    if steps < 0:
        raise UsageError(f"steps must be 0 or more, got {steps}")
    if batch_size < 1:
        raise UsageError(f"batch size must be 1 or more, got {batch_size}")
    if probes < 2:
        raise UsageError(f"probes must be 2 or more, for a variance, got {probes}")
    for name, value in (("lr", lr), ("epsilon", epsilon)):
        if not (math.isfinite(value) and value > 0):
            raise UsageError(f"{name} must be a finite number above 0, got {value}")


def probe_signs(draws: torch.Tensor, probes: int) -> torch.Tensor:
    """Random signs from uniform numbers ``(N, probes · rows)``: float32 ``(probes, N, rows)``."""
    signs = torch.where(draws < 0.5, -1.0, 1.0).float()
    return signs.reshape(len(draws), probes, -1).movedim(1, 0)


@dataclass(frozen=True, kw_only=True, eq=False)
class AdamStep:
    """The result of one step.

    Attributes:
        done: number of steps so far.
        penalty: the estimate of this step.
        smoothed: an exponential average of the estimates so far.
        directions: orthonormal rows ``(r, z_dim)``, float64, after the step.
        state: everything needed to resume; plain values and tensors.
    """

    done: int
    penalty: float
    smoothed: float
    directions: torch.Tensor
    state: dict[str, Any]


def kaiming_start(rows: int, size: int, *, seed: int) -> torch.Tensor:
    """Draw the initial matrix ``(rows, size)``: Kaiming's normal, std √(2 / size), as the authors do."""
    return torch.randn(rows, size, generator=stream("adam/start", seed)) * math.sqrt(2 / size)


def adam_steps(
    evaluator: Evaluator,
    batch: Inputs,
    start: torch.Tensor,
    basis: torch.Tensor | None,
    recipe: Descent,
    *,
    seed: int,
    state: dict[str, Any] | None = None,
) -> Iterator[AdamStep]:
    r"""Minimise an estimate over Q, the orthonormalised rows of A; for :class:`Recipe` the Hessian Penalty.

    That is the penalty of w ↦ f(z + wQ): each latent is moved by a random distance along one random
    direction, and the penalty is taken there with respect to w (arXiv:2008.10599, section 5). Q is from A's
    QR decomposition with the signs of R's diagonal, which is Gram–Schmidt. A batch is processed in
    micro-batches, so that memory does not grow with the batch. Their gradients are added up in float64 and in
    order, whichever process computed them.

    Args:
        evaluator: draws the images.
        batch: gives latents and classes.
        start: the initial A, float32 ``(r, m)``, r ≤ m.
        basis: orthonormal rows ``(m, z_dim)`` that A refers to; all of z if omitted.
        recipe: the settings, and what is minimised.
        seed: seed of directions, distances and probes, one random stream per latent.
        state: the state of an :class:`AdamStep` to resume from; the result has the same bytes.

    Yields:
        One :class:`AdamStep` per step.
    """
    device = evaluator.generator.device
    matrix = start.detach().float().clone().requires_grad_()
    optimizer = torch.optim.Adam([matrix], lr=recipe.lr)
    done, smoothed = 0, 0.0
    if state is not None:
        done, smoothed = state["done"], state["smoothed"]
        moments = {**state["optimizer"]["state"][0], "step": torch.tensor(float(done))}
        groups = optimizer.state_dict()["param_groups"]
        optimizer.load_state_dict({"state": {0: moments}, "param_groups": groups})
        with torch.no_grad():
            matrix.copy_(state["matrix"])
    axes = None if basis is None else basis.float()
    for step in range(done, recipe.steps):
        with full_precision():
            turned = orthonormal(matrix)
            directions = turned if axes is None else turned @ axes
            leaf = evaluator.group.broadcast(directions.detach()).to(device).requires_grad_()
            penalty, gradient = _penalty_and_gradient(evaluator, batch, leaf, recipe, step=step, seed=seed)
            optimizer.zero_grad()
            torch.autograd.backward(directions, gradient.to(directions.dtype))
            optimizer.step()
        smoothed = _SMOOTHING * smoothed + (1 - _SMOOTHING) * penalty
        yield AdamStep(
            done=step + 1,
            penalty=penalty,
            smoothed=smoothed / (1 - _SMOOTHING ** (step + 1)),
            directions=_rows(matrix, basis),
            state={
                "done": step + 1,
                "smoothed": smoothed,
                "matrix": matrix.detach().clone(),
                "optimizer": _copied(optimizer.state_dict()),
            },
        )


def adam_state(start: torch.Tensor) -> dict[str, Any]:
    """An example of an :class:`AdamStep`'s ``state`` for this start; its numbers have no meaning."""
    matrix = start.detach().float().clone().requires_grad_()
    matrix.grad = torch.zeros_like(matrix)
    optimizer = torch.optim.Adam([matrix])
    optimizer.step()
    return {"done": 0, "smoothed": 0.0, "matrix": matrix.detach(), "optimizer": optimizer.state_dict()}


def _penalty_and_gradient(
    evaluator: Evaluator, batch: Inputs, directions: torch.Tensor, recipe: Descent, *, step: int, seed: int
) -> tuple[float, torch.Tensor]:
    """The penalty of one batch, and its gradient with respect to the directions ``(r, z_dim)``, float64."""
    size, first = recipe.batch_size, step * recipe.batch_size
    z, class_index = batch(first, size)
    numbers = recipe.numbers(len(directions))
    draws = uniforms(size, numbers, purpose="adam/moves", seed=seed, offset=first)

    def piece(start: int) -> torch.Tensor:
        """The share of one micro-batch in the penalty, followed by that in the gradient."""
        part = slice(start, min(start + evaluator.micro_batch, size))
        classes = None if class_index is None else class_index[part]

        def image(points: torch.Tensor, classes: torch.Tensor | None = classes) -> torch.Tensor:
            count = len(points)
            return evaluator.draw(points, None if classes is None else classes[:count], z[part][:count])

        check = step == 0 and start == 0
        penalty = recipe.estimate(image, z[part].to(directions), directions, draws[part], check=check)
        share = (part.stop - part.start) / size
        if not penalty.requires_grad:
            raise GeneratorError(
                "the images have no gradient with respect to z, which adam needs: draw them by torch "
                "operations on z, without torch.no_grad() and .detach(), or choose another --solver"
            )
        (slope,) = torch.autograd.grad(penalty, directions)
        evaluator.gradients += recipe.passes * (part.stop - part.start)
        value = torch.tensor([penalty.item()], dtype=torch.float64)
        return share * torch.cat([value, slope.cpu().double().flatten()])

    total = torch.zeros(1 + directions.numel(), dtype=torch.float64)
    for found in evaluator.shared(range(0, size, evaluator.micro_batch), piece):
        total += found
    return float(total[0]), total[1:].reshape(directions.shape)


def _rows(matrix: torch.Tensor, basis: torch.Tensor | None) -> torch.Tensor:
    """The directions of a matrix, in float64."""
    turned = orthonormal(matrix.detach().double())
    return turned if basis is None else turned @ basis.double()


def _copied(state: dict[str, Any]) -> dict[str, Any]:
    """A copy of the optimizer's state that the next step does not overwrite."""
    moments = {
        key: {name: value.clone() if torch.is_tensor(value) else value for name, value in entry.items()}
        for key, entry in state["state"].items()
    }
    return {"state": moments, "param_groups": state["param_groups"]}
