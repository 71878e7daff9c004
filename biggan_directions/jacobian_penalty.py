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
    if isinstance(probes, int):
        draw = torch.randint(0, 2, (max(probes, 0), *z.shape), generator=generator)
        probes = draw.to(z).mul_(2).sub_(1)
    _check_probes(probes, epsilon)
    with full_precision():
        return _variances(f, z, _listed(f(z)), probes.to(z), epsilon)


def jacobian_penalty_along(
    f: Callable[[Tensor], Tensor],
    z: Tensor,
    directions: Tensor,
    *,
    probes: Tensor,
    epsilon: float = 0.1,
    check: bool = True,
) -> Tensor:
    """Estimate twice OroJaR's penalty of w ↦ f(z + wQ) at w = 0, Q's rows the directions.

    It is :func:`jacobian_penalty` in the coordinates w. ``f`` is called k + 1 times on ``(N, z_dim)``.

    Args:
        f: any function of ``(N, z_dim)`` to a tensor ``(N, ...)``.
        z: points ``(N, z_dim)``.
        directions: Q, ``(m, z_dim)``; gradients flow to it.
        probes: signs ±1, ``(k, N, m)``, k at least 2.
        epsilon: the step, above 0, in units of w.
        check: whether to call f once more, on the first row, and refuse one that changes or mixes samples.

    Raises:
        UsageError: f changes between calls, or mixes samples; or as for :func:`jacobian_penalty`.

    Of two directions whose changes have the product 3, by all signs, the variance over the population:

    >>> matrix = torch.tensor([[1.0, 2.0], [1.0, 1.0]])
    >>> signs = torch.tensor([[1.0, 1], [1, -1], [-1, 1], [-1, -1]])[:, None]
    >>> z, basis = torch.zeros(1, 2), torch.eye(2)
    >>> penalty = jacobian_penalty_along(lambda z: z @ matrix.T, z, basis, probes=signs)
    >>> round(penalty.item() * 3 / 4 / 2, 3)  # (J₁ᵀJ₂)² + (J₂ᵀJ₁)²
    18.0
    """
    _check_probes(probes, epsilon)
    with full_precision():
        base = f(z)
        if check:
            _check_separate(base, f(z[:1]))
        origin = torch.zeros(len(z), len(directions)).to(directions)
        return _variances(lambda w: f(z + w @ directions), origin, [base], probes, epsilon)[0]


def _variances(
    f: Callable[[Tensor], Tensor | Sequence[Tensor]],
    z: Tensor,
    base: Sequence[Tensor],
    probes: Tensor,
    epsilon: float,
) -> list[Tensor]:
    """Of each activation, whose value at z is ``base``: the variance over probes of ‖Jv‖², a mean over z."""
    squares = []
    for sign in probes:
        moved = _listed(f(z + epsilon * sign))
        squares.append(
            [((a - b) / epsilon).flatten(1).square().sum(1) for a, b in zip(moved, base, strict=True)]
        )
    return [torch.stack(found).var(dim=0).mean() for found in zip(*squares, strict=True)]


def _check_probes(probes: Tensor, epsilon: float) -> None:
    if not (math.isfinite(epsilon) and epsilon > 0):
        raise UsageError(f"epsilon is {epsilon!r}: expected a finite number above 0, such as 0.1.")
    if len(probes) < 2:
        raise UsageError(f"there are {len(probes)} probes: expected at least 2.")


def _check_separate(among: Tensor, alone: Tensor) -> None:
    """Refuse a function whose value for the first point is another in a batch ``among`` others."""
    slack = torch.finfo(among.dtype).eps ** 0.5 * float(among.detach().abs().max())
    if not bool(((alone - among[:1]).abs() <= slack).all()):
        raise UsageError(
            "f gives another value for the first point alone than in a batch: it must be deterministic, and "
            "treat each row of its input separately"
        )


def _listed(activations: Tensor | Sequence[Tensor]) -> list[Tensor]:
    return [activations] if isinstance(activations, Tensor) else list(activations)
