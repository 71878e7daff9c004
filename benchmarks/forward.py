"""Compare the forward pass with the package's: time, multiply-adds, profile, and TF32 on a GPU.

python -m benchmarks.forward                     128, 256 and 512 on this processor
python -m benchmarks.forward --device cuda       the same, and TF32: its speed and its effect on differences
"""

import argparse
import statistics
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import torch
from torch.profiler import ProfilerActivity, profile
from torch.utils.flop_counter import FlopCounterMode

from benchmarks.support.measure import (
    alternately,
    convolution_3x3,
    matrix_product,
    paired_ratio,
    synchronise,
    write,
)
from benchmarks.support.stock import StockGenerator, frozen, latents, stock_and_frozen
from biggan_directions.generators.biggan_deep.frozen_biggan import FrozenBigGAN
from biggan_directions.generators.folded.kernels.switch import Kernels, using

MOST_OPERATIONS = 12  # listed in a profile
EPSILON = 0.1  # of second differences, as the solvers take them
KINDS = {
    "conv": "convolutions",
    "mm": "matrix products",
    "mv": "matrix products",
    "linear": "matrix products",
}


def main() -> None:
    """Measure, print a line for each resolution, write the results."""
    options = _options()
    device = torch.device(options.device)
    if options.threads:
        torch.set_num_threads(options.threads)
    torch.set_grad_enabled(False)
    results = {}
    for resolution in options.resolution:
        stock, ours = stock_and_frozen(resolution, device)
        with tf32(False):
            found = compare(stock, ours, options.batches, rounds=options.rounds, device=device)
        found["differences"] = difference_errors(stock, ours, device)
        if device.type == "cuda":
            found["tf32"] = with_tf32(stock, ours, found, rounds=options.rounds, device=device)
        else:
            found["bfloat16"] = images_in_bfloat16(ours, found, rounds=options.rounds, device=device)
        if options.compile:
            found["compiled"] = compiled(ours, found, rounds=options.rounds, device=device)
        results[str(resolution)] = found
        _print(resolution, found)
    path = write(f"forward_{device.type}", {"resolutions": results}, device)
    print(f"written to {path}")


