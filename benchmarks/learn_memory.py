"""Measure the main command at full size: time, what its dry run says, peak memory, and rendering.

python -m benchmarks.learn_memory                   BigGAN-deep-128, six directions, default settings
python -m benchmarks.learn_memory --resolution 256
python -m benchmarks.learn_memory --latents 2       less time, same memory: latents are measured one by one

The weights are random, in the published layout. The machine should be idle.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import torch

from benchmarks.support.measure import write
from tests.support.narrow_biggan import published_config, random_biggan


def main() -> None:
    """Write random weights, learn directions in them, and write the results."""
    options = _options()
    if options.make:
        make(Path(options.make), options.resolution)
        return
    with tempfile.TemporaryDirectory() as folder:
        # in a process of its own, because a child's peak memory includes that of its parent at the fork
        itself = [sys.executable, "-m", "benchmarks.learn_memory", "--resolution", str(options.resolution)]
        subprocess.run([*itself, "--make", folder], check=True)
        words = [
            "learn",
            "--model",
            folder,
            "--class",
            "golden_retriever",
            "--out",
            f"{folder}/out",
            "--json",
        ]
        words += [] if options.latents is None else ["--latents", str(options.latents)]
        tool = [sys.executable, "-m", "biggan_directions"]
        said = json.loads(told_and_peak([*tool, *words, "--dry-run"])[0])
        begun = time.perf_counter()
        answer, peak = told_and_peak([*tool, *words])
        taken = time.perf_counter() - begun
        begun = time.perf_counter()
        told_and_peak([*tool, "render", f"{folder}/out/directions.pt", "--model", folder, "--json"])
        rendering = time.perf_counter() - begun
    results = {"resolution": options.resolution, "latents": options.latents, "seconds": taken}
    results |= {"seconds_said": said["seconds"], "images_said": said["images_per_run"]}
    results |= {"peak_bytes": peak, "render_seconds": rendering}
    results |= {"stability": [row.get("stability") for row in json.loads(answer)["directions"]]}
    print(
        f"learn: {taken:.0f} s, said by the dry run: {said['seconds']:.0f} s; {peak / 1e9:.2f} GB peak memory"
    )
    print(f"render: {rendering:.0f} s")
    name = "learn_memory" if options.resolution == 128 else f"learn_memory_{options.resolution}"
    print(f"written to {write(name, results, torch.device('cpu'))}")


def make(folder: Path, resolution: int) -> None:
    """Random weights in the published layout, in the format of the published files."""
    config = published_config(resolution)
    state, path = random_biggan(config).state_dict(), folder / "pytorch_model.bin"
    torch.save(state, path, _use_new_zipfile_serialization=False)
    (folder / "config.json").write_text(config.to_json_string(), encoding="utf-8")


def told_and_peak(command: list[str]) -> tuple[str, int]:
    """The output of a command, and its peak resident memory in bytes."""
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        told = process.stdout.read()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{' '.join(command)} ended with {process.returncode}")
    return told, usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--resolution", type=int, default=128, choices=[128, 256, 512])
    parser.add_argument("--latents", type=int, help="latents to measure at; default of learn")
    parser.add_argument("--make", help=argparse.SUPPRESS)
    return parser.parse_args()


if __name__ == "__main__":
    main()
