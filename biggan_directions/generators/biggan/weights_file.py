"""Read a checkpoint of ajbrock's family: from a file, or from within an archive, and whatever else it is.

Nothing is unpickled or unpacked, every tensor that the network requires must be there with its shape and be
finite, and what does not fit is named tensor by tensor.
"""

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, BinaryIO

import torch
from msgspec import Meta, Struct

from biggan_directions.errors import FileFormatError
from biggan_directions.files.file_kind import kind_of
from biggan_directions.files.packed_file import opened_inside
from biggan_directions.files.plain_json import read_json
from biggan_directions.files.torch_file import read_torch
from biggan_directions.generators.biggan.openmmlab import is_openmmlabs, red_first, renamed
from biggan_directions.generators.biggan.sizes import BN_EPS, SN_EPS, NoSizesError, Sizes, sizes_of
from biggan_directions.generators.config_file import LARGEST_CONFIG_BYTES
from biggan_directions.generators.weights.candidates import member_of
from biggan_directions.generators.weights.tensor_check import checked_tensors
from biggan_directions.generators.weights.weight_folder import WeightFiles

LARGEST_BYTES = 8 * 1024**3  # the 138k folder of the release, all of its optimizers included, has some 2 GB
_WHAT = "a checkpoint of a BigGAN generator"
_MOST_NAMED = 6  # tensors of each kind in an error

State = dict[str, torch.Tensor]

# What a file is whose tensors have such names.
_FOREIGN = (
    ("param_groups", "an optimizer's state"),
    ("embed.", "a discriminator's weights"),
    ("embeddings.weight", "a BigGAN-deep of pytorch_pretrained_biggan, which needs its config.json"),
    ("generator.layers.", "a BigGAN-deep of pytorch_pretrained_biggan, which needs its config.json"),
    ("blocks.0.0.conv3.", "a BigGAN-deep of the authors' code, which cannot be read"),
    ("GBlock.", "a conversion of TensorFlow Hub's weights, which cannot be read"),
)


class CheckpointSettings(Struct, frozen=True):
    """What a ``config.json`` may say beside a checkpoint, and no tensor says."""

    bn_eps: Annotated[float, Meta(gt=0, lt=1)] = BN_EPS
    sn_eps: Annotated[float, Meta(gt=0, lt=1)] = SN_EPS
    bgr: bool | None = None  # whether OpenMMLab's weights draw blue first; None: as the file's name says


def read_checkpoint(files: WeightFiles) -> tuple[Sizes, State, str]:
    """Read and check the sizes, the tensors and the checksum of a checkpoint.

    Returns:
        The sizes; float32 tensors on the CPU by the names of :meth:`Sizes.expected_shapes`; and the SHA-256
        of the file that holds them, which is the same inside an archive.

    Raises:
        FileFormatError: the file is not such a checkpoint; the sentence names what does not fit.
    """
    settings = _settings(files.config_path)
    found, where, sha256 = _read(files)
    if is_openmmlabs(found):
        bgr = settings.bgr if settings.bgr is not None else "_rgb" not in files.state_path.name
        found = red_first(renamed(found)) if bgr else renamed(found)
    sizes = _sizes(found, where, settings)
    needed = sizes.expected_shapes()
    _check_fit(found, needed, sizes, where)
    return sizes, checked_tensors({name: found[name] for name in needed}, needed, where=where), sha256


def _settings(config_path: Path | None) -> CheckpointSettings:
    if config_path is None:
        return CheckpointSettings()
    return read_json(
        config_path, CheckpointSettings, largest=LARGEST_CONFIG_BYTES, what="a BigGAN's configuration"
    )


def _read(files: WeightFiles) -> tuple[State, str, str]:
    """The tensors of a file, what errors call it, and its SHA-256."""
    path = files.state_path
    with opened_inside(path, LARGEST_BYTES, lambda names: member_of(names, where=str(path))) as (
        file,
        size,
        where,
    ):
        head = file.read(512)
        file.seek(0)
        if kind := kind_of(head):
            page = head.lstrip().lower().startswith((b"<!doctype", b"<html"))
            raise FileFormatError(
                f"{where} is a web page, not {_WHAT}: Google Drive sends one where a file was downloaded too "
                "often that day; download it again later, or from another place"
                if page
                else f"{where} is {kind}, not {_WHAT}"
            )
        sha256 = files.sha256
        if where != str(path):
            sha256 = _sha256(file)
            file.seek(0)
        found: object = read_torch(file, size, where=where, what=_WHAT)
    if isinstance(found, dict) and isinstance(found.get("state_dict"), dict):  # as OpenMMLab writes it
        found = found["state_dict"]
    if not isinstance(found, dict) or not all(isinstance(name, str) for name in found):
        raise FileFormatError(f"{where} does not hold a dict of tensors by name, as a checkpoint does")
    _refuse_foreign(found, where)
    if not all(isinstance(tensor, torch.Tensor) for tensor in found.values()):
        raise FileFormatError(f"{where} does not hold tensors alone, as {_WHAT} does")
    return found, where, sha256


def _sha256(file: BinaryIO) -> str:
    digest = hashlib.sha256()
    while block := file.read(2**20):
        digest.update(block)
    return digest.hexdigest()


def _refuse_foreign(found: Mapping[str, object], where: str) -> None:
    for beginning, kind in _FOREIGN:
        if any(name.startswith(beginning) for name in found):
            raise FileFormatError(
                f"{where} is {kind}, not {_WHAT} of ajbrock's family: its generator is usually in G_ema.pth"
            )


def _sizes(found: State, where: str, settings: CheckpointSettings) -> Sizes:
    shapes = {name: tuple(tensor.shape) for name, tensor in found.items()}
    try:
        return sizes_of(shapes, bn_eps=settings.bn_eps, sn_eps=settings.sn_eps)
    except NoSizesError as error:
        raise FileFormatError(
            f"{where} is not {_WHAT} of ajbrock's family with hierarchical z: {error}"
        ) from error


def _check_fit(found: State, needed: Mapping[str, torch.Size], sizes: Sizes, where: str) -> None:
    """Name every tensor that is missing, unexpected, or of another shape than the rest call for."""
    wrong = [
        f"{name} is {tuple(found[name].shape)}, expected {tuple(shape)}"
        for name, shape in needed.items()
        if name in found and found[name].shape != shape
    ]
    # a log of the training, which nothing depends on
    unexpected = [name[:200] for name in found if name not in needed and not name.endswith(".sv0")]
    missing = [name for name in needed if name not in found]
    parts = [
        *([f"missing {_listed(missing)}"] if missing else []),
        *([f"unexpected {_listed(unexpected)}"] if unexpected else []),
        *([_listed(wrong)] if wrong else []),
    ]
    if parts:
        widths = ", ".join(map(str, sizes.channels))
        raise FileFormatError(
            f"{where} does not fit a generator of {sizes.resolution} pixels with the widths {widths}, which "
            f"its other tensors call for: {'; '.join(parts)}"
        )


def _listed(names: list[str]) -> str:
    more = len(names) - _MOST_NAMED
    return ", ".join(names[:_MOST_NAMED]) + (f" and {more} more" if more > 0 else "")
