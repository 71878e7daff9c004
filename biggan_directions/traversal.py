"""Traversals: paths in z along a direction, their length, and the images that their frames share."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple, get_args

import torch

from biggan_directions.errors import UsageError

Projection = Literal["keep", "remove"]
"""Whether a traversal keeps the coordinate that a latent already has along the direction.

``keep``
    z(t) = z + t·q. Distance 0 is the base image, which is the same for every direction, in ``edit`` and on
    the live page. It shows what a direction does to *this* image, and the centre is drawn only once for all
    directions. The default.
``remove``
    z(t) = z − (z·q)q + t·q. Every sample starts from the same coordinate along the direction, as in the
    official rendering code. Samples move in step and equally far to both sides of the prior's mean, but the
    centre is no longer the base image.
"""

Easing = Literal["sine", "official"]
"""How an animation's position depends on time: :func:`loop_path` or :func:`official_path`."""


class Extent(NamedTuple):
    """The distance of a traversal to either side of its centre, in units of z, and the reason for it."""

    distance: float
    reason: str


@dataclass(frozen=True)
class Path:
    """The frames of an animation as fractions of the distance, each distinct fraction stored once.

    ``fractions`` are in the order of their first use; ``order[k]`` is the index of frame k's fraction.
    """

    fractions: tuple[float, ...]
    order: tuple[int, ...]


_CHANGE = 0.4  # RMS change of the image wanted at either end, to first order
_NEAREST, _FARTHEST = 1.0, 6.0  # bounds of the distance, in units of z
_UNKNOWN = 3.0  # the distance if the effect is not known


def default_distance(effect: float) -> Extent:
    """The distance at which strong and weak directions show comparable change: 0.4 / effect, from 1 to 6.

    Args:
        effect: RMS change of the image (scale [-1, 1]) per unit of z; NaN if it is not known.

    Returns:
        The distance, rounded to a tenth so that it can be typed again, and the reason.

    Raises:
        UsageError: an effect below 0.

    >>> default_distance(0.2)
    Extent(distance=2.0, reason='effect 0.2')
    >>> default_distance(0.01).reason
    'effect 0.01, kept to at most 6'
    """
    if math.isnan(effect):
        return Extent(_UNKNOWN, "effect unknown")
    if effect < 0:
        raise UsageError(f"effect is {effect:g}: an RMS change is 0 or more.")
    wanted = _CHANGE / effect if effect > 0 else math.inf
    reason = f"effect {effect:.2g}"
    if wanted > _FARTHEST:
        return Extent(_FARTHEST, f"{reason}, kept to at most {_FARTHEST:g}")
    if wanted < _NEAREST:
        return Extent(_NEAREST, f"{reason}, kept to at least {_NEAREST:g}")
    return Extent(round(wanted, 1), reason)


def loop_path(frames: int) -> Path:
    """Centre → one end → centre → other end → centre: fraction sin(2πk / frames) of the distance at frame k.

    The loop is seamless (the last frame is one step before the first) and slow at the ends, where the change
    is largest. All fractions but the two ends occur twice, exactly, so ``frames`` frames need frames/2 + 1
    images. ``frames`` must be a multiple of 4, so that both ends are frames.

    >>> path = loop_path(8)
    >>> [round(path.fractions[i], 2) for i in path.order]
    [0.0, 0.71, 1.0, 0.71, 0.0, -0.71, -1.0, -0.71]
    >>> len(path.fractions)
    5
    """
    quarter = _whole_parts(frames, parts=4)
    steps = [*range(quarter), *range(quarter, -quarter, -1), *range(-quarter, 0)]
    # The sine is odd only to the last bit: taking it of |step| makes the two halves mirror images, exactly.
    return _path([math.copysign(math.sin(math.pi / 2 * abs(step) / quarter), step) for step in steps])


def official_path(frames: int) -> Path:
    """Centre → one end → centre → other end → centre, eased as in the paper's official code.

    With n = frames / 2, e = σ(−5) and s(t) = min(σ(10·(t − 1/2) − e) / (1 − 2e), 1), the first half's frame k
    is at s(2·min(k, n − 1 − k) / (n − 1)) of the distance; the second half goes through the same values less
    1, from the last to the first and back (``smooth_center`` in ``there_and_back.py`` of
    https://github.com/wpeebles/hessian_penalty). It stays long at the centre and at the ends, and its ends
    are 1 and s(0) − 1 = −0.993. The official videos have 180 frames, 60 a second. ``frames`` must be a
    multiple of 4.

    >>> path = official_path(12)
    >>> [round(path.fractions[i], 2) for i in path.order]
    [0.01, 0.27, 0.97, 0.97, 0.27, 0.01, -0.03, -0.73, -0.99, -0.99, -0.73, -0.03]
    """
    quarter = _whole_parts(frames, parts=4)
    last = 2 * quarter - 1
    rising = [_official_ease(2 * step / last) for step in range(quarter)]
    sinking = [value - 1 for value in reversed(rising)]
    return _path([*rising, *reversed(rising), *sinking, *reversed(sinking)])


def _official_ease(share: float) -> float:
    """The official code's s(t): the error of the sigmoid's ends is subtracted inside it."""
    error = _sigmoid(-5.0)
    return min(_sigmoid(10 * (share - 0.5) - error) / (1 - 2 * error), 1.0)


