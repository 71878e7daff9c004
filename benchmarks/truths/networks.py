"""Small networks from latents to images: taught to draw a shape, or random with many live dimensions."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import nn

from benchmarks.truths.turned import random_rotation
from biggan_directions.files.safetensors_file import read_safetensors
from biggan_directions.generators.capabilities import LatentWeight
from biggan_directions.latents import stream

WEIGHTS = Path(__file__).parent / "weights"
SIDE = 24  # pixels; at 32 the weights of an MLP would be twice as many
FLAT_DIM = 128
_LARGEST = 2**20  # bytes of a file of weights


@dataclass(frozen=True, kw_only=True)
class Taught:
    """A network that was taught a shape.

    Attributes:
        shape: the shape's name.
        made: makes the untrained network for a number of factors.
        activation: its nonlinearity.
    """

    shape: str
    made: Callable[[int, nn.Module], Network]
    activation: Callable[[], nn.Module]


class Network(nn.Module):
    """A network whose first layer is linear; it meets the factors turned, so that no axis of it is theirs.

    Args:
        factors: how many of z's coordinates are factors, the first ones; the others do nothing.
        first: the layer that meets them.
        rest: what follows, to images in [-1, 1].
    """

    turn: torch.Tensor

    def __init__(self, factors: int, first: nn.Linear, rest: nn.Module) -> None:
        super().__init__()
        self.factors, self.first, self.rest = factors, first, rest
        self.register_buffer("turn", random_rotation(factors, 0, purpose="inside").float())

    def forward(self, z: torch.Tensor) -> torch.Tensor:
        """Draw ``z (N, z_dim)``."""
        images: torch.Tensor = self.rest(self.first(z[:, : self.factors] @ self.turn.T))
        return images

    def latent_weights(self, z_dim: int) -> list[LatentWeight]:
        """The first layer, as it is applied to z."""
        matrix = torch.zeros(self.first.out_features, z_dim)
        matrix[:, : self.factors] = self.first.weight.detach() @ self.turn
        return [LatentWeight(name="first", layer="first", matrix=matrix)]


def mlp(factors: int, activation: nn.Module) -> Network:
    """Three layers with 64 and 48 units between them."""
    rest = nn.Sequential(
        activation,
        nn.Linear(64, 48),
        activation,
        nn.Linear(48, 3 * SIDE**2),
        nn.Tanh(),
        nn.Unflatten(1, (3, SIDE, SIDE)),
    )
    return Network(factors, nn.Linear(factors, 64), rest)


def convolutional(factors: int, activation: nn.Module) -> Network:
    """A small DCGAN generator: 3 × 3 pixels of 64 channels, doubled three times, to 16 channels."""
    blocks: list[nn.Module] = []
    for before, after in ((64, 32), (32, 16), (16, 16)):
        blocks += [nn.Upsample(scale_factor=2), nn.Conv2d(before, after, 3, padding=1), activation]
    rest = nn.Sequential(
        activation, nn.Unflatten(1, (64, 3, 3)), *blocks, nn.Conv2d(16, 3, 3, padding=1), nn.Tanh()
    )
    return Network(factors, nn.Linear(factors, 64 * 9), rest)


# A network draws a shape of its own half, so that no shape of the reported half has been chosen on.
NETWORKS: dict[str, Taught] = {
    "mlp-tanh": Taught(shape="ellipse", made=mlp, activation=nn.Tanh),
    "conv-relu": Taught(shape="ellipse", made=convolutional, activation=nn.ReLU),
    "mlp-relu": Taught(shape="box", made=mlp, activation=nn.ReLU),
    "conv-tanh": Taught(shape="two-objects", made=convolutional, activation=nn.Tanh),
    "waves-tanh": Taught(shape="waves", made=mlp, activation=nn.Tanh),
    "lights-relu": Taught(shape="lights", made=mlp, activation=nn.ReLU),
}


def taught(name: str, factors: int) -> Network:
    """A network with the weights that ``python -m benchmarks.truths.teach`` wrote."""
    network = NETWORKS[name].made(factors, NETWORKS[name].activation())
    state = read_safetensors(WEIGHTS / f"{name}.safetensors", largest=_LARGEST, what="weights of a network")
    network.load_state_dict({key: value.float() for key, value in state.items()})
    return network


def flat(activation: nn.Module, seed: int) -> Network:
    """A random network of 128 live dimensions, of which none matters much more than another."""
    first, last = nn.Linear(FLAT_DIM, 256), nn.Linear(256, 3 * SIDE**2)
    generator = stream("flat network", seed)
    with torch.no_grad():
        for layer, gain in ((first, 1.0), (last, 0.5)):
            layer.weight.normal_(std=gain / math.sqrt(layer.in_features), generator=generator)
            layer.bias.normal_(std=0.3, generator=generator)
    rest = nn.Sequential(activation, last, nn.Tanh(), nn.Unflatten(1, (3, SIDE, SIDE)))
    return Network(FLAT_DIM, first, rest)


FLAT: dict[str, tuple[Callable[[], nn.Module], int]] = {"flat-tanh": (nn.Tanh, 0), "flat-relu": (nn.ReLU, 1)}
