"""Reading sets of images: three layouts, any image that Pillow reads, and a sentence for everything else."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from biggan_directions.errors import BigganDirectionsError, FileFormatError, UsageError
from biggan_directions.training.pictures import read_parts, read_pictures
from tests.support.picture_sets import NAMES, shapes, write_folder, write_idx, write_npz


def test_the_three_layouts(tmp_path: Path) -> None:
    grey, labels = shapes(48)
    for path in (write_npz(tmp_path / "a.npz"), write_idx(tmp_path / "idx")):
        found = read_pictures(path, resolution=32, names=NAMES)
        assert found.names == NAMES
        assert torch.equal(found.class_index, labels)
        assert found.images.shape == (48, 1, 32, 32)
        assert torch.equal(found.images[:, 0, 2:30, 2:30], grey)  # surrounded with black
        assert int(found.images.sum()) == int(grey.sum())
    found = read_pictures(write_folder(tmp_path / "folder"), resolution=32)
    assert found.names == NAMES
    assert found.images.shape == (48, 3, 32, 32)
    assert torch.bincount(found.class_index).tolist() == [16, 16, 16]
    assert read_pictures(tmp_path / "a.npz", resolution=64).names == ("class_0", "class_1", "class_2")


def test_an_image_of_a_folder_is_upright_square_on_white_and_of_eight_bits(tmp_path: Path) -> None:
    folder = tmp_path / "set" / "one"
    folder.mkdir(parents=True)
    ramp = np.tile(np.linspace(0, 65535, 32).astype(np.uint16), (32, 1))
    Image.fromarray(ramp).save(folder / "a.png")  # 16 bits
    Image.new("RGBA", (32, 32), (0, 0, 0, 0)).save(folder / "b.png")  # transparent
    turned = np.zeros((64, 96, 3), np.uint8)
    turned[:, :48] = 255
    orientation = Image.Exif()
    orientation[0x0112] = 3  # upside down
    Image.fromarray(turned).save(folder / "c.png", exif=orientation)
    Image.new("RGB", (40, 40), (9, 99, 199)).save(folder / "d.webp", lossless=True)
    (folder / ".hidden").write_text("left out")
    found = read_pictures(tmp_path / "set", resolution=32).images
    assert found.shape == (4, 3, 32, 32)
    assert (found[0, 0, 0].int() - torch.from_numpy(ramp[0] // 257).int()).abs().max() <= 1
    assert int(found[1].min()) == 255
    assert (int(found[2, 0, 5, 3]), int(found[2, 0, 5, 28])) == (0, 255)
    assert [set(channel.flatten().tolist()) for channel in found[3]] == [{9}, {99}, {199}]


def test_a_phone_s_picture_with_a_second_one_behind_it_is_a_still_image(tmp_path: Path) -> None:
    folder = tmp_path / "set" / "one"
    folder.mkdir(parents=True)
    front, behind = (Image.new("RGB", (32, 32), colour) for colour in ("red", "blue"))
    front.save(folder / "a.jpg", format="MPO", save_all=True, append_images=[behind])
    assert read_pictures(tmp_path / "set", resolution=32).images[0, 0].float().mean() > 200


def test_grey_images_in_colour_files_are_grey(tmp_path: Path) -> None:
    (tmp_path / "one").mkdir()
    Image.new("RGB", (32, 32), (90, 90, 90)).save(tmp_path / "one" / "a.png")
    assert read_pictures(tmp_path, resolution=32).channels == 1
    Image.new("RGB", (32, 32), (90, 90, 91)).save(tmp_path / "one" / "b.png")
    assert read_pictures(tmp_path, resolution=32).channels == 3


def _truncated(folder: Path) -> None:
    Image.effect_noise((64, 64), 90).save(folder / "whole.jpg")
    content = (folder / "whole.jpg").read_bytes()
    (folder / "whole.jpg").unlink()
    (folder / "bad.jpg").write_bytes(content[: len(content) // 2])


def _animated(folder: Path) -> None:
    frames = [Image.new("L", (32, 32), level) for level in (0, 90, 200)]
    frames[0].save(folder / "bad.gif", save_all=True, append_images=frames[1:])


def _text(folder: Path) -> None:
    (folder / "bad.txt").write_text("a list of images")


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (_truncated, "damaged or cut short"),
        (_animated, "an animation"),
        (_text, "not an image that Pillow reads"),
    ],
)
def test_a_file_that_cannot_be_read_is_named_or_skipped(
    spoil: Callable[[Path], None], said: str, tmp_path: Path
) -> None:
    folder = write_folder(tmp_path)
    spoil(folder / "post")
    with pytest.raises(FileFormatError, match=rf"post.bad\.\w+ .*{said}.*--skip-unreadable"):
        read_pictures(folder, resolution=32)
    found = read_pictures(folder, resolution=32, skip_unreadable=True)
    assert len(found) == 48
    assert [Path(name).stem for name in found.skipped] == ["bad"]


def _damaged(path: Path) -> Path:
    """A compressed file with one byte changed amid its images."""
    noise = np.random.default_rng(0).integers(0, 9, (64, 28, 28), np.uint8)
    np.savez_compressed(path, images=noise, labels=np.zeros(64, int))
    content = bytearray(path.read_bytes())
    content[2000:2100] = bytes(100)
    path.write_bytes(content)
    return path


def _npz(path: Path, **arrays: Any) -> Path:
    np.savez(path, **arrays)
    return path


BAD: dict[str, tuple[Callable[[Path], Path], str]] = {
    "absent": (lambda place: place / "absent", "there is no"),
    "empty": (lambda place: place, "has no subfolder: expected a folder with a subfolder"),
    "other file": (lambda place: _file(place / "a.zip"), "expected a folder"),
    "loose images": (lambda place: _file(place / "a.png").parent, "put its images into a subfolder"),
    "empty class": (lambda place: _class(place), "cannot|no image that can be read"),
    "no arrays": (lambda place: _npz(place / "a.npz", pixels=np.zeros(3)), "has no array"),
    "floats": (
        lambda place: _npz(place / "a.npz", images=np.zeros((2, 8, 8)), labels=np.zeros(2, int)),
        "float64 .* expected uint8",
    ),
    "objects": (
        lambda place: _npz(place / "a.npz", images=np.array([{}]), labels=np.zeros(1, int)),
        "cannot be read as an .npz",
    ),
    "lengths": (
        lambda place: _npz(place / "a.npz", images=np.zeros((3, 8, 8), np.uint8), labels=np.zeros(2, int)),
        "3 images but 2 labels",
    ),
    "none": (
        lambda place: _npz(place / "a.npz", images=np.zeros((0, 8, 8), np.uint8), labels=np.zeros(0, int)),
        "has no images",
    ),
    "below 0": (
        lambda place: _npz(place / "a.npz", images=np.zeros((2, 8, 8), np.uint8), labels=np.array([0, -1])),
        "label below 0",
    ),
    "gap": (
        lambda place: _npz(place / "a.npz", images=np.zeros((2, 8, 8), np.uint8), labels=np.array([0, 2])),
        "class 'class_1' has no images",
    ),
    "too large": (
        lambda place: _npz(place / "a.npz", images=np.zeros((1, 60, 40), np.uint8), labels=np.zeros(1, int)),
        "40×60 pixels: try --resolution 64",
    ),
    "label of a billion": (
        lambda place: _npz(
            place / "a.npz", images=np.zeros((2, 8, 8), np.uint8), labels=np.array([0, 10**9])
        ),
        "the class 'class_1' has no images",
    ),
    "damaged and compressed": (lambda place: _damaged(place / "a.npz"), "cannot be read as an .npz"),
    "not an npz": (lambda place: _file(place / "a.npz"), "cannot be read as an .npz"),
}


def _file(path: Path) -> Path:
    path.write_bytes(b"nothing of the kind")
    return path


def _class(place: Path) -> Path:
    (place / "one").mkdir()
    return place


@pytest.mark.parametrize("what", BAD)
def test_every_other_set_is_a_sentence(what: str, tmp_path: Path) -> None:
    make, said = BAD[what]
    with pytest.raises(BigganDirectionsError, match=said):
        read_pictures(make(tmp_path), resolution=32)


def test_names_must_be_names_and_as_many_as_the_classes(tmp_path: Path) -> None:
    path = write_npz(tmp_path / "a.npz")
    for names, said in (
        (("a", "b"), "there are 2 names"),
        (("a", "b", "b"), "'b'"),
        (("a", "b", ".."), "'..'"),
    ):
        with pytest.raises(UsageError, match=said):
            read_pictures(path, resolution=32, names=names)


def test_the_part_that_judges_is_not_the_part_that_is_fitted_to(tmp_path: Path) -> None:
    write_idx(tmp_path / "idx", "train", 48)
    write_idx(tmp_path / "idx", "t10k", 12)
    fitted, judging = read_parts(tmp_path / "idx", resolution=32)
    assert (len(fitted), len(judging)) == (48, 12)
    fitted, judging = read_parts(write_folder(tmp_path / "folder"), resolution=32)
    assert (len(fitted), len(judging), fitted.held_out) == (45, 3, 0.1)
    fitted, judging = read_parts(tmp_path / "folder", resolution=32, held_out=0.2)
    assert (len(fitted), len(judging)) == (39, 9)
    rows = {bytes(image.numpy().tobytes()) for image in fitted.images}
    assert not rows & {bytes(image.numpy().tobytes()) for image in judging.images}
