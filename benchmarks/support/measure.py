"""Measure time and memory, describe the machine, and write results."""

import json
import os
import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

RESULTS = Path(__file__).parents[1] / "results"


def seconds(call: Callable[[], object], device: torch.device) -> float:
    """The seconds of one call, including the work that it queues on a GPU."""
    synchronise(device)
    begun = time.perf_counter()
    call()
    synchronise(device)
    return time.perf_counter() - begun


def synchronise(device: torch.device) -> None:
    """Wait for a GPU; does nothing on a CPU."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def alternately(
    calls: Sequence[Callable[[], object]], *, rounds: int, device: torch.device
) -> list[list[float]]:
    """Seconds of each call in each round, after one warm-up round; calls take turns, so load hits all."""
    times: list[list[float]] = [[] for _ in calls]
    for round_ in range(rounds + 1):
        for call, taken in zip(calls, times, strict=True):
            passed = seconds(call, device)
            if round_:
                taken.append(passed)
    return times


def paired_ratio(slow: Sequence[float], fast: Sequence[float]) -> dict[str, float]:
    """The ratio ``slow / fast`` over rounds: median, least and most."""
    ratios = [a / b for a, b in zip(slow, fast, strict=True)]
    return {"median": statistics.median(ratios), "least": min(ratios), "most": max(ratios)}


@dataclass(frozen=True)
class Limit:
    """An operation at the machine's highest speed, and its 10⁹ floating-point operations."""

    call: Callable[[], object]
    gflop: float


def matrix_product(device: torch.device, *, size: int = 2048) -> Limit:
    """A large float32 matrix product."""
    a = torch.randn(size, size, device=device)
    return Limit(lambda: a @ a, 2e-9 * size**3)


def convolution_3x3(device: torch.device) -> Limit:
    """A 3×3 convolution of an efficient size: 128 channels, 64×64 pixels, batch 4."""
    x = torch.randn(4, 128, 64, 64, device=device).contiguous(memory_format=torch.channels_last)
    weight = torch.randn(128, 128, 3, 3, device=device).contiguous(memory_format=torch.channels_last)
    return Limit(lambda: torch.conv2d(x, weight, padding=1), 2e-9 * 4 * 128 * 128 * 9 * 64 * 64)


def reset_peak(device: torch.device) -> int:
    """Reset the peak; returns the memory in use now. On a CPU this needs Linux."""
    if device.type == "cuda":
        torch.cuda.reset_peak_memory_stats(device)
        return torch.cuda.memory_allocated(device)
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
    return peak_bytes(device)


def peak_bytes(device: torch.device) -> int:
    """Peak memory since :func:`reset_peak`: resident in this process, or of the tensors on a GPU."""
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated(device)
    status = Path("/proc/self/status").read_text(encoding="ascii")
    (line,) = (line for line in status.splitlines() if line.startswith("VmHWM:"))
    return 1024 * int(line.split()[1])


def in_child(module: str, *arguments: str) -> dict[str, Any]:
    """The JSON that ``python -m benchmarks.module`` prints last; a child process has its own peak memory."""
    command = [sys.executable, "-m", f"benchmarks.{module}", *arguments]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    answer: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return answer


def machine(device: torch.device) -> dict[str, Any]:
    """The machine and versions of the measurement."""
    about: dict[str, Any] = {
        "processor": _processor(),
        "threads": torch.get_num_threads(),
        "torch": torch.__version__,
        "python": platform.python_version(),
        "load_average": os.getloadavg()[0],
    }
    if device.type == "cuda":
        about["gpu"] = torch.cuda.get_device_name(device)
    return about


def write(name: str, results: Mapping[str, Any], device: torch.device) -> Path:
    """Write ``results/name.json``, with the machine and the command."""
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / f"{name}.json"
    command = "python -m benchmarks." + " ".join([Path(sys.argv[0]).stem, *sys.argv[1:]])
    text = json.dumps({"command": command, "machine": machine(device), **results}, indent=2)
    path.write_text(text + "\n", encoding="utf-8")
    return path


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return f"{names[0]}, {len(names)} cores" if names else platform.processor()
