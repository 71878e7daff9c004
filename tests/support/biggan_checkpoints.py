"""Checkpoints of ajbrock's family with random weights, in the files that they are downloaded as."""

import io
import tarfile
import zipfile
from collections.abc import Mapping
from pathlib import Path

import torch

from biggan_directions.generators.biggan.sizes import Sizes
from tests.support.checkpoints import saved
from tests.support.plain_biggan import random_plain, small_sizes

State = dict[str, torch.Tensor]


def small_biggan_state(sizes: Sizes | None = None) -> State:
    """Tensors of a small network whose signals live, by the names of a published checkpoint."""
    return dict(random_plain(sizes or small_sizes()).state_dict())


def write_biggan(folder: Path, *, sizes: Sizes | None = None, name: str = "G_ema.pth") -> Path:
    """Write a checkpoint as torch before 2020 wrote it, which the published ones are of."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(saved(small_biggan_state(sizes), older_format=True))
    return folder


def packed(files: Mapping[str, bytes], kind: str) -> bytes:
    """A ``zip``, ``tar`` or ``tgz`` of these files by name."""
    content = io.BytesIO()
    if kind == "zip":
        with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, body in files.items():
                archive.writestr(name, body)
        return content.getvalue()
    with tarfile.open(fileobj=content, mode="w:gz" if kind == "tgz" else "w") as archive:
        for name, body in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(body)
            archive.addfile(member, io.BytesIO(body))
    return content.getvalue()


def openmmlab_state(state: State) -> State:
    """The same tensors by the names of OpenMMLab's modules."""
    renamed: State = {}
    places: dict[str, int] = {}
    for name, tensor in state.items():
        parts = name.split(".")
        if parts[0] == "blocks":
            place = places.setdefault(".".join(parts[1:3]), len(places))
            inner = parts[3:]
            if inner[0] in ("conv1", "conv2", "conv_sc"):
                inner[:1] = [{"conv_sc": "shortcut"}.get(inner[0], inner[0]), "conv"]
            elif inner[0] in ("theta", "phi", "g", "o"):
                inner.insert(1, "conv")
            elif inner[-1].startswith("stored_"):
                inner[1:] = ["bn", inner[-1].replace("stored", "running")]
            name = ".".join(["conv_blocks", str(place), *inner])
        elif parts[0] == "output_layer":
            last = parts[-1].replace("stored", "running")
            last = "weight" if last == "gain" else last
            name = f"output_layer.{'bn' if parts[1] == '0' else 'conv'}.{last}"
        else:
            name = name.replace("linear.", "noise2feat.").replace("shared.", "shared_embedding.")
        renamed[f"generator_ema.{name}"] = tensor
    count = torch.tensor(7)
    renamed |= {
        name.replace("running_mean", "num_batches_tracked"): count
        for name in renamed
        if "running_mean" in name
    }
    return renamed | {"discriminator.decision.weight": torch.zeros(1, 3)}
