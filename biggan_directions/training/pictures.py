"""Sets of images from the disk: a folder for each class, idx files, or an ``.npz``."""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image, ImageOps, UnidentifiedImageError
from torch import Tensor

from biggan_directions.errors import FileFormatError, UsageError
from biggan_directions.generators.classes.class_table import is_name
from biggan_directions.training.idx_file import read_idx
from biggan_directions.training.image_set import ImageSet

HELD_OUT = 0.1  # of each class
_LAYOUTS = (
    "expected a folder with a subfolder of images for each class, a folder with the files "
    "train-images-idx3-ubyte and train-labels-idx1-ubyte, or an .npz file with the arrays images and labels"
)
_SIXTEEN_BITS = ("I;16", "I;16B", "I;16L", "I;16N")


def read_pictures(
    path: Path, *, resolution: int, names: Sequence[str] = (), skip_unreadable: bool = False
) -> ImageSet:
    """Read a set of images with classes.

    In a folder with a subfolder for each class, an image may have any size and any format that Pillow reads:
    its central square is resized. The images of idx files and of an ``.npz`` have one size; smaller ones are
    surrounded with black.

    Args:
        path: the folder, or the ``.npz`` file, in which ``images`` are bytes ``(N, H, W)`` or
            ``(N, H, W, 3)`` and ``labels`` whole numbers ``(N,)`` from 0.
        resolution: side of the images in pixels.
        names: the classes' names; those of the subfolders, or the labels, where left out.
        skip_unreadable: leave files out that cannot be read, and name them in the result.

    Raises:
        UsageError: the path is none of these, or the names are not as many as the classes.
        FileFormatError: a file cannot be read.
    """
    own: tuple[str, ...] = ()
    skipped: tuple[str, ...] = ()
    if path.is_file() and path.suffix.lower() == ".npz":
        images, labels = _read_npz(path)
    elif not path.is_dir():
        what = "there is no" if not path.exists() else f"{_LAYOUTS}: not"
        raise UsageError(f"{what} {path}")
    elif found := _idx_file(path, "train"):
        images, labels = _read_idx_pair(found)
    else:
        images, labels, own, skipped = _read_folder(path, resolution, skip_unreadable)
    return _image_set(images, labels, tuple(names) or own, skipped, resolution, path)


def read_parts(
    path: Path,
    *,
    resolution: int,
    names: Sequence[str] = (),
    skip_unreadable: bool = False,
    held_out: float = HELD_OUT,
) -> tuple[ImageSet, ImageSet]:
    """Images to train on, and others to judge by, that no network is trained on.

    The others are the test files ``t10k-…`` of idx files, and of any other set a share of each class: see
    :meth:`ImageSet.parts`.

    Args and raises are those of :func:`read_pictures`; ``held_out`` is the share, from 0 to 0.5.
    """
    images = read_pictures(path, resolution=resolution, names=names, skip_unreadable=skip_unreadable)
    if path.is_dir() and (test := _idx_file(path, "t10k")):
        return images, _image_set(*_read_idx_pair(test), images.names, (), resolution, path)
    return images.parts(held_out)


def _idx_file(folder: Path, part: str) -> Path | None:
    """The idx file of images of a part of the set."""
    files = (folder / f"{part}-images-idx3-ubyte{ending}" for ending in (".gz", ""))
    return next((file for file in files if file.is_file()), None)


def _read_idx_pair(images: Path) -> tuple[Tensor, Tensor]:
    """The images, and the labels of the file that belongs to them."""
    labels = images.with_name(images.name.replace("-images-idx3-", "-labels-idx1-"))
    return read_idx(images, dims=3), read_idx(labels, dims=1).long()


def _image_set(
    images: Tensor,
    labels: Tensor,
    names: tuple[str, ...],
    skipped: tuple[str, ...],
    resolution: int,
    path: Path,
) -> ImageSet:
    """Check a set, and bring its images ``(N, H, W)`` or ``(N, H, W, 3)`` to the resolution."""
    if len(images) != len(labels):
        raise FileFormatError(f"{path} has {len(images)} images but {len(labels)} labels")
    if not len(images):
        raise UsageError(f"{path} has no images: {_LAYOUTS}")
    if int(labels.min()) < 0:
        raise FileFormatError(f"{path} has a label below 0: labels count from 0")
    count = int(labels.max()) + 1
    if names and len(names) < count:
        raise UsageError(f"{path} has {count} classes, but there are {len(names)} names for them")
    # Before names are made: a damaged label may be any number.
    present = np.unique(labels.numpy()).tolist()
    empty = next((index for index, label in enumerate(present) if index != label), len(present))
    if empty < max(count, len(names)):
        raise UsageError(f"the class {names[empty] if names else f'class_{empty}'!r} has no images in {path}")
    names = names or tuple(f"class_{index}" for index in range(count))
    for name in names:
        if not is_name(name) or names.count(name) > 1:
            raise UsageError(
                f"{name!r} is no name for a class: it needs a letter or digit, and to be the only one"
            )
    images = images[:, None] if images.ndim == 3 else images.permute(0, 3, 1, 2)
    if images.shape[1] == 3 and bool((images[:, :1] == images).all()):
        images = images[:, :1]  # grey images stay grey by construction
    height, width = images.shape[2:]
    if max(height, width) > resolution:
        raise UsageError(
            f"the images of {path} have {width}×{height} pixels: try --resolution "
            f"{next((size for size in (32, 64, 128) if size >= max(height, width)), 128)}"
        )
    left, top = (resolution - width) // 2, (resolution - height) // 2
    images = F.pad(images, (left, resolution - width - left, top, resolution - height - top))
    return ImageSet(images=images.contiguous(), class_index=labels, names=names, skipped=skipped)


