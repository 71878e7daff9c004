"""First and second derivatives of an image at one latent, in a basis, from forward passes alone."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch

from biggan_directions.errors import UsageError
from biggan_directions.solvers.evaluator import Evaluator
from biggan_directions.solvers.sketch import Sketch, block_average

_ROUNDING = 16  # rounding errors of an image, in units of its last place, that second differences add up


@dataclass(frozen=True, kw_only=True)
class Differences:
    """The settings of second differences.

    Attributes:
        epsilon: step along a basis vector, in units of z. For smaller steps rounding errors dominate; for
            larger ones the difference is no longer local.
        blocks: sides in pixels of the blocks over which images are averaged before solving, one per scale;
            at most the side of the image. Empty if the derivatives are not used for solving.
        floor: None to add up all squares without weights. Otherwise every number of the averaged images, and
            every scale, has the same weight, whatever the size of its Hessian, but for sizes below about this
            share of their RMS size.
        sketch: numbers kept of an image by the random sketch, if it has more.
    """

    epsilon: float = 0.1
    blocks: tuple[int, ...] = (8, 16)
    floor: float | None = 0.3
    sketch: int = 2048

    def __post_init__(self) -> None:
        if not (math.isfinite(self.epsilon) and self.epsilon > 0):
            raise UsageError(f"epsilon must be a finite number above 0, got {self.epsilon}")
        if self.blocks and min(self.blocks) < 1:
            raise UsageError(f"images are averaged over blocks of at least 1 pixel, got {self.blocks}")
        if self.sketch < 1:
            raise UsageError(f"a sketch must keep at least 1 number, got {self.sketch}")


@dataclass(frozen=True, kw_only=True, eq=False)
class Derivatives:
    """The derivatives at one latent, in a basis of m vectors.

    Attributes:
        pairs: ``(P, 2)``, the entries (i, j), i ≤ j, of the Hessian that were measured.
        changes: s_i [f(z + εvᵢ) − f(z − εvᵢ)] of the whole image, ``(m, numbers)``: divided by 2ε and
            multiplied by the sign s_i, the slope along vᵢ.
        smooth: H_ij of the block-averaged images, through the sketch, float64 ``(P, kept)``; balanced if that
            was requested, and 0 at a scale where it is only rounding.
    """

    pairs: torch.Tensor
    changes: torch.Tensor
    smooth: torch.Tensor


def pair_list(size: int) -> torch.Tensor:
    """The entries (i, j), i ≤ j, of a symmetric matrix of ``size`` rows: ``(P, 2)``."""
    return torch.triu_indices(size, size).T.contiguous()


def evaluations_per_latent(size: int) -> int:
    """The number of images that :func:`derivatives` draws: the centre, two per vector and one per pair."""
    return 1 + 2 * size + size * (size - 1) // 2


def derivatives(
    evaluator: Evaluator,
    z: torch.Tensor,
    class_index: torch.Tensor | None,
    basis: torch.Tensor,
    *,
    signs: torch.Tensor,
    differences: Differences,
    generator: torch.Generator,
) -> Derivatives:
    r"""Measure first and second derivatives of the image at one latent.

    On the diagonal, [f(z + εvᵢ) − 2 f(z) + f(z − εvᵢ)] / ε²; off it, one more image for each pair,

        H_ij ≈ [f(z + εsᵢvᵢ + εsⱼvⱼ) − f(z + εsᵢvᵢ) − f(z + εsⱼvⱼ) + f(z)] sᵢ sⱼ / ε²,

    which is a central difference at z + ε(sᵢvᵢ + sⱼvⱼ)/2. The signs s are drawn for each latent, which turns
    that shift into noise. The result is exact if f is quadratic. Second differences are taken of the
    block-averaged images, each through a sketch if it has more than ``differences.sketch`` numbers.

    If balanced, the entries H_ij of each number of a block-averaged image are divided by their size ‖H‖,
    which does not depend on the rotation of the basis. Solving then minimises the mean share off the
    diagonal,

        mean over numbers, latents and scales of Σ_{i≠j} H_ij² / Σ_ij H_ij²,

    instead of the share of the sum, which a few blocks at a few latents dominate.

    Args:
        evaluator: draws the images.
        z: the latent ``(z_dim,)``.
        class_index: its class, a tensor of one index, or None.
        basis: orthonormal rows ``(m, z_dim)``.
        signs: ±1, ``(m,)``.
        differences: step, blocks and sketch.
        generator: source of the sketch's random numbers.
    """
    size = len(basis)
    pairs = pair_list(size)
    crossed = pairs[pairs[:, 0] != pairs[:, 1]]
    steps = _steps(size, crossed, signs.double())
    points = (z.double() + differences.epsilon * steps @ basis.double()).to(z.dtype)
    classes = None if class_index is None else class_index.reshape(1).expand(len(points))

    features: list[torch.Tensor] = []
    sketches: list[Sketch] = []
    for part, images in evaluator.images(points, classes, z):
        scales = [block_average(images, block) for block in differences.blocks]
        whole = images.flatten(1)
        if not sketches:
            sketches = [Sketch(scale.shape[1], differences.sketch, generator) for scale in scales]
            changes = torch.zeros(size, whole.shape[1], dtype=whole.dtype, device=whole.device)
        features.append(torch.cat([keep(scale) for keep, scale in zip(sketches, scales, strict=True)], dim=1))
        for row in range(max(part.start, 1), min(part.stop, 2 * size + 1)):
            changes[(row - 1) // 2].add_(whole[row - part.start], alpha=1.0 if row % 2 else -1.0)
    drawn = torch.cat(features)
    seconds = _second_differences(drawn.double(), size, pairs, crossed, signs)
    seconds /= differences.epsilon**2
    smooth = torch.split(seconds, [sketch.size for sketch in sketches], dim=1)
    rounding = _ROUNDING * size * torch.finfo(drawn.dtype).eps * float(drawn.abs().max())
    smooth = tuple(_curved(entries, pairs, rounding / differences.epsilon**2) for entries in smooth)
    if differences.floor is not None:
        smooth = tuple(_balanced(entries, pairs, differences.floor) for entries in smooth)
    return Derivatives(pairs=pairs, changes=changes, smooth=torch.cat(smooth, dim=1))


def _sizes(entries: torch.Tensor, pairs: torch.Tensor) -> torch.Tensor:
    """The size ‖H‖ of the Hessian of each number, from ``entries (P, n)``."""
    twice = torch.where(pairs[:, 0] == pairs[:, 1], 1.0, 2.0).to(entries)
    return (twice @ entries.square()).sqrt()


def _curved(entries: torch.Tensor, pairs: torch.Tensor, rounding: float) -> torch.Tensor:
    """The entries, or zeros if all of them together are no larger than rounding errors."""
    return entries if float(_sizes(entries, pairs).square().mean().sqrt()) > rounding else 0 * entries


def _balanced(entries: torch.Tensor, pairs: torch.Tensor, share: float) -> torch.Tensor:
    """Divide the Hessian of each number by its size ‖H‖ and by √n; ``entries (P, n)`` of whole Hessians."""
    sizes = _sizes(entries, pairs)
    floor = share * sizes.square().mean().sqrt()
    return entries / (sizes + floor).clamp(min=torch.finfo(entries.dtype).tiny) / math.sqrt(len(sizes))


def _steps(size: int, crossed: torch.Tensor, signs: torch.Tensor) -> torch.Tensor:
    """The steps in units of epsilon along the basis: 0, then +s₀, −s₀, +s₁, −s₁, …, then each pair."""
    steps = torch.zeros(1 + 2 * size + len(crossed), size, dtype=torch.float64)
    index = torch.arange(size)
    steps[1 + 2 * index, index] = signs
    steps[2 + 2 * index, index] = -signs
    pair = 1 + 2 * size + torch.arange(len(crossed))
    for column in crossed.T:
        steps[pair, column] = signs[column]
    return steps


def _second_differences(
    features: torch.Tensor, size: int, pairs: torch.Tensor, crossed: torch.Tensor, signs: torch.Tensor
) -> torch.Tensor:
    """Compute H_ij ε² for each pair from the features at the steps: ``(P, numbers)``."""
    centre, singles = features[0], features[1 : 1 + 2 * size]
    ahead, behind = singles[0::2] - centre, singles[1::2] - centre
    together = features[1 + 2 * size :] - centre
    first, second = crossed.T
    sign = (signs[first] * signs[second]).to(features)
    mixed = (together - ahead[first] - ahead[second]) * sign[:, None]
    out = features.new_empty(len(pairs), features.shape[1])
    on_diagonal = pairs[:, 0] == pairs[:, 1]
    own = pairs[on_diagonal, 0]
    out[on_diagonal.to(out.device)] = ahead[own] + behind[own]
    out[~on_diagonal.to(out.device)] = mixed
    return out
