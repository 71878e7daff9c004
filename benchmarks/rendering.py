"""Compare rendering with the bare forward pass: the cost of sheet, animations and page.

python -m benchmarks.rendering                     128 pixels, six directions of four samples, as GIF
python -m benchmarks.rendering --device cuda       the same on a GPU, which draws faster than a GIF is encoded
"""

import argparse
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path

import torch

from benchmarks.support.measure import alternately, paired_ratio, write
from benchmarks.support.stock import latents, stock_and_frozen
from biggan_directions.rendering import Account, RenderPlan, RenderRequest, RenderSettings, draw
from biggan_directions.rendering.images import Generate


def main() -> None:
    """Measure, print a line, write the results."""
    options = _options()
    device = torch.device(options.device)
    settings = RenderSettings(format=options.format, frames=options.frames)
    _, generator = stock_and_frozen(options.resolution, device)
    z = latents(settings.samples, generator.z_dim, device=device)
    directions = torch.linalg.qr(torch.randn(generator.z_dim, options.directions))[0].T.to(device)
    request = RenderRequest(directions=directions, z=z, account=_account(options.directions, len(z)))
    with tempfile.TemporaryDirectory() as folder:
        plan = RenderPlan(request, Path(folder), settings=settings)
        count = plan.images_needed
        calls: list[Callable[[], object]] = [
            partial(_bare, generator, z, count),
            lambda: list(plan.files(generator)),
        ]
        bare, rendered = alternately(calls, rounds=options.rounds, device=device)
        sizes = {path.name: path.stat().st_size for path in sorted(Path(folder).iterdir())}
    ratio = paired_ratio(rendered, bare)
    results = {
        "resolution": options.resolution,
        "pictures": count,
        "seconds": {"bare": bare, "rendered": rendered},
        "rendered_by_bare": ratio,
        "bytes": sizes,
    }
    print(f"{count} images of {options.resolution} pixels: {ratio['median']:.3f} times the bare pass")
    print(f"written to {write(f'rendering_{device.type}', results, device)}")


def _bare(generator: Generate, z: torch.Tensor, count: int) -> None:
    """Draw as many images, as bytes and in the same batches, and discard them."""
    many = z.repeat(-(-count // len(z)), 1)[:count]
    for _ in draw(generator, many):
        pass


def _account(directions: int, samples: int) -> Account:
    return Account(
        title="benchmark",
        subtitle="",
        fingerprint="",
        file=None,
        captions=[""] * samples,
        penalties=[0.0] * directions,
        facts=[],
        commands=[],
    )


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--resolution", type=int, default=128)
    parser.add_argument("--directions", type=int, default=6)
    parser.add_argument("--frames", type=int, default=48)
    parser.add_argument("--format", default="gif")
    parser.add_argument("--rounds", type=int, default=3)
    return parser.parse_args()


if __name__ == "__main__":
    main()