def _read_npz(path: Path) -> tuple[Tensor, Tensor]:
    """The arrays ``images`` and ``labels``; nothing is unpickled."""
    try:
        with np.load(path, allow_pickle=False) as arrays:
            images, labels = arrays["images"], arrays["labels"]
    except KeyError as error:
        raise FileFormatError(f"{path} has no array {error.args[0].split()[0]}: {_LAYOUTS}") from error
    except (OSError, ValueError, EOFError, MemoryError, zlib.error, zipfile.BadZipFile) as error:
        raise FileFormatError(f"{path} cannot be read as an .npz file: {error}") from error
    if images.dtype != np.uint8 or not (images.ndim == 3 or (images.ndim == 4 and images.shape[3] == 3)):
        raise FileFormatError(
            f"the array images of {path} is {images.dtype} {images.shape}, "
            "expected uint8 (N, H, W) or (N, H, W, 3)"
        )
    if labels.dtype.kind not in "iu" or labels.ndim != 1:
        raise FileFormatError(
            f"the array labels of {path} is {labels.dtype} {labels.shape}, expected whole numbers (N,)"
        )
    return torch.from_numpy(images), torch.from_numpy(labels.astype(np.int64))


def _read_folder(
    folder: Path, resolution: int, skip_unreadable: bool
) -> tuple[Tensor, Tensor, tuple[str, ...], tuple[str, ...]]:
    """Images, labels, the classes' names, and the files that were skipped."""
    classes = [item for item in _visible(folder) if item.is_dir()]
    if not classes:
        loose = any(item.is_file() for item in _visible(folder))
        hint = "; put its images into a subfolder named after their class" if loose else ""
        raise UsageError(f"{folder} has no subfolder: {_LAYOUTS}{hint}")
    images: list[Tensor] = []
    labels: list[int] = []
    skipped: list[str] = []
    for label, item in enumerate(classes):
        before = len(images)
        for file in _files(item):
            try:
                images.append(_read_image(file, resolution))
            except FileFormatError as error:
                if not skip_unreadable:
                    raise FileFormatError(f"{error}: remove it, or use --skip-unreadable") from error
                skipped.append(str(file.relative_to(folder)))
            else:
                labels.append(label)
        if len(images) == before:
            raise UsageError(f"{item} has no image that can be read: {_LAYOUTS}")
    names = tuple(item.name for item in classes)
    return torch.stack(images), torch.tensor(labels), names, tuple(skipped)


def _visible(folder: Path) -> list[Path]:
    return sorted(item for item in folder.iterdir() if not item.name.startswith("."))


def _files(folder: Path) -> Iterator[Path]:
    """The files of a class, at any depth, in the order of their names."""
    for item in _visible(folder):
        if item.is_dir():
            yield from _files(item)
        else:
            yield item


def _read_image(path: Path, resolution: int) -> Tensor:
    """One image as bytes ``(R, R, 3)``: upright, on white, its central square resized.

    Raises:
        FileFormatError: Pillow cannot read it, or it is an animation.
    """
    try:
        with Image.open(path) as opened:
            # a phone's MPO is a still image with a second, smaller one behind it
            if getattr(opened, "n_frames", 1) > 1 and opened.format != "MPO":
                raise FileFormatError(f"{path} is an animation, expected a still image")
            image = ImageOps.exif_transpose(opened)
            if image.mode in _SIXTEEN_BITS or image.mode == "I":
                levels = np.asarray(image).astype(np.int64).clip(0, 65535)
                image = Image.fromarray((levels // 257).astype(np.uint8))
            if image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info:
                image = image.convert("RGBA")
                ground = Image.new("RGBA", image.size, "white")
                image = Image.alpha_composite(ground, image)
            image = ImageOps.fit(image.convert("RGB"), (resolution, resolution), Image.Resampling.LANCZOS)
    except UnidentifiedImageError as error:
        raise FileFormatError(f"{path} is not an image that Pillow reads") from error
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise FileFormatError(f"{path} is damaged or cut short ({error})") from error
    return torch.from_numpy(np.array(image))