def _sigmoid(value: float) -> float:
    return 1 / (1 + math.exp(-value))


def there_and_back_path(frames: int) -> Path:
    """Start → end → start: fraction (1 − cos(2πk / frames)) / 2 at frame k, frames/2 + 1 images.

    >>> path = there_and_back_path(4)
    >>> [round(path.fractions[i], 2) for i in path.order]
    [0.0, 0.5, 1.0, 0.5]
    """
    half = _whole_parts(frames, parts=2)
    steps = [*range(half), *range(half, 0, -1)]
    return _path([(1 - math.cos(math.pi * step / half)) / 2 for step in steps])


def even_fractions(count: int) -> tuple[float, ...]:
    """``count`` fractions from −1 to 1 at equal steps; an odd number, so that the centre is one of them.

    >>> even_fractions(5)
    (-1.0, -0.5, 0.0, 0.5, 1.0)
    """
    if count < 3 or count % 2 == 0:
        raise UsageError(
            f"positions is {count}: expected an odd number, 3 or more, so that the centre is one of them."
        )
    half = count // 2
    return tuple(step / half for step in range(-half, half + 1))


def latents_along(
    z: torch.Tensor, direction: torch.Tensor, distances: torch.Tensor, *, projection: Projection = "keep"
) -> torch.Tensor:
    """Latents at each of ``distances`` along ``direction``, for every z.

    Args:
        z: (N, z_dim).
        direction: (z_dim,), of norm 1.
        distances: (P,), in units of z.
        projection: whether z's own coordinate along the direction is kept.

    Returns:
        (P, N, z_dim), in the dtype and on the device of ``z``.

    Raises:
        UsageError: shapes that do not fit, or an unknown projection.

    >>> z, q, far = torch.tensor([[1.0, 2.0]]), torch.tensor([1.0, 0.0]), torch.tensor([3.0])
    >>> latents_along(z, q, far), latents_along(z, q, far, projection="remove")
    (tensor([[[4., 2.]]]), tensor([[[3., 2.]]]))
    """
    if projection not in get_args(Projection):
        raise UsageError(f"projection is {projection!r}: expected {' or '.join(get_args(Projection))}.")
    _check_latents(z)
    if direction.shape != z.shape[1:]:
        raise UsageError(
            f"direction has shape {tuple(direction.shape)}: expected {tuple(z.shape[1:])}, as z has."
        )
    q = direction.to(z)
    start = z - (z @ q)[:, None] * q if projection == "remove" else z
    return start + distances.to(z)[:, None, None] * q


def apply_moves(z: torch.Tensor, directions: torch.Tensor, moves: Mapping[int, float]) -> torch.Tensor:
    """Move every z along several directions at once: z + Σ distance_i · q_i.

    Args:
        z: (N, z_dim).
        directions: (ndirs, z_dim), rows of norm 1.
        moves: the distance in units of z by the index of a direction. Without moves the result is z.

    Returns:
        (N, z_dim).

    Raises:
        UsageError: shapes do not fit, an index is out of range, or a distance is not finite.

    >>> apply_moves(torch.zeros(1, 3), torch.eye(3), {0: 2.0, 2: -1.0})
    tensor([[ 2.,  0., -1.]])
    """
    _check_latents(z)
    check_directions(directions, z.shape[1])
    check_indices(moves, len(directions))
    for index, distance in moves.items():
        if not math.isfinite(distance):
            raise UsageError(
                f"direction {index} is to move by {distance}: expected a finite number, in units of z."
            )
    coefficients = torch.zeros(len(directions), dtype=z.dtype, device=z.device)
    for index, distance in moves.items():
        coefficients[index] = distance
    return z + coefficients @ directions.to(z)


def check_directions(directions: torch.Tensor, z_dim: int) -> None:
    """Raise a ``UsageError`` unless ``directions`` is a matrix (ndirs, z_dim)."""
    if directions.ndim != 2 or directions.shape[1] != z_dim:
        raise UsageError(
            f"directions have shape {tuple(directions.shape)}: expected (ndirs, {z_dim}), as z has."
        )


def check_indices(indices: Iterable[int], count: int) -> None:
    """Raise a ``UsageError`` that names the first index out of range."""
    for index in indices:
        if not 0 <= index < count:
            raise UsageError(
                f"There is no direction {index}: this set has {count}, numbered 0 to {count - 1}."
            )


def _check_latents(z: torch.Tensor) -> None:
    if z.ndim != 2:
        raise UsageError(f"z has shape {tuple(z.shape)}: expected (N, z_dim).")


def _whole_parts(frames: int, *, parts: int) -> int:
    """The number of steps in each of ``parts`` equal parts of the animation."""
    if frames < parts or frames % parts:
        below, above = frames // parts * parts, (frames // parts + 1) * parts
        nearest = f"{below} or {above}" if frames > parts else f"{above}"
        raise UsageError(
            f"frames is {frames}: expected a multiple of {parts}, so that the ends are shown; take {nearest}."
        )
    return frames // parts


def _path(fractions: Sequence[float]) -> Path:
    """The path through ``fractions``; each distinct one is stored at its first visit."""
    first = {fraction: index for index, fraction in enumerate(dict.fromkeys(fractions))}
    return Path(tuple(first), tuple(first[fraction] for fraction in fractions))
