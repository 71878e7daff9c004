"""OroJaR: how far the columns of a function's Jacobian are from orthogonal, from its values alone."""

from __future__ import annotations

from collections.abc import Callable

import torch

from biggan_directions.errors import UsageError
from biggan_directions.precision import full_precision


def jacobian_penalty_along(
    f: Callable[[torch.Tensor], torch.Tensor],
    z: torch.Tensor,
    directions: torch.Tensor,
    *,
    probes: torch.Tensor,
    epsilon: float = 0.1,
    check: bool = True,
) -> torch.Tensor:
    r"""Estimate OroJaR's penalty of w ↦ f(z + wQ) at w = 0, Q's rows the directions.

    With J the Jacobian with respect to w, and v of independent random signs,

        Var(‖Jv‖²) = 2 Σ_{i≠j} (J_iᵀ J_j)²   (arXiv:2108.07668, Eqs. 5 to 7),

    so the unbiased variance over k probes estimates twice the penalty. This function returns that variance,
    averaged over z, with the one-sided difference of the authors' code,

        Jv ≈ [f(z + εvQ) − f(z)] / ε,

    which is exact where f is linear. ``f`` is called k + 1 times on ``(N, z_dim)``.

    Args:
        f: any function of ``(N, z_dim)`` to a tensor ``(N, ...)``.
        z: points ``(N, z_dim)``.
        directions: Q, ``(m, z_dim)``; gradients flow to it.
        probes: signs ±1, ``(k, N, m)``, k at least 2.
        epsilon: the step ε, above 0, in units of w.
        check: whether to call f once more on the first row, and refuse one that changes or mixes samples.

    Raises:
        UsageError: f changes between calls, or mixes samples.

    Of two directions whose changes have the product 3, by all signs, the variance over the population:

    >>> matrix = torch.tensor([[1.0, 2.0], [1.0, 1.0]])
    >>> signs = torch.tensor([[1.0, 1], [1, -1], [-1, 1], [-1, -1]])[:, None]
    >>> z, basis = torch.zeros(1, 2), torch.eye(2)
    >>> penalty = jacobian_penalty_along(lambda z: z @ matrix.T, z, basis, probes=signs)
    >>> round(penalty.item() * 3 / 4 / 2, 3)  # (J₁ᵀJ₂)² + (J₂ᵀJ₁)²
    18.0
    """
    with full_precision():
        base = f(z)
        if check:
            alone = f(z[:1])
            slack = torch.finfo(base.dtype).eps ** 0.5 * float(base.detach().abs().max())
            if not bool(((alone - base[:1]).abs() <= slack).all()):
                raise UsageError(
                    "f gives another value for the first point alone than in a batch: it must be "
                    "deterministic, and treat each row of its input separately"
                )
        squares = []
        for sign in probes:
            change = (f(z + epsilon * sign @ directions) - base).flatten(1) / epsilon
            squares.append(change.square().sum(dim=1))
        stacked = torch.stack(squares)
        variances = (stacked - stacked.mean(dim=0)).square().sum(dim=0) / (len(stacked) - 1)
        return variances.mean()
