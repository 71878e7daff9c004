"""OroJaR's penalty: how far the changes along different coordinates are from orthogonal."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from biggan_directions.errors import UsageError
from biggan_directions.precision import full_precision


def jacobian_penalty(
    f: Callable[[Tensor], Tensor | Sequence[Tensor]],
    z: Tensor,
    *,
    probes: int | Tensor = 2,
    epsilon: float = 0.1,
    generator: torch.Generator | None = None,
) -> list[Tensor]:
    r"""Estimate twice ``Σ_{i≠j} (J_iᵀ J_j)²``, J_i the derivative of f by coordinate i of z.

    For v of independent random signs, ``Var(‖Jv‖²) = 2 Σ_{i≠j} (J_iᵀ J_j)²``, the squared norm being a sum
    over f's output numbers: the objective of OroJaR, arXiv:2108.07668. This is the unbiased variance over
    probes, a mean over the rows of z, with ``Jv ≈ [f(z + εv) − f(z)] / ε``.

    Args:
        f: a function of ``(N, d)`` to a tensor ``(N, ...)`` or to a list of them.
        z: points ``(N, d)``. Gradients flow to whatever f depends on.
        probes: number of probes, at least 2, or the signs themselves: ±1, ``(k, N, d)``.
        epsilon: step along each probe, above 0, in units of z.
        generator: source of the random signs.

    Returns:
        One scalar tensor for each activation.

    Raises:
        UsageError: fewer than two probes, or an epsilon that is not above 0.

    Two coordinates that change one number by 1 and by 3: J₀ᵀJ₁ is 3, and 2 (3² + 3²) = 36.

    >>> signs = torch.tensor([[1.0, 1], [1, -1], [-1, 1], [-1, -1]])[:, None].double()
    >>> z = torch.zeros(1, 2).double()
    >>> (found,) = jacobian_penalty(lambda z: z[:, :1] + 3 * z[:, 1:], z, probes=signs)
    >>> round(found.item() * 3 / 4, 6)    # all sign vectors: the variance over the population
    36.0
    """
    if not (math.isfinite(epsilon) and epsilon > 0):
        raise UsageError(f"epsilon is {epsilon!r}: expected a finite number above 0, such as 0.1.")
    if isinstance(probes, int):
        draw = torch.randint(0, 2, (max(probes, 0), *z.shape), generator=generator)
        probes = draw.to(z).mul_(2).sub_(1)
    if len(probes) < 2:
        raise UsageError(f"there are {len(probes)} probes: expected at least 2.")
    with full_precision():
        base = _listed(f(z))
        squares = []
        for sign in probes.to(z):
            moved = _listed(f(z + epsilon * sign))
            squares.append(
                [((a - b) / epsilon).flatten(1).square().sum(1) for a, b in zip(moved, base, strict=True)]
            )
        return [torch.stack(found).var(dim=0).mean() for found in zip(*squares, strict=True)]


def _listed(activations: Tensor | Sequence[Tensor]) -> list[Tensor]:
    return [activations] if isinstance(activations, Tensor) else list(activations)
