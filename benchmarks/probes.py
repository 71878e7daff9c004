"""Measure what few random probes cost a penalty: bias and spread of the share beside the exact one.

python -m benchmarks.probes      three minutes

At each latent the share off the diagonal is measured with a probe in every live dimension, which is exact,
and with few probes, drawn anew several times. The generators are two toys of the toybox, along their true
directions, and random networks with a flat or a decaying spectrum, along those that change most.
"""

import argparse
import math
from itertools import pairwise
from typing import Any

import torch
from torch import Tensor

from benchmarks.support.measure import write
from biggan_directions import load_generator
from biggan_directions.latents import sample_latents, stream
from biggan_directions.metrics import probing
from biggan_directions.metrics.probing import ProbedLatent
from biggan_directions.solvers.evaluator import Drawable, Evaluator
from biggan_directions.toybox import true_directions

NDIRS = 6
PROBES = (2, 4, 8)
DEVICE = torch.device("cpu")


class Network:
    """Two hidden layers of random weights, tanh or ReLU, to images of 16 × 16; all of z is live.

    Row i of the first layer is multiplied by exp(−decay · i).
    """

    device = DEVICE

    def __init__(self, z_dim: int, activation: str, decay: float) -> None:
        self.z_dim = z_dim
        sizes = (z_dim, 64, 64, 3 * 16 * 16)
        self.weights = [
            torch.randn(rows, columns, generator=stream("network", 0, layer)) * 1.5 / math.sqrt(rows)
            for layer, (rows, columns) in enumerate(pairwise(sizes))
        ]
        self.weights[0] *= torch.exp(-decay * torch.arange(z_dim))[:, None]
        self.activation = {"tanh": torch.tanh, "relu": torch.relu}[activation]

    def __call__(self, z: Tensor, class_index: Tensor | None = None) -> Tensor:
        for weight in self.weights[:-1]:
            z = self.activation(z @ weight)
        return torch.tanh(z @ self.weights[-1]).reshape(-1, 3, 16, 16)

    def strongest(self) -> Tensor:
        """The directions along which the images change most."""
        z = sample_latents(32, self.z_dim, truncation=1.0, seed=0, purpose="survey")
        slopes = torch.func.vmap(torch.func.jacrev(lambda point: self(point[None]).flatten()))(z).double()
        moment = torch.einsum("npi,npj->ij", slopes, slopes)
        vectors: Tensor = torch.linalg.eigh(moment).eigenvectors
        return vectors.flip(1).T[:NDIRS]


def main() -> None:
    """Measure every generator, print and write the results."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--latents", type=int, default=32)
    parser.add_argument("--draws", type=int, default=4, help="of the probes at each latent")
    options = parser.parse_args()
    probing.EXACT = 0  # so that the toybox's eight live dimensions are estimated from few probes, too
    found: dict[str, Any] = {}
    for toy in ("car", "duck"):
        true = true_directions()[1].double()
        found[f"toybox {toy}"] = measured(load_generator("toybox", toy), true, true[:NDIRS], options)
    for z_dim, activation, decay in (
        (40, "tanh", 0.0),
        (40, "tanh", 0.15),
        (128, "tanh", 0.05),
        (40, "relu", 0.0),
    ):
        network = Network(z_dim, activation, decay)
        name = f"{activation} network, {'decaying' if decay else 'flat'}"
        live = torch.eye(z_dim, dtype=torch.float64)
        found[f"{name}, {z_dim}"] = measured(network, live, network.strongest(), options)
    for name, rows in found.items():
        print(name, rows)
    print(f"written to {write('probes', {'generators': found}, DEVICE)}")


def measured(
    generator: Drawable, live: Tensor, directions: Tensor, options: argparse.Namespace
) -> dict[str, Any]:
    """Bias, the largest of the directions, and spread, the mean, of the shares from few probes."""
    exact, bends = _rows(generator, live, directions, options.latents, probes=len(live), draw=0)
    rows = {}
    for probes in PROBES:
        if probes < len(live):
            shares = torch.stack(
                [
                    _rows(generator, live, directions, options.latents, probes=probes, draw=draw)[0]
                    for draw in range(options.draws)
                ]
            )
            rows[probes] = {
                "bias": float((shares - exact).mean(dim=(0, 1)).abs().max()),
                "spread_over_probes": float((shares - exact).square().mean(dim=(0, 1)).sqrt().mean()),
            }
    return {
        "live": len(live),
        "shares": exact.mean(dim=0).tolist(),
        "spread_over_latents": float(exact.std(dim=0).mean()),
        "least_change_of_slope": float(bends.min()),
        "probes": rows,
    }


def _rows(
    generator: Drawable, live: Tensor, directions: Tensor, latents: int, *, probes: int, draw: int
) -> tuple[Tensor, Tensor]:
    """The shares at each latent, and the changes of the slope per unit of z: ``(latents, ndirs)`` both."""
    evaluator = Evaluator(generator, 32)
    points = sample_latents(latents, generator.z_dim, truncation=1.0, seed=0, purpose="scoring")
    found = [
        ProbedLatent(evaluator, z, None, live, probes=probes, epsilon=0.1, seed=draw, index=index).rows(
            directions
        )
        for index, z in enumerate(points)
    ]
    return torch.stack([one.shares for one in found]), torch.stack([one.bends for one in found])


if __name__ == "__main__":
    main()
