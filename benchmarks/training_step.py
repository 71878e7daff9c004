"""Compare one training step of the paper's recipe, as published and in this package.

python -m benchmarks.training_step               batch 8, 6 and 120 directions, BigGAN-deep-128

The published step (arXiv:2008.10599, section 5, settings of the authors' BigGAN code) draws the whole batch
at once, with five passes of the package's generator for two probes, and row-by-row Gram-Schmidt. It is
reimplemented here. The weights are frozen on both sides, which favours the published one. Both use the same
weights, latents, probes and moves.
"""

import argparse
import gc
import json
import statistics
from typing import Any

import torch

from benchmarks.support.measure import (
    alternately,
    in_child,
    paired_ratio,
    peak_bytes,
    reset_peak,
    synchronise,
    write,
)
from benchmarks.support.stock import StockGenerator, frozen, latents, stock_and_frozen
from biggan_directions.generators.biggan_deep.frozen_biggan import FrozenBigGAN
from biggan_directions.latents import uniforms
from biggan_directions.linalg import orthonormal
from biggan_directions.penalty import hessian_penalty_along
from biggan_directions.solvers.descent import Recipe, adam_steps, kaiming_start
from biggan_directions.solvers.evaluator import Drawable, Evaluator

SEED = 0
SIDES = ("published", "ours")


def main() -> None:
    """Compare time and numbers in this process, and memory in one process per side; write the results."""
    options = _options()
    device = torch.device(options.device)
    if options.only:
        alone = in_float64 if options.only == "float64" else memory_of_one
        print(json.dumps(alone(options, device)))
        return
    stock, folded = stock_and_frozen(options.resolution, device, **_width(options))
    results = {}
    for ndirs in options.ndirs:
        start = kaiming_start(ndirs, stock.z_dim, seed=SEED)
        recipe = Recipe(steps=1, batch_size=options.batch)
        sides = [Step(stock, start, recipe), Step(folded, start, recipe, micro_batch=options.micro_batch)]
        times = alternately(sides, rounds=options.rounds, device=device)
        results[str(ndirs)] = {
            "times_faster": paired_ratio(*times),
            "seconds": dict(zip(SIDES, map(statistics.median, times), strict=True)),
            **agreement(*sides),
            "float64": in_child("training_step", *_arguments(options, ndirs, "float64")),
            "peak_bytes": {
                side: in_child("training_step", *_arguments(options, ndirs, side)) for side in SIDES
            },
        }
        _print(ndirs, results[str(ndirs)])
    settings = {name: getattr(options, name) for name in ("resolution", "batch", "micro_batch", "rounds")}
    path = write(f"training_step_{device.type}", {"settings": settings, "ndirs": results}, device)
    print(f"written to {path}")


class Step:
    """A step of one side, which can be repeated; it keeps the last loss and gradient."""

    def __init__(
        self, generator: Drawable, start: torch.Tensor, recipe: Recipe, *, micro_batch: int | None = None
    ) -> None:
        self.generator, self.start, self.recipe, self.micro_batch = generator, start, recipe, micro_batch
        self.loss, self.gradient = 0.0, torch.empty(0)

    def __call__(self) -> None:
        if self.micro_batch is None:
            assert isinstance(self.generator, StockGenerator)
            self.loss, self.gradient = published_step(self.generator, self.start, self.recipe)
        else:
            evaluator = Evaluator(self.generator, self.micro_batch)
            (step,) = adam_steps(
                evaluator, _batch(self.generator.z_dim), self.start, None, self.recipe, seed=SEED
            )
            # Adam's first moment after one step is a tenth of the gradient
            self.loss = step.penalty
            self.gradient = step.state["optimizer"]["state"][0]["exp_avg"] * 10


class Draws:
    """The random numbers of a step, the same as the solver's, so that both sides solve the same problem.

    ``along (N,)`` is the index of the direction along which each latent is moved, ``distances (N,)`` are the
    distances, and ``probes (N, k, rows)`` the signs.
    """

    def __init__(self, rows: int, recipe: Recipe) -> None:
        size = recipe.batch_size
        draws = uniforms(size, 2 + recipe.probes * rows, purpose="adam/moves", seed=SEED)
        self.along = (draws[:, 0] * rows).long()
        self.distances = (recipe.max_distance * (2 * draws[:, 1] - 1)).float()
        self.probes = torch.where(draws[:, 2:] < 0.5, -1.0, 1.0).view(size, recipe.probes, rows)


def published_step(stock: StockGenerator, start: torch.Tensor, recipe: Recipe) -> tuple[float, torch.Tensor]:
    """The penalty of a batch and its gradient with respect to the matrix, as in the authors' code."""
    matrix = start.clone().to(stock.device).requires_grad_()
    directions = gram_schmidt(matrix)
    draws = Draws(len(start), recipe)
    moves = draws.distances[:, None].to(directions) * directions[draws.along.to(stock.device)]
    z = latents(recipe.batch_size, stock.z_dim, seed=SEED).to(directions) + moves
    base = stock(z)
    differences = []
    for probe in draws.probes.to(directions).unbind(1):
        step = recipe.epsilon * probe @ directions
        differences.append((stock(z + step) - 2 * base + stock(z - step)) / recipe.epsilon**2)
    loss = torch.stack(differences).var(0, unbiased=True).mean()
    (gradient,) = torch.autograd.grad(loss, matrix)
    return loss.item(), gradient.cpu()


