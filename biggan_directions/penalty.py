"""The Hessian Penalty: how far a function's Hessian is from diagonal, estimated from its values alone."""

import functools
import math
from collections.abc import Callable, Sequence
from typing import Literal, TypeAlias, overload

import torch
from torch import Tensor

from biggan_directions.errors import UsageError
from biggan_directions.precision import full_precision

Activations: TypeAlias = Tensor | Sequence[Tensor]
Reduction: TypeAlias = Literal["mean", "max"]

_DTYPES = (torch.float32, torch.float64)


@overload
def hessian_penalty(
    f: Callable[[Tensor], Activations],
    z: Tensor,
    *,
    probes: int | Tensor = 2,
    epsilon: float = 0.1,
    reduction: Reduction = "mean",
    separate: Literal[False] = False,
    generator: torch.Generator | None = None,
    check: bool = True,
) -> Tensor: ...


@overload
def hessian_penalty(
    f: Callable[[Tensor], Activations],
    z: Tensor,
    *,
    probes: int | Tensor = 2,
    epsilon: float = 0.1,
    reduction: Reduction = "mean",
    separate: Literal[True],
    generator: torch.Generator | None = None,
    check: bool = True,
) -> list[Tensor]: ...


def hessian_penalty(
    f: Callable[[Tensor], Activations],
    z: Tensor,
    *,
    probes: int | Tensor = 2,  # both as in the authors' code
    epsilon: float = 0.1,
    reduction: Reduction = "mean",
    separate: bool = False,
    generator: torch.Generator | None = None,
    check: bool = True,
) -> Tensor | list[Tensor]:
    r"""Estimate the Hessian Penalty of ``f`` with respect to ``z``.

    For one output number of f, with H its Hessian at z, the penalty is Σ_{i≠j} H_ij² (arXiv:2008.10599,
    Eq. 2). For v of independent random signs, Var(vᵀHv) = 2 Σ_{i≠j} H_ij² (Theorem 1), so the unbiased
    variance over k probes estimates twice the penalty. This function returns that variance (Eq. 5 in the
    numbering of the authors' code), with the central difference

        vᵀHv ≈ [f(z + εv) − 2 f(z) + f(z − εv)] / ε².

    f(z) is the same for every probe and cancels out of the variance: it is never evaluated. The difference
    is exact where f is at most cubic, and off by order ε² elsewhere.

    ``reduction="mean"`` averages over f's output numbers and over the samples, as in the authors' BigGAN
    code. ``"max"`` takes the maximum over both, over the whole batch at once, as in their portable code
    (Eq. 3 takes the maximum over the numbers); the maximum of unbiased estimates is biased upwards.

    ``f`` is called 2k times on ``(N, d)``, rows in the order of z's, and once more on the first row alone,
    to check that its output neither changes between calls nor depends on the rest of the batch (an f that
    holds a class for each row must use the first ``len(z)`` of them). A difference of up to √(machine
    epsilon) of the largest value is accepted, as batches of different sizes round differently. To use less
    memory, call this function on slices of ``z`` and of a probe tensor: the means of equal slices average to
    the mean of the whole. The function runs under :func:`~biggan_directions.precision.full_precision`. Where
    TF32 is on, run ``backward`` under it too: rounding affects the gradient of a difference as it does the
    difference.

    Args:
        f: any function of ``(N, d)`` to a tensor ``(N, ...)`` or to a list of them, float32 or float64. The
            penalties of several activations are added up.
        z: points ``(N, d)``, float32 or float64. Gradients flow to it and to whatever ``f`` depends on.
        probes: number of probes, at least 2, or the signs themselves: ±1, ``(k, N, d)``.
        epsilon: step along each probe, above 0, in units of z.
        reduction: ``"mean"`` or ``"max"``.
        separate: return the list of the activations' penalties instead of their sum.
        generator: source of the random signs; torch's default generator if omitted.
        check: whether to call f once more on the first row, and refuse one that changes or mixes samples.
            In a training loop, checking f at the first step is enough.

    Returns:
        The penalty, a scalar tensor; with ``separate`` a list with one per activation.

    Raises:
        UsageError: a ``ValueError``: an argument is out of range or of the wrong shape, or f changes between
            calls, mixes samples, or returns a wrong number of rows or a dtype coarser than float32.

    The second derivative of z₀z₁ across its two coordinates is 1, and 2 (1² + 1²) = 4:

    >>> import torch
    >>> z = torch.tensor([[0.5, 2.0]], dtype=torch.float64)
    >>> signs = torch.tensor([[1.0, 1], [1, -1], [-1, 1], [-1, -1]])[:, None]
    >>> penalty = hessian_penalty(lambda z: z[:, 0] * z[:, 1], z, probes=signs)
    >>> round(penalty.item() * 3 / 4, 6)    # all sign vectors: the variance over the population
    4.0
    >>> hessian_penalty(lambda z: z**3, z, generator=torch.Generator().manual_seed(0)).item() < 1e-20
    True
    """
    _check_points(z)
    signs = _signs(probes, (len(z), z.shape[1]), z, generator)
    return _penalty(f, z, signs, None, epsilon, reduction, separate, check)


