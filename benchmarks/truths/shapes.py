"""Formula renderers of 2-D shapes with soft edges, differentiable in their factors.

Each takes factors ``(N, k)``, every one drawn as N(0, 1), and the side in pixels, and gives images
``(N, 3, side, side)`` in [-1, 1].
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch


@dataclass(frozen=True, kw_only=True)
class Shape:
    """A renderer and its factors.

    Attributes:
        factors: their names.
        draw: ``draw(factors (N, k), side)``.
        groups: places of factors whose directions only their span identifies.
    """

    factors: tuple[str, ...]
    draw: Callable[[torch.Tensor, int], torch.Tensor]
    groups: tuple[tuple[int, ...], ...] = ()


def ellipse(factors: torch.Tensor, side: int) -> torch.Tensor:
    """A soft ellipse: x, y, size, angle, hue."""
    x, y, size, angle, hue = factors.unbind(1)
    mask = _ellipse_mask(
        side,
        x=_ranged(x, -0.4, 0.4),
        y=_ranged(y, -0.4, 0.4),
        width=_ranged(size, 0.3, 0.6),
        height=_ranged(size, 0.15, 0.3),
        angle=_ranged(angle, -0.9, 0.9),
    )
    return _painted(_plain(mask, -0.6), mask, _coloured(_ranged(hue, 0.0, 0.6)))


def box(factors: torch.Tensor, side: int) -> torch.Tensor:
    """A soft rectangle before a backdrop: x, size, aspect, hue, lightness of the backdrop."""
    x, size, aspect, hue, backdrop = factors.unbind(1)
    size, aspect = _ranged(size, 0.25, 0.5), _ranged(aspect, -0.5, 0.5)
    across, down = _offsets(side, _ranged(x, -0.4, 0.4), torch.zeros_like(x))
    width, height = size * torch.exp(aspect), size * torch.exp(-aspect)
    mask = _soft_below(across.abs(), width) * _soft_below(down.abs(), height)
    return _painted(_plain(mask, _ranged(backdrop, -0.8, 0.2)), mask, _coloured(_ranged(hue, 0.1, 0.7)))


def two_objects(factors: torch.Tensor, side: int) -> torch.Tensor:
    """A disc on the left (y, size, hue) and an ellipse on the right (y, angle, hue)."""
    left_y, left_size, left_hue, right_y, right_angle, right_hue = factors.unbind(1)
    zeros = torch.zeros_like(left_y)
    radius = _ranged(left_size, 0.18, 0.4)
    disc = _ellipse_mask(
        side, x=zeros - 0.5, y=_ranged(left_y, -0.4, 0.4), width=radius, height=radius, angle=zeros
    )
    leaf = _ellipse_mask(
        side,
        x=zeros + 0.45,
        y=_ranged(right_y, -0.4, 0.4),
        width=zeros + 0.45,
        height=zeros + 0.2,
        angle=_ranged(right_angle, -0.2, 1.4),
    )
    image = _painted(_plain(disc, -0.6), disc, _coloured(_ranged(left_hue, 0.0, 0.6)))
    return _painted(image, leaf, _coloured(_ranged(right_hue, 0.3, 0.9)))


def linear_among_curved(factors: torch.Tensor, side: int) -> torch.Tensor:
    """An ellipse (x, size, angle, hue) in an image whose brightness is linear in the last factor."""
    x, size, angle, hue, brightness = factors.unbind(1)
    image = ellipse(torch.stack([x, torch.zeros_like(x), size, angle, hue], dim=1), side)
    return 0.6 * image + 0.08 * brightness[:, None, None, None]


def two_linear(factors: torch.Tensor, side: int) -> torch.Tensor:
    """An ellipse (x, y, size) with a brightness and a tint that rises upwards, both linear."""
    x, y, size, brightness, tint = factors.unbind(1)
    zeros = torch.zeros_like(x)
    image = ellipse(torch.stack([x, y, size, zeros, zeros], dim=1), side)
    slope = torch.linspace(1, -1, side, dtype=x.dtype, device=x.device)[:, None].expand(side, side)
    tinted = torch.stack([slope, 0 * slope, -slope])
    return 0.6 * image + 0.06 * brightness[:, None, None, None] + 0.09 * tint[:, None, None, None] * tinted


def round_blob(factors: torch.Tensor, side: int) -> torch.Tensor:
    """A round blob: x, y, size, hue, backdrop. Its shifts have no axes of their own."""
    shifts, (size, hue, backdrop) = factors[:, :2], factors[:, 2:].unbind(1)
    distance = (shifts.square().sum(1) + 1e-6).sqrt()
    x, y = (shifts * (0.5 * torch.tanh(0.7 * distance) / distance)[:, None]).unbind(1)
    across, down = _offsets(side, x, y)
    width = _ranged(size, 0.25, 0.5)[:, None, None]
    mask = torch.exp(-(across.square() + down.square()) / width.square())
    return _painted(_plain(mask, _ranged(backdrop, -0.8, 0.0)), mask, _coloured(_ranged(hue, 0.0, 0.6)))


_ADDENDS = ("first", "second", "third", "fourth", "fifth")  # what is added up in waves and lights

# What the factors of the ellipse are multiplied with so that the effects of y, x, hue, angle and size are 20,
# 9.5, 4.5, 2.1 and 1: solved for by measurement at 256 factors, and held by a test.
_UNEQUAL = (0.85, 1.0, 0.133, 0.198, 0.38)


def unequal(factors: torch.Tensor, side: int) -> torch.Tensor:
    """The ellipse with effects from 1 to 20."""
    return ellipse(factors * torch.tensor(_UNEQUAL, dtype=factors.dtype, device=factors.device), side)


def product(factors: torch.Tensor, side: int) -> torch.Tensor:
    """A blob (x, size, angle) times a contrast."""
    contrast, x, size, angle = factors.unbind(1)
    zeros = torch.zeros_like(x)
    mask = _ellipse_mask(
        side,
        x=_ranged(x, -0.4, 0.4),
        y=zeros,
        width=_ranged(size, 0.3, 0.6),
        height=_ranged(size, 0.15, 0.3),
        angle=_ranged(angle, -0.9, 0.9),
    )
    return (_ranged(contrast, 0.2, 0.9)[:, None, None] * mask)[:, None].expand(-1, 3, -1, -1)


def faded(factors: torch.Tensor, side: int) -> torch.Tensor:
    """An ellipse (y, size, hue) and what is behind it, times a contrast."""
    contrast, y, size, hue = factors.unbind(1)
    zeros = torch.zeros_like(y)
    image = ellipse(torch.stack([zeros, y, size, zeros, hue], dim=1), side)
    return _ranged(contrast, 0.2, 0.95)[:, None, None, None] * image


def waves(factors: torch.Tensor, side: int) -> torch.Tensor:
    """Five plane waves, added up, each moved by a factor of its own; their effects are nearly equal."""
    axis = torch.linspace(-1, 1, side, dtype=factors.dtype, device=factors.device)
    places = torch.arange(len(_ADDENDS), dtype=factors.dtype, device=factors.device)
    cycles = 1 + 0.15 * places
    turn = math.pi * places / len(_ADDENDS)
    along = turn.cos()[:, None, None] * axis + turn.sin()[:, None, None] * axis[:, None]
    phase = math.pi * cycles[:, None, None] * along + 2 * places[:, None, None]
    angles = phase + ((0.9 + 0.05 * places) * factors)[:, :, None, None]
    thirds = 2 * math.pi / 3 * torch.arange(3, dtype=factors.dtype, device=factors.device)
    return 0.19 * (angles[:, :, None] + thirds[:, None, None]).sin().sum(1)


def lights(factors: torch.Tensor, side: int) -> torch.Tensor:
    """Five coloured lights that overlap, added up, the brightness of each a curve of its own factor."""
    places = torch.arange(len(_ADDENDS), dtype=factors.dtype, device=factors.device)
    turn = 2 * math.pi * places / len(_ADDENDS)
    across, down = _offsets(side, 0.5 * turn.cos(), 0.5 * turn.sin())
    spots = torch.exp(-(across.square() + down.square()) / 0.55**2)
    thirds = torch.arange(3, dtype=factors.dtype, device=factors.device) / 3
    colours = 0.6 + 0.4 * torch.cos(turn[:, None] - 2 * math.pi * thirds)
    patterns = colours[:, :, None, None] * spots[:, None]
    brightness = torch.sigmoid(1.5 * factors + 0.5)
    return 1.1 * torch.einsum("nk,kchw->nchw", brightness, patterns) - 0.9


SHAPES: dict[str, Shape] = {
    "ellipse": Shape(factors=("x", "y", "size", "angle", "hue"), draw=ellipse),
    "box": Shape(factors=("x", "size", "aspect", "hue", "backdrop"), draw=box),
    "two-objects": Shape(
        factors=("left y", "left size", "left hue", "right y", "right angle", "right hue"), draw=two_objects
    ),
    "linear-among-curved": Shape(
        factors=("x", "size", "angle", "hue", "brightness"), draw=linear_among_curved
    ),
    "two-linear": Shape(factors=("x", "y", "size", "brightness", "tint"), draw=two_linear, groups=((3, 4),)),
    "round": Shape(factors=("x", "y", "size", "hue", "backdrop"), draw=round_blob, groups=((0, 1),)),
    "unequal": Shape(factors=("x", "y", "size", "angle", "hue"), draw=unequal),
    "product": Shape(factors=("contrast", "x", "size", "angle"), draw=product),
    "faded": Shape(factors=("contrast", "y", "size", "hue"), draw=faded),
    "waves": Shape(factors=_ADDENDS, draw=waves),
    "lights": Shape(factors=_ADDENDS, draw=lights),
}


def _ranged(factor: torch.Tensor, low: float, high: float) -> torch.Tensor:
    """A normal number as one that is uniform between two ends, by its distribution function."""
    return low + (high - low) * 0.5 * (1 + torch.erf(factor / math.sqrt(2)))


def _offsets(side: int, x: torch.Tensor, y: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """How far pixels lie to the right of a centre and below it, ``(N, 1, side)`` and ``(N, side, 1)``."""
    axis = torch.linspace(-1, 1, side, dtype=x.dtype, device=x.device)
    return axis - x[:, None, None], axis[:, None] - y[:, None, None]


def _ellipse_mask(
    side: int,
    *,
    x: torch.Tensor,
    y: torch.Tensor,
    width: torch.Tensor,
    height: torch.Tensor,
    angle: torch.Tensor,
) -> torch.Tensor:
    """1 inside an ellipse, 0 outside, with an edge some pixels wide: ``(N, side, side)``."""
    across, down = _offsets(side, x, y)
    cosine, sine = angle.cos()[:, None, None], angle.sin()[:, None, None]
    along = (cosine * across + sine * down) / width[:, None, None]
    beside = (cosine * down - sine * across) / height[:, None, None]
    return torch.sigmoid(3 * (1 - along.square() - beside.square()))


def _soft_below(distance: torch.Tensor, limit: torch.Tensor) -> torch.Tensor:
    """1 below the limit, 0 above, with a soft edge."""
    return torch.sigmoid(12 * (limit[:, None, None] - distance))


def _plain(mask: torch.Tensor, level: torch.Tensor | float) -> torch.Tensor:
    """A grey image of a level, one number or one for each image."""
    if isinstance(level, torch.Tensor):
        level = level[:, None, None]
    return (torch.zeros_like(mask) + level)[:, None].expand(-1, 3, -1, -1)


def _coloured(turn: torch.Tensor) -> torch.Tensor:
    """A saturated colour for each hue, in turns: ``(N, 3, 1, 1)``."""
    thirds = torch.arange(3, dtype=turn.dtype, device=turn.device) / 3
    colour = 0.2 + 0.7 * torch.cos(2 * math.pi * (turn[:, None] - thirds))
    return colour[:, :, None, None]


def _painted(image: torch.Tensor, mask: torch.Tensor, colour: torch.Tensor) -> torch.Tensor:
    """A colour painted over an image where the mask is 1."""
    return image + mask[:, None] * (colour - image)
