"""Measure the gain of each CPU kernel, switched on and off in turn, for the forward pass and a gradient.

python -m benchmarks.kernels                     128, 256 and 512 pixels on this processor

The gain is the time with one kernel off divided by the time with all of them on, minus 1: 0.05 is 5 %.
"""

import argparse
import statistics
from collections.abc import Callable
from dataclasses import fields, replace
from functools import partial
from typing import Any

import torch

from benchmarks.support.measure import alternately, write
from benchmarks.support.stock import latents, stock_and_frozen
from biggan_directions.generators.biggan_deep.frozen_biggan import FrozenBigGAN
from biggan_directions.generators.folded.kernels.switch import Kernels, using

CPU = torch.device("cpu")
ALL = Kernels()


def main() -> None:
    """Measure, print a line for each kernel, write the results."""
    options = _options()
    results: dict[str, Any] = {}
    for resolution in options.resolution:
        _, generator = stock_and_frozen(resolution)
        for batch in options.batches:
            for work in (forward, gradient):
                found = gains(partial(work, generator, latents(batch, generator.z_dim)), options.rounds)
                results.setdefault(str(resolution), {}).setdefault(work.__name__, {})[str(batch)] = found
                for name, gain in found.items():
                    print(
                        f"{resolution} px, {work.__name__}, batch {batch}: {name} gains {gain['median']:.1%} "
                        f"({gain['least']:.1%} to {gain['most']:.1%})",
                        flush=True,
                    )
    print(f"written to {write('kernels_cpu', {'resolutions': results}, CPU)}")


def gains(call: Callable[[], object], rounds: int) -> dict[str, dict[str, float]]:
    """The gain of each kernel, and of all of them together, for one call."""
    names = [field.name for field in fields(Kernels)]
    switches = [ALL, *(replace(ALL, **{name: False}) for name in names)]
    times = alternately([partial(_under, kernels, call) for kernels in switches], rounds=rounds, device=CPU)
    return {name: _gain(off, times[0]) for name, off in zip(names, times[1:], strict=True)}


def _under(kernels: Kernels, call: Callable[[], object]) -> None:
    with using(kernels):
        call()


def _gain(off: list[float], on: list[float]) -> dict[str, float]:
    each = [without / within - 1 for without, within in zip(off, on, strict=True)]
    return {"median": statistics.median(each), "least": min(each), "most": max(each)}


def forward(generator: FrozenBigGAN, z: torch.Tensor) -> torch.Tensor:
    """Draw without autograd."""
    with torch.no_grad():
        images: torch.Tensor = generator(z)
    return images


def gradient(generator: FrozenBigGAN, z: torch.Tensor) -> torch.Tensor:
    """Draw, and take the gradient of the images' sum with respect to z."""
    z = z.clone().requires_grad_()
    found: torch.Tensor = torch.autograd.grad(generator(z).sum(), z)[0]
    return found


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--resolution", type=int, nargs="+", default=[128, 256, 512], choices=[128, 256, 512])
    parser.add_argument("--batches", type=int, nargs="+", default=[1, 4])
    parser.add_argument("--rounds", type=int, default=5)
    return parser.parse_args()


if __name__ == "__main__":
    main()
