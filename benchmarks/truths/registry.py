"""The family of generators by name, and its two halves."""

from __future__ import annotations

from functools import partial

import torch

from benchmarks.truths.base import Truth
from benchmarks.truths.networks import FLAT, NETWORKS, SIDE, Network, flat, taught
from benchmarks.truths.shapes import SHAPES, Shape
from benchmarks.truths.turned import Turned, TurnedNetwork, random_rotation
from biggan_directions import load_generator
from biggan_directions.generators.capabilities import LatentWeights, TrueDirections
from biggan_directions.generators.custom import CallableGenerator
from biggan_directions.toybox import TOYS, true_directions

Z_DIM = 20  # of shapes and of networks that were taught one; all but the factors are dead
SHAPE_SIDE = 32
FLAT_NDIRS = 6

# The split was committed before any setting was chosen by it, but not before some figures of both halves had
# been looked at. The toys take turns in the order of their classes; of the shapes that only their span
# identifies, each half has one; a taught network draws a shape of its own half. Of each half the second line,
# images that are sums of functions of one factor each, and `faded` were added later, and committed before any
# figure of theirs.
CHOSEN_ON = (
    *("ellipse", "linear-among-curved", "round", "unequal"),
    *("faded", "waves", "waves-tanh"),
    *("mlp-tanh", "conv-relu", "flat-tanh"),
    *TOYS[::2],
)
REPORTED_ON = (
    *("box", "two-objects", "two-linear", "product"),
    *("lights", "lights-relu"),
    *("mlp-relu", "conv-tanh", "flat-relu"),
    *TOYS[1::2],
)
HALVES: dict[str, tuple[str, ...]] = {"chosen": CHOSEN_ON, "reported": REPORTED_ON}


def truth(name: str, rotation_seed: int) -> Truth:
    """A generator of the family behind a random rotation.

    Args:
        name: one of ``CHOSEN_ON`` or ``REPORTED_ON``.
        rotation_seed: of the rotation.

    Raises:
        KeyError: the name is unknown.

    >>> made = truth("ellipse", 0)
    >>> made.factors, tuple(made.rows.shape)
    (('x', 'y', 'size', 'angle', 'hue'), (5, 20))
    """
    if name in SHAPES:
        return _of_shape(name, SHAPES[name], rotation_seed)
    if name in NETWORKS:
        shape = SHAPES[NETWORKS[name].shape]
        return _of_network(name, taught(name, len(shape.factors)), shape, rotation_seed)
    if name in FLAT:
        activation, seed = FLAT[name]
        return _of_network(name, flat(activation(), seed), None, rotation_seed)
    if name in TOYS:
        return _of_toy(name, rotation_seed)
    raise KeyError(f"{name} is not one of {', '.join(CHOSEN_ON + REPORTED_ON)}")


def _of_shape(name: str, shape: Shape, seed: int) -> Truth:
    count, rotation = len(shape.factors), random_rotation(Z_DIM, seed)
    inner = CallableGenerator(
        partial(_drawn, shape=shape), z_dim=Z_DIM, resolution=SHAPE_SIDE, name=f"truth {name}"
    )
    rows = rotation[:count]
    generator = Turned(inner, rotation, seed=seed, true_directions=_identified(shape, rows))
    return Truth(
        name=name,
        kind="shape",
        generator=generator,
        rotation=rotation,
        factors=shape.factors,
        rows=rows,
        groups=shape.groups,
        ndirs=count,
    )


def _of_network(name: str, network: Network, shape: Shape | None, seed: int) -> Truth:
    """A network that draws a shape, or none."""
    z_dim = network.factors if shape is None else Z_DIM
    rotation = random_rotation(z_dim, seed)
    factors = () if shape is None else shape.factors
    rows = rotation[: len(factors)]
    inner = CallableGenerator(network, z_dim=z_dim, resolution=SIDE, name=f"truth {name}")
    generator = TurnedNetwork(
        inner,
        rotation,
        network.latent_weights(z_dim),
        seed=seed,
        true_directions=None if shape is None else _identified(shape, rows),
    )
    return Truth(
        name=name,
        kind="flat" if shape is None else "network",
        generator=generator,
        rotation=rotation,
        factors=factors,
        rows=rows,
        groups=() if shape is None else shape.groups,
        ndirs=len(factors) or FLAT_NDIRS,
    )


def _of_toy(name: str, seed: int) -> Truth:
    inner = load_generator("toybox", name)
    assert isinstance(inner, LatentWeights)
    rotation = random_rotation(inner.z_dim, seed)
    factors, inside = true_directions()
    rows = inside.double() @ rotation
    known = TrueDirections(factors, rows.float())
    return Truth(
        name=name,
        kind="toy",
        generator=TurnedNetwork(inner, rotation, inner.latent_weights(), seed=seed, true_directions=known),
        rotation=rotation,
        factors=factors,
        rows=rows,
        groups=(),
        ndirs=len(factors),
    )


def _drawn(z: torch.Tensor, shape: Shape) -> torch.Tensor:
    return shape.draw(z[:, : len(shape.factors)], SHAPE_SIDE)


def _identified(shape: Shape, rows: torch.Tensor) -> TrueDirections:
    """The factors that have a direction of their own, for scorecards."""
    together = {place for group in shape.groups for place in group}
    places = [place for place in range(len(rows)) if place not in together]
    return TrueDirections(tuple(shape.factors[place] for place in places), rows[places].float())