def gram_schmidt(matrix: torch.Tensor) -> torch.Tensor:
    """Make rows orthonormal, one after another."""
    rows: list[torch.Tensor] = []
    for row in matrix:
        for done in rows:
            row = row - (row @ done) * done
        rows.append(row / row.norm())
    return torch.stack(rows)


def agreement(published: Step, ours: Step) -> dict[str, float]:
    """The relative differences between the two sides."""
    return {
        "loss": published.loss,
        "loss_relative_difference": abs(ours.loss - published.loss) / published.loss,
        "gradient_relative_difference": _apart(ours.gradient, published.gradient),
    }


def _apart(gradient: torch.Tensor, reference: torch.Tensor) -> float:
    return float((gradient.double() - reference.double()).norm() / reference.double().norm())


def in_float64(options: argparse.Namespace, device: torch.device) -> dict[str, Any]:
    """Compare both sides in float64 for one latent, and the gradients of float32 with those of float64.

    A ReLU with an input near zero is on in one order of summation and off in another. In float32 that changes
    the gradient by about as much as the small terms that remain after differencing.
    """
    stock, frozen32 = stock_and_frozen(options.resolution, device, **_width(options))
    start, recipe = kaiming_start(options.ndirs[0], stock.z_dim, seed=SEED), Recipe(steps=1, batch_size=1)
    in_float32 = [Step(stock, start, recipe), Step(frozen32, start, recipe, micro_batch=1)]
    for step in in_float32:
        step()
    folded = frozen(stock.biggan, stock.model, device, torch.float64)
    stock.biggan.double()
    loss, gradient = published_step(stock, start.double(), recipe)
    our_loss, our_gradient = folded_step(folded, start.double(), recipe)
    return {
        "loss_relative_difference": abs(our_loss - loss) / loss,
        "gradient_relative_difference": _apart(our_gradient, gradient),
        "float32_gradient_error": {
            side: _apart(step.gradient, gradient) for side, step in zip(SIDES, in_float32, strict=True)
        },
    }


def folded_step(folded: FrozenBigGAN, start: torch.Tensor, recipe: Recipe) -> tuple[float, torch.Tensor]:
    """Our step, computed as in the solver, in the precision of ``start``."""
    matrix = start.clone().to(folded.device).requires_grad_()
    draws = Draws(len(start), recipe)
    weights = torch.zeros(recipe.batch_size, len(start), dtype=start.dtype)
    weights[torch.arange(recipe.batch_size), draws.along] = draws.distances.to(start.dtype)
    loss = hessian_penalty_along(
        folded,
        latents(recipe.batch_size, folded.z_dim, seed=SEED).to(matrix),
        orthonormal(matrix),
        weights=weights.to(matrix),
        probes=draws.probes.movedim(1, 0).to(matrix),
        epsilon=recipe.epsilon,
    )
    (gradient,) = torch.autograd.grad(loss, matrix)
    return loss.item(), gradient.cpu()


def memory_of_one(options: argparse.Namespace, device: torch.device) -> dict[str, int]:
    """Peak memory of one step of one side, after the other's generator was deleted."""
    stock, folded = stock_and_frozen(options.resolution, device, **_width(options))
    start = kaiming_start(options.ndirs[0], stock.z_dim, seed=SEED)
    recipe = Recipe(steps=1, batch_size=options.batch)
    if options.only == "ours":
        del stock
        step = Step(folded, start, recipe, micro_batch=options.micro_batch)
    else:
        del folded
        step = Step(stock, start, recipe)
    gc.collect()
    before = reset_peak(device)
    step()
    synchronise(device)
    return {"before": before, "peak": peak_bytes(device)}


def _batch(z_dim: int) -> Any:
    return lambda first, count: (latents(first + count, z_dim, seed=SEED)[first:], None)


def _width(options: argparse.Namespace) -> dict[str, int]:
    return {"channel_width": options.width} if options.width else {}


def _arguments(options: argparse.Namespace, ndirs: int, side: str) -> list[str]:
    kept = ("resolution", "device", "batch", "micro_batch", "width")
    shared = [part for name in kept for part in (f"--{name.replace('_', '-')}", str(getattr(options, name)))]
    return [*shared, "--ndirs", str(ndirs), "--only", side]


def _print(ndirs: int, found: dict[str, Any]) -> None:
    ratio, taken, peaks = found["times_faster"], found["seconds"], found["peak_bytes"]
    published, ours = (peaks[side]["peak"] / 1e9 for side in SIDES)
    print(
        f"{ndirs} directions: {taken['published']:.2f} s as published, {taken['ours']:.2f} s ours: "
        f"{ratio['median']:.2f} times faster ({ratio['least']:.2f} to {ratio['most']:.2f}); peak memory "
        f"{published:.2f} and {ours:.2f} GB, {ours / published:.2f} of it; loss and gradient apart by "
        f"{found['loss_relative_difference']:.1e} and {found['gradient_relative_difference']:.1e}, "
        f"in float64 by {found['float64']['loss_relative_difference']:.1e} and "
        f"{found['float64']['gradient_relative_difference']:.1e}",
        flush=True,
    )


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--resolution", type=int, default=128, choices=[128, 256, 512])
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--ndirs", type=int, nargs="+", default=[6, 120])
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--micro-batch", type=int, default=4)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--width", type=int, default=0, help="channels, to test the script; 0: full size")
    parser.add_argument("--only", choices=(*SIDES, "float64"), help=argparse.SUPPRESS)
    return parser.parse_args()


if __name__ == "__main__":
    main()
