"""Measure a step of training a generator: time, memory, images per second, and what takes the time.

python -m benchmarks.training            32, 64 and 128 pixels with the default settings, one thread

Each resolution is measured in a process of its own. Time is the CPU time of the process, which other programs
on the machine hardly change, over as many steps as there are between two uses of the gradient penalty.
"""

import argparse
import json
import time
from typing import Any

import torch
from torch.profiler import ProfilerActivity, profile

from benchmarks.support.measure import in_child, peak_bytes, write
from biggan_directions.training.demand import needed_bytes
from biggan_directions.training.image_set import ImageSet
from biggan_directions.training.settings import RESOLUTIONS, TrainSettings
from biggan_directions.training.trainer import Trainer

CLASSES = 10
IMAGES = 1000
CONVOLUTIONS = ("convolution", "mkldnn", "conv")


def main() -> None:
    """Measure each resolution, and write the results."""
    options = _options()
    if options.only:
        print(json.dumps(measured(options.only)))
        return
    results = {}
    for resolution in options.resolutions:
        found = results[str(resolution)] = in_child("training", "--only", str(resolution))
        print(
            f"| {resolution} | {found['seconds_per_step']:.2f} s | {found['images_per_second']:.0f} | "
            f"{found['peak_bytes'] / 1e9:.2f} GB | {found['convolution_share']:.0%} |",
            flush=True,
        )
    print(write("training", results, torch.device("cpu")))


def measured(resolution: int) -> dict[str, Any]:
    """A resolution's figures, in this process."""
    torch.set_num_threads(1)
    settings = TrainSettings(resolution=resolution)
    random = torch.Generator().manual_seed(0)
    images = ImageSet(
        images=torch.randint(
            0, 255, (IMAGES, 3, resolution, resolution), generator=random, dtype=torch.uint8
        ),
        class_index=torch.arange(IMAGES) % CLASSES,
        names=tuple(f"class_{index}" for index in range(CLASSES)),
    )
    trainer = Trainer(settings, images)
    trainer.advance()
    start = time.process_time()
    for _ in range(settings.penalty_every):
        trainer.advance()
    taken = (time.process_time() - start) / settings.penalty_every
    with profile(activities=[ProfilerActivity.CPU]) as seen:
        trainer.advance()
    events = [(event.key, event.self_cpu_time_total) for event in seen.key_averages()]
    total = sum(spent for _, spent in events)
    convolutions = sum(spent for name, spent in events if any(word in name for word in CONVOLUTIONS))
    return {
        "seconds_per_step": taken,
        "images_per_second": settings.batch / taken,
        "peak_bytes": peak_bytes(torch.device("cpu")),
        "needed_bytes": needed_bytes(trainer),
        "generator_parameters": sum(p.numel() for p in trainer.generator.parameters()),
        "discriminator_parameters": sum(p.numel() for p in trainer.discriminator.parameters()),
        "convolution_share": convolutions / total,
        "operations": dict(sorted(events, key=lambda event: -event[1])[:8]),
    }


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--resolutions", type=int, nargs="+", default=list(RESOLUTIONS), choices=RESOLUTIONS)
    parser.add_argument("--only", type=int, help=argparse.SUPPRESS)
    return parser.parse_args()


if __name__ == "__main__":
    main()
