"""Train the toybox: ``python -m biggan_directions.toybox.train FOLDER`` renders scenes and trains.

The command resumes an interrupted run. The learning rate is constant and falls to zero over the last
``--decay`` steps, so a run can be extended by starting the command again with more ``--steps``.
"""

import argparse
import math
import os
import time
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from biggan_directions.files.torch_file import read_torch_file
from biggan_directions.toybox import dataset as datasets
from biggan_directions.toybox.network import Network
from biggan_directions.toybox.packed import pack

AVERAGING = 0.999


@dataclass(frozen=True, kw_only=True)
class TrainingSettings:
    """The settings of a run, stored in the checkpoint."""

    width: int = 24
    images: int = 150_000
    held_out: int = 4_000
    batch: int = 32
    steps: int = 20_000
    decay: int = 5_000
    warm_up: int = 200
    matrix_rate: float = 0.02
    other_rate: float = 2e-3
    seed: int = 1


def loss(images: Tensor, truth: Tensor) -> Tensor:
    """Absolute and squared error, and the absolute error of spatial gradients, which preserves edges."""
    error = images - truth
    across, down = error[..., 1:] - error[..., :-1], error[..., 1:, :] - error[..., :-1, :]
    return error.abs().mean() + 4 * error.square().mean() + 0.5 * (across.abs().mean() + down.abs().mean())


def psnr(mean_squared_error: float) -> float:
    """Peak signal-to-noise ratio in decibels, for images in [-1, 1]."""
    return 10 * math.log10(4 / mean_squared_error)


class Run:
    """The content of a checkpoint: a network, its averaged weights, two optimizers and the step."""

    def __init__(self, settings: TrainingSettings) -> None:
        generator = torch.Generator().manual_seed(settings.seed)
        self.settings, self.step = settings, 0
        self.network = Network(settings.width, generator)
        self.average = {name: p.detach().clone() for name, p in self.network.named_parameters()}
        matrices = [p for name, p in self.network.named_parameters() if name.endswith("weight_orig")]
        others = [p for name, p in self.network.named_parameters() if not name.endswith("weight_orig")]
        self.optimizers: list[torch.optim.Optimizer] = [
            torch.optim.Muon(matrices, lr=settings.matrix_rate, momentum=0.95, weight_decay=0.0, ns_steps=4),
            torch.optim.Adam(others, lr=settings.other_rate, betas=(0.9, 0.99)),
        ]

    def state_dict(self) -> dict[str, object]:
        return {
            "settings": vars(self.settings),
            "step": self.step,
            "network": self.network.state_dict(),
            "average": self.average,
            "optimizers": [optimizer.state_dict() for optimizer in self.optimizers],
        }

    def load(self, path: Path) -> None:
        state = read_torch_file(path, largest=2**32, what="a checkpoint of this training")
        self.step, self.average = state["step"], state["average"]
        self.network.load_state_dict(state["network"])
        for optimizer, saved in zip(self.optimizers, state["optimizers"], strict=True):
            optimizer.load_state_dict(saved)

    def set_rates(self) -> None:
        """Set the learning rates: constant after a short warm-up, falling to zero over the last steps."""
        s = self.settings
        share = min(1.0, (self.step + 1) / s.warm_up, max(0.0, (s.steps - self.step) / s.decay))
        for optimizer, rate in zip(self.optimizers, (s.matrix_rate, s.other_rate), strict=True):
            for group in optimizer.param_groups:
                group["lr"] = rate * share

    @torch.no_grad()
    def update_average(self) -> None:
        weight = max(1 - AVERAGING, 1 / (self.step + 1))
        torch._foreach_lerp_(list(self.average.values()), list(self.network.parameters()), weight)


def _save(run: Run, path: Path) -> None:
    torch.save(run.state_dict(), path.with_suffix(".new"))
    os.replace(path.with_suffix(".new"), path)


def averaged_network(run: Run) -> Network:
    """A network with the averaged weights and converged spectral norms."""
    network = Network(run.settings.width, torch.Generator().manual_seed(0))
    network.load_state_dict({**run.network.state_dict(), **run.average})
    network.iterate_spectral_norms(100)
    return network.eval()


@torch.no_grad()
def held_out_error(network: Network, data: datasets.Dataset) -> Tensor:
    """Mean squared error of each image, ``(N,)``, on the scale [-1, 1]."""
    errors = []
    for start in range(0, len(data.toys), 100):
        piece = slice(start, start + 100)
        truth = torch.from_numpy(data.images[piece].astype("float32")) / 127.5 - 1
        drawn = network(torch.from_numpy(data.factors[piece]), torch.from_numpy(data.toys[piece]))
        errors.append((drawn - truth).square().mean((1, 2, 3)))
    return torch.cat(errors)


def train(folder: Path, settings: TrainingSettings, minutes_between_saves: float = 3.0) -> Run:
    """Train until ``settings.steps``, resuming from ``folder/checkpoint.pt`` if it exists; print progress."""
    data = datasets.load(folder, settings.images, seed=settings.seed)
    held_out = datasets.load(folder, settings.held_out, seed=settings.seed + 1)
    factors, toys = torch.from_numpy(data.factors), torch.from_numpy(data.toys)
    run, checkpoint = Run(settings), folder / "checkpoint.pt"
    if checkpoint.exists():
        run.load(checkpoint)
    else:
        run.network.calibrate(factors[:200], toys[:200])

    def step_loss(f: Tensor, t: Tensor, truth: Tensor) -> Tensor:
        with torch.autocast("cpu", torch.bfloat16):
            return loss(run.network(f, t), truth)

    started = saved = time.monotonic()
    first, smoothed = run.step, 0.0
    while run.step < settings.steps:
        random = torch.Generator().manual_seed(settings.seed * 1_000_003 + run.step)
        rows = torch.randint(len(toys), (settings.batch,), generator=random)
        truth = torch.from_numpy(data.images[rows.numpy()]).float() / 127.5 - 1
        run.network.iterate_spectral_norms()
        value = step_loss(factors[rows], toys[rows], truth)
        torch.autograd.backward(value)
        run.set_rates()
        for optimizer in run.optimizers:
            optimizer.step()
            optimizer.zero_grad()
        run.step += 1
        run.update_average()
        smoothed = value.item() if run.step == first + 1 else 0.98 * smoothed + 0.02 * value.item()
        if run.step % 100 == 0:
            pace = (time.monotonic() - started) / (run.step - first)
            print(f"step {run.step}  loss {smoothed:.4f}  {pace:.3f} s per step", flush=True)
        if time.monotonic() - saved > 60 * minutes_between_saves or run.step == settings.steps:
            _save(run, checkpoint)
            few = datasets.Dataset(held_out.images[:500], held_out.factors[:500], held_out.toys[:500])
            error = held_out_error(averaged_network(run), few).mean().item()
            print(
                f"step {run.step}  held-out {psnr(error):.2f} dB  {(saved - started) / 60:.0f} min",
                flush=True,
            )
            saved = time.monotonic()
    return run


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, help="folder for images (12 KB each) and checkpoint.pt")
    for name, value in vars(TrainingSettings()).items():
        parser.add_argument("--" + name.replace("_", "-"), type=type(value), default=value)
    arguments = vars(parser.parse_args())
    folder: Path = arguments.pop("folder")
    run = train(folder, TrainingSettings(**arguments))
    (folder / "toybox.safetensors").write_bytes(pack(averaged_network(run)))


if __name__ == "__main__":
    main()