def compare(
    stock: StockGenerator, ours: FrozenBigGAN, batches: list[int], *, rounds: int, device: torch.device
) -> dict[str, Any]:
    """Time both sides in turn: first at every batch size to find the best, then at the best for the ratio.

    A large matrix product and a large convolution take turns with them as the machine's limits, because on a
    shared machine these drift as much as the images.
    """
    sweep = {}
    for batch in batches:
        z = latents(batch, ours.z_dim, device=device)
        times = alternately([partial(stock, z), partial(ours, z)], rounds=max(2, rounds // 2), device=device)
        sweep[batch] = [statistics.median(taken) / batch for taken in times]
    best = [min((taken[i], batch) for batch, taken in sweep.items())[1] for i in range(2)]
    drawn = [latents(batch, ours.z_dim, device=device) for batch in best]
    limits = {"matrix product": matrix_product(device), "3x3 convolution": convolution_3x3(device)}
    calls = [lambda: stock(drawn[0]), lambda: ours(drawn[1]), *(limit.call for limit in limits.values())]
    *times, products, convolutions = alternately(calls, rounds=rounds, device=device)
    each = [[seconds / batch for seconds in taken] for taken, batch in zip(times, best, strict=True)]
    counted = {"package": gflop(stock, drawn[0]), "ours": gflop(ours, drawn[1])}
    speeds = {
        name: [limit.gflop / seconds for seconds in taken]
        for (name, limit), taken in zip(limits.items(), (products, convolutions), strict=True)
    }
    return {
        "times_faster": paired_ratio(*each),
        "seconds_a_picture": {"package": statistics.median(each[0]), "ours": statistics.median(each[1])},
        "best_batch": {"package": best[0], "ours": best[1]},
        "seconds_a_picture_by_batch": sweep,
        "largest_difference": float((stock(drawn[0]) - ours(drawn[0])).abs().max()),
        "gflop": counted,
        "gflop_a_second": {name: statistics.median(speed) for name, speed in speeds.items()},
        "share_of_limit": {
            side: {
                name: statistics.median(
                    counted[side] / taken / most for taken, most in zip(images, speed, strict=True)
                )
                for name, speed in speeds.items()
            }
            for side, images in zip(counted, each, strict=True)
        },
        "layers": by_layer(
            ours, best[1], statistics.median(speeds["matrix product"]), rounds=rounds, device=device
        ),
        "profile": {
            "package": profiled(lambda: stock(drawn[0]), best[0], device),
            "ours": profiled(lambda: ours(drawn[1]), best[1], device),
        },
    }


def gflop(draw: Callable[[torch.Tensor], torch.Tensor], z: torch.Tensor) -> float:
    """10⁹ floating-point operations per image: two for each multiply-add of products and convolutions."""
    # the counter knows only torch's public operations
    with using(Kernels(packed=False)), FlopCounterMode(display=False) as counter:
        draw(z)
    return int(counter.get_total_flops()) / len(z) / 1e9


def by_layer(
    ours: FrozenBigGAN, batch: int, limit: float, *, rounds: int, device: torch.device
) -> list[dict[str, Any]]:
    """The side in pixels, operations, time and share of ``limit`` (GFLOP/s) of each layer."""
    z = latents(batch, ours.z_dim, device=device)
    with using(Kernels(packed=False)), FlopCounterMode(display=False) as counter:
        ours(z)
    counted = {
        name.rpartition(".")[2]: sum(by_operation.values()) / batch / 1e9
        for name, by_operation in counter.get_flop_counts().items()
        if ".layers." in name and name.rpartition(".")[2].isdigit()
    }
    sides: list[int] = [0] * len(ours.layers)
    times: list[list[float]] = [[] for _ in ours.layers]
    begun = 0.0

    def begin(*_: object) -> None:
        nonlocal begun
        synchronise(device)
        begun = time.perf_counter()

    def end(place: int, _layer: object, _given: object, image: torch.Tensor) -> None:
        synchronise(device)
        times[place][-1] += (time.perf_counter() - begun) / batch  # a layer may run on parts of the batch
        sides[place] = image.shape[2]

    hooks = [layer.register_forward_pre_hook(begin) for layer in ours.layers]
    hooks += [layer.register_forward_hook(partial(end, place)) for place, layer in enumerate(ours.layers)]
    for _ in range(rounds + 1):
        for taken in times:
            taken.append(0.0)
        ours(z)
    for hook in hooks:
        hook.remove()
    middle = [statistics.median(taken[1:]) for taken in times]
    return [
        {
            "layer": type(layer).__name__,
            "side": sides[place],
            "gflop": counted[str(place)],
            "milliseconds": 1e3 * middle[place],
            "share_of_limit": counted[str(place)] / middle[place] / limit,
        }
        for place, layer in enumerate(ours.layers)
    ]


def profiled(call: Callable[[], object], images: int, device: torch.device) -> dict[str, dict[str, float]]:
    """The shares of time of convolutions, of matrix products and of everything that only moves memory.

    Also the slowest operations, in milliseconds per image.
    """
    call()
    activities = [ProfilerActivity.CPU] + ([ProfilerActivity.CUDA] if device.type == "cuda" else [])
    with profile(activities=activities) as profiler:
        call()
    spent: Counter[str] = Counter()
    single: Counter[str] = Counter()
    for event in profiler.key_averages():
        own = event.self_device_time_total if device.type == "cuda" else event.self_cpu_time_total
        kind = next((kind for part, kind in KINDS.items() if part in event.key), "element by element, memory")
        spent[kind] += own
        single[event.key] += own
    return {
        "share_of_time": {kind: own / spent.total() for kind, own in spent.most_common()},
        "milliseconds_a_picture": {
            name: own / 1e3 / images for name, own in single.most_common(MOST_OPERATIONS)
        },
    }


def difference_errors(stock: StockGenerator, ours: FrozenBigGAN, device: torch.device) -> dict[str, float]:
    """Error of second differences of the image, relative to those in float64, by precision."""
    exact = second_difference(frozen(stock.biggan, ours.model, device, torch.float64), torch.float64)
    found = {"float32": second_difference(ours, torch.float32)}
    if device.type == "cuda":
        with tf32(True):
            found["tf32"] = second_difference(ours, torch.float32)
    found["bfloat16"] = second_difference(ours.for_images(), torch.float32)
    return {name: float((value - exact).norm() / exact.norm()) for name, value in found.items()}


def second_difference(generator: FrozenBigGAN, dtype: torch.dtype) -> torch.Tensor:
    """``(f(z + εv) - 2 f(z) + f(z - εv)) / ε²`` for one z and v of random signs."""
    z = latents(1, generator.z_dim).to(generator.device, dtype)
    signs = torch.randint(0, 2, z.shape, generator=torch.Generator().manual_seed(0)).to(z) * 2 - 1
    points = [z + EPSILON * signs, z, z - EPSILON * signs]
    ahead, here, behind = (generator(point).double() for point in points)
    difference: torch.Tensor = (ahead - 2 * here + behind) / EPSILON**2
    return difference


def with_tf32(
    stock: StockGenerator, ours: FrozenBigGAN, found: dict[str, Any], *, rounds: int, device: torch.device
) -> dict[str, Any]:
    """Images per second of both sides with TF32 on, at the batch sizes that were best without."""
    batches = found["best_batch"]
    drawn = {name: latents(batch, ours.z_dim, device=device) for name, batch in batches.items()}
    with tf32(True):
        calls = [lambda: stock(drawn["package"]), lambda: ours(drawn["ours"])]
        times = alternately(calls, rounds=rounds, device=device)
    each = [[s / batch for s in taken] for taken, batch in zip(times, batches.values(), strict=True)]
    return {
        "times_faster": paired_ratio(*each),
        "pictures_a_second": {
            "package": 1 / statistics.median(each[0]),
            "ours": 1 / statistics.median(each[1]),
        },
    }


def images_in_bfloat16(
    ours: FrozenBigGAN, found: dict[str, Any], *, rounds: int, device: torch.device
) -> dict[str, Any]:
    """The gain in speed from low precision, and the error of the images."""
    z, low = latents(found["best_batch"]["ours"], ours.z_dim, device=device), ours.for_images()
    times = alternately([lambda: ours(z), lambda: low(z)], rounds=rounds, device=device)
    return {
        "times_faster_than_float32": paired_ratio(*times),
        "mean_difference": float((low(z) - ours(z)).abs().mean()),
    }


def compiled(
    ours: FrozenBigGAN, found: dict[str, Any], *, rounds: int, device: torch.device
) -> dict[str, Any]:
    """The gain in speed from ``--compile``."""
    z, fast = latents(found["best_batch"]["ours"], ours.z_dim, device=device), ours.compiled()
    fast(z)
    times = alternately([lambda: ours(z), lambda: fast(z)], rounds=rounds, device=device)
    return {
        "times_faster_than_eager": paired_ratio(*times),
        "largest_difference": float((fast(z) - ours(z)).abs().max()),
    }


@contextmanager
def tf32(on: bool) -> Iterator[None]:
    """TF32 in products and convolutions, on a GPU that has it."""
    matmul, cudnn = torch.backends.cuda.matmul, torch.backends.cudnn
    before = matmul.allow_tf32, cudnn.allow_tf32
    matmul.allow_tf32 = cudnn.allow_tf32 = on
    try:
        yield
    finally:
        matmul.allow_tf32, cudnn.allow_tf32 = before


def _print(resolution: int, found: dict[str, Any]) -> None:
    ratio, each, counted = found["times_faster"], found["seconds_a_picture"], found["gflop"]
    reached = found["share_of_limit"]["ours"]
    print(
        f"{resolution} px: {1 / each['package']:.2f} images per second by the package and "
        f"{1 / each['ours']:.2f} by ours: "
        f"{ratio['median']:.2f} times as many ({ratio['least']:.2f} to {ratio['most']:.2f}); "
        f"{counted['package']:.1f} and {counted['ours']:.1f} GFLOP per image; "
        f"{reached['matrix product']:.0%} of the speed of a large matrix product, "
        f"{reached['3x3 convolution']:.0%} of a large convolution's",
        flush=True,
    )


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--resolution", type=int, nargs="+", default=[128, 256, 512], choices=[128, 256, 512])
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--batches", type=int, nargs="+", default=[1, 2, 4, 8])
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--threads", type=int, default=0, help="0: torch's own choice")
    parser.add_argument("--compile", action="store_true", help="also measure torch.compile (minutes)")
    return parser.parse_args()


if __name__ == "__main__":
    main()
