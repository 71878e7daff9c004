"""Compare the folded BigGAN of ajbrock's family with the network as it is written: time and difference.

python -m benchmarks.hierarchical                     128 pixels on this processor
python -m benchmarks.hierarchical --resolution 256

The network is written twice: with spectral norm computed at every call, as the authors' code does it, and
with every weight normalised once, which is the fair comparison for the rest. All three take turns.
"""

import argparse
import statistics
from typing import Any

import torch

from benchmarks.forward import gflop
from benchmarks.support.measure import alternately, paired_ratio, write
from biggan_directions.generators import ImageClass
from biggan_directions.generators.biggan.hierarchical_biggan import HierarchicalBigGAN
from biggan_directions.latents import sample_latents
from tests.support.plain_biggan import PlainBigGAN, published_sizes, random_plain

CPU = torch.device("cpu")
CLASS = ImageClass(207, "golden_retriever")
SIDES = ("as written", "normalised once", "folded")


def plain_and_folded(resolution: int) -> tuple[PlainBigGAN, HierarchicalBigGAN]:
    """Both networks with the same random weights, at full size."""
    plain = random_plain(published_sizes(resolution))
    folded = HierarchicalBigGAN(
        plain.sizes,
        plain.state_dict(),
        classes=[CLASS],
        truncation=1.0,
        model=f"biggan-{resolution} with random weights",
        weights_sha256="random",
        license="none: random weights",
        device=CPU,
    )
    return plain, folded


def main() -> None:
    """Measure, print a line for each batch size, write the results."""
    options = _options()
    if options.threads:
        torch.set_num_threads(options.threads)
    torch.set_grad_enabled(False)
    results = {}
    for resolution in options.resolution:
        plain, folded = plain_and_folded(resolution)
        results[str(resolution)] = compare(plain, folded, options.batches, options.rounds)
    print(f"written to {write('hierarchical', {'resolutions': results}, CPU)}")


def compare(
    plain: PlainBigGAN, folded: HierarchicalBigGAN, batches: list[int], rounds: int
) -> dict[str, Any]:
    """Seconds an image by batch size, their ratios, the largest difference, operations."""
    once = PlainBigGAN(plain.sizes)
    once.load_state_dict(plain.state_dict())
    once.normalise_once()
    found: dict[str, Any] = {}
    for batch in batches:
        z = sample_latents(batch, folded.z_dim, truncation=1.0, seed=0, purpose="benchmark")
        label = torch.full((batch,), CLASS.index)
        calls = [lambda: plain(z, label), lambda: once(z, label), lambda: folded(z)]  # noqa: B023
        written, normalised, ours = alternately(calls, rounds=rounds, device=CPU)
        times = (written, normalised, ours)
        ratios = {side: paired_ratio(slow, ours) for side, slow in zip(SIDES, times[:2], strict=False)}
        found[str(batch)] = {
            "seconds_a_picture": {
                side: statistics.median(taken) / batch for side, taken in zip(SIDES, times, strict=True)
            },
            "times_faster": ratios,
            "largest_difference": float((plain(z, label) - folded(z)).abs().max()),
        }
        print(
            f"{folded.resolution} px, batch {batch}: {ratios[SIDES[0]]['median']:.2f} times as fast as the "
            f"network as written, {ratios[SIDES[1]]['median']:.2f} times as one with normalised weights",
            flush=True,
        )
    counted = {
        "as written": gflop(lambda z: once(z, torch.full((len(z),), CLASS.index)), z),
        "folded": gflop(folded, z),
    }
    return {"batches": found, "gflop": counted, "parameters": plain.sizes.parameters()}


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--resolution", type=int, nargs="+", default=[128], choices=[128, 256, 512])
    parser.add_argument("--batches", type=int, nargs="+", default=[1, 4])
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--threads", type=int, default=0, help="0: torch's own choice")
    return parser.parse_args()


if __name__ == "__main__":
    main()
