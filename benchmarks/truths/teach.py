"""Teach the small networks to draw their shapes: ``python -m benchmarks.truths.teach [NAME …]``.

Half a minute for an MLP and three minutes for a convolutional network, on one thread. Writes
``weights/NAME.safetensors``, in float16.
"""

import argparse
import math

import torch
from safetensors.torch import save_file

from benchmarks.truths.networks import NETWORKS, SIDE, WEIGHTS, Network
from benchmarks.truths.shapes import SHAPES
from biggan_directions.latents import stream

STEPS = 6000
BATCH = 64
RATE = 3e-3


def main() -> None:
    """Teach every network, or those that are named."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(NETWORKS)}")
    options = parser.parse_args()
    torch.set_num_threads(1)
    WEIGHTS.mkdir(exist_ok=True)
    for name in options.names or NETWORKS:
        network = learnt(name, steps=STEPS)
        state = {key: value.half().contiguous() for key, value in network.state_dict().items()}
        save_file(state, WEIGHTS / f"{name}.safetensors")
        print(f"{name}: mean squared error {error(network, name):.5f}", flush=True)


def learnt(name: str, *, steps: int, seed: int = 0) -> Network:
    """A network taught its shape, by Adam on the mean squared error of fresh images."""
    shape, about = SHAPES[NETWORKS[name].shape], NETWORKS[name]
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)  # of the initial weights, which layers draw from torch's global generator
        network = about.made(len(shape.factors), about.activation())
    draws = stream(f"teach {name}", seed)
    adam = torch.optim.Adam(network.parameters(), lr=RATE)
    for step in range(steps):
        for group in adam.param_groups:
            group["lr"] = RATE * 0.5 * (1 + math.cos(math.pi * step / steps))
        factors = torch.randn(BATCH, len(shape.factors), generator=draws)
        loss = (network(factors) - shape.draw(factors, SIDE)).square().mean()
        adam.zero_grad()
        loss.backward()
        adam.step()
    return network


@torch.no_grad()
def error(network: Network, name: str) -> float:
    """Mean squared error of a network's images of 512 fresh factors, on the scale [-1, 1]."""
    shape = SHAPES[NETWORKS[name].shape]
    factors = torch.randn(512, len(shape.factors), generator=stream("teach check", 0))
    return float((network(factors) - shape.draw(factors, SIDE)).square().mean())


if __name__ == "__main__":
    main()