@overload
def hessian_penalty_along(
    f: Callable[[Tensor], Activations],
    z: Tensor,
    directions: Tensor,
    *,
    weights: Tensor | None = None,
    probes: int | Tensor = 2,
    epsilon: float = 0.1,
    reduction: Reduction = "mean",
    separate: Literal[False] = False,
    generator: torch.Generator | None = None,
    check: bool = True,
) -> Tensor: ...


@overload
def hessian_penalty_along(
    f: Callable[[Tensor], Activations],
    z: Tensor,
    directions: Tensor,
    *,
    weights: Tensor | None = None,
    probes: int | Tensor = 2,
    epsilon: float = 0.1,
    reduction: Reduction = "mean",
    separate: Literal[True],
    generator: torch.Generator | None = None,
    check: bool = True,
) -> list[Tensor]: ...


def hessian_penalty_along(
    f: Callable[[Tensor], Activations],
    z: Tensor,
    directions: Tensor,
    *,
    weights: Tensor | None = None,
    probes: int | Tensor = 2,
    epsilon: float = 0.1,
    reduction: Reduction = "mean",
    separate: bool = False,
    generator: torch.Generator | None = None,
    check: bool = True,
) -> Tensor | list[Tensor]:
    r"""Estimate the Hessian Penalty of ``w ↦ f(z + wQ)``, w the coefficients of the directions in Q's rows.

    This is the form in which the paper searches a trained BigGAN. The Hessian with respect to w is QHQᵀ, with
    H the Hessian of f at z + wQ, so the estimate is of 2 Σ_{i≠j} (q_i H q_jᵀ)². Q's rows need not be
    orthonormal. The penalty favours short rows and, if there are fewer rows than z has dimensions, rows along
    which f does not change. With Q the identity and w = 0 this is :func:`hessian_penalty`, which documents
    the rest.

    Args:
        f: as in :func:`hessian_penalty`.
        z: points ``(N, d)``, float32 or float64. Gradients flow to it, to ``directions`` and to ``weights``.
        directions: Q, ``(m, d)``, one direction a row, of z's dtype and device.
        weights: w, ``(N, m)``, the coefficients at which to evaluate; 0 if omitted.
        probes: number of probes, at least 2, or the signs themselves: ±1, ``(k, N, m)``.
        epsilon: step along each probe, above 0, in units of w.
        reduction: as in :func:`hessian_penalty`.
        separate: as in :func:`hessian_penalty`.
        generator: as in :func:`hessian_penalty`.
        check: as in :func:`hessian_penalty`.

    Returns:
        As :func:`hessian_penalty`.

    Raises:
        UsageError: as :func:`hessian_penalty`.

    z₀z₁ is (w₀² − w₁²) / 2 in coordinates turned by 45°, and so separable:

    >>> import torch
    >>> z, turned = torch.zeros(1, 2).double(), torch.tensor([[1.0, 1], [1, -1]]).double() / 2**0.5
    >>> hessian_penalty_along(lambda z: z[:, 0] * z[:, 1], z, turned, probes=64).item() < 1e-20
    True
    """
    _check_points(z)
    _check_directions(directions, z)
    coefficients = (len(z), len(directions))
    signs = _signs(probes, coefficients, z, generator)
    if weights is not None:
        if weights.shape != coefficients or weights.dtype != z.dtype or weights.device != z.device:
            raise UsageError(
                f"weights {_describe(weights)} do not fit: expected {coefficients}, one row per point and "
                f"one column per direction, {z.dtype} on {z.device}."
            )
        with full_precision():
            z = z + weights @ directions
    return _penalty(f, z, signs, directions, epsilon, reduction, separate, check)


def _penalty(
    f: Callable[[Tensor], Activations],
    z: Tensor,
    signs: Tensor,
    directions: Tensor | None,
    epsilon: float,
    reduction: Reduction,
    separate: bool,
    check: bool,
) -> Tensor | list[Tensor]:
    """The estimator: the variance over probes of [f(z + εv) + f(z − εv)] / ε², reduced to a number."""
    if not (isinstance(epsilon, int | float) and math.isfinite(epsilon) and epsilon > 0):
        raise UsageError(f"epsilon is {epsilon!r}: expected a finite number above 0, such as 0.1.")
    if reduction not in ("mean", "max"):
        raise UsageError(f"reduction is {reduction!r}: expected 'mean' or 'max'.")
    sums: list[list[Tensor]] = []
    with full_precision():
        for sign in signs:
            step = epsilon * (sign if directions is None else sign @ directions)
            ahead = _activations(f, z + step)
            if check and not sums:
                _check_unchanged(ahead, f, (z + step)[:1])
            behind = _activations(f, z - step)
            sums.append([plus + minus for plus, minus in zip(ahead, behind, strict=True)])
        penalties = []
        for activation in zip(*sums, strict=True):
            variances = _variances(torch.stack(activation) / epsilon**2)
            penalties.append(variances.mean() if reduction == "mean" else variances.max())
    return penalties if separate else functools.reduce(torch.add, penalties)


def _variances(values: Tensor) -> Tensor:
    """The unbiased variance over the first dimension; ``var`` takes far longer if that is small."""
    return (values - values.mean(dim=0)).square().sum(dim=0) / (len(values) - 1)


def _signs(
    probes: int | Tensor, shape: tuple[int, int], z: Tensor, generator: torch.Generator | None
) -> Tensor:
    """Rademacher probes ``(k, *shape)``, drawn or checked, of z's dtype and device."""
    if isinstance(probes, Tensor):
        if probes.ndim != 3 or probes.shape[1:] != shape or len(probes) < 2:
            raise UsageError(
                f"probes have shape {tuple(probes.shape)}: expected (k, {shape[0]}, {shape[1]}) with k "
                "at least 2."
            )
        wrong = probes[(probes != 1) & (probes != -1)]
        if wrong.numel():
            raise UsageError(f"probes hold {wrong[0].item()}: expected nothing but 1 and -1.")
        return probes.to(z)
    if isinstance(probes, bool) or not isinstance(probes, int) or probes < 2:
        raise UsageError(
            f"probes is {probes!r}: expected at least 2, or a tensor of signs (k, {shape[0]}, {shape[1]})."
        )
    # Drawn where the generator lives, so that a seed gives the same signs whatever the device of z.
    device = z.device if generator is None else generator.device
    return torch.randint(0, 2, (probes, *shape), generator=generator, device=device).to(z).mul_(2).sub_(1)


def _activations(f: Callable[[Tensor], Activations], points: Tensor) -> list[Tensor]:
    """The output of f at ``points`` as a list, checked for dtype and shape."""
    out = f(points)
    activations = [out] if isinstance(out, Tensor) else list(out)
    if not activations:
        raise UsageError("f returned an empty list: expected a tensor or at least one activation.")
    for activation in activations:
        if activation.dtype not in _DTYPES:
            raise UsageError(
                f"f returned {activation.dtype}: expected torch.float32 or torch.float64, as the rounding of "
                "anything coarser hides second differences."
            )
        if activation.numel() == 0 or activation.ndim == 0 or len(activation) != len(points):
            raise UsageError(
                f"f returned shape {tuple(activation.shape)} for {len(points)} points: expected "
                f"({len(points)}, ...), not empty, one row per point."
            )
    return activations


def _check_unchanged(activations: list[Tensor], f: Callable[[Tensor], Activations], first: Tensor) -> None:
    """Call f on the first point alone, and check that its output is the same as within the batch."""
    with torch.no_grad():
        repeated = _activations(f, first)
        shapes, expected = [tuple(a.shape[1:]) for a in repeated], [tuple(a.shape[1:]) for a in activations]
        if shapes != expected:
            raise UsageError(
                f"f returned rows of shape {shapes} for a point alone: expected {expected}, as before."
            )
        for again, before in zip(repeated, activations, strict=True):
            difference = (again - before[:1]).abs().max().item()
            allowed = math.sqrt(torch.finfo(before.dtype).eps) * before[:1].abs().max().item()
            if difference > allowed:
                raise UsageError(
                    f"f differs by {difference:.2g} between two calls at the same point: expected at most "
                    f"{allowed:.2g}. It must not change between calls nor depend on the rest of the batch; "
                    "switch dropout and batch statistics off, for a module with f.eval()."
                )


def _check_points(z: Tensor) -> None:
    """Raise a UsageError unless z is a batch of points."""
    if z.ndim != 2 or z.numel() == 0 or z.dtype not in _DTYPES:
        raise UsageError(
            f"z {_describe(z)} is not a batch of points: expected (N, d), not empty, torch.float32 or "
            "torch.float64."
        )


def _check_directions(directions: Tensor, z: Tensor) -> None:
    """Raise a UsageError unless the directions have z's dimensions, dtype and device."""
    fits = directions.ndim == 2 and len(directions) > 0 and directions.shape[1] == z.shape[1]
    if not fits or directions.dtype != z.dtype or directions.device != z.device:
        raise UsageError(
            f"directions {_describe(directions)} do not fit z: expected (m, {z.shape[1]}), {z.dtype} on "
            f"{z.device}."
        )


def _describe(tensor: Tensor) -> str:
    """Shape, dtype and device, for a message."""
    return f"of shape {tuple(tensor.shape)}, {tensor.dtype} on {tensor.device},"
