"""A checkpoint is read from whatever it is downloaded as; what is none is said in one sentence."""

import hashlib
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from biggan_directions.errors import BigganDirectionsError, FileFormatError, WeightsError
from biggan_directions.generators.biggan.weights_file import read_checkpoint
from biggan_directions.generators.weights.locating import locate_weights
from tests.support.biggan_checkpoints import packed, small_biggan_state, write_biggan
from tests.support.checkpoints import saved, small_state
from tests.support.plain_biggan import small_sizes

State = dict[str, torch.Tensor]


@pytest.fixture(scope="module")
def state() -> State:
    return small_biggan_state()


@pytest.fixture(scope="module")
def body(state: State) -> bytes:
    return saved(state, older_format=True)


def check_is(state: State, path: Path, body: bytes) -> None:
    sizes, found, sha256 = read_checkpoint(locate_weights(path))
    assert sizes == small_sizes()
    assert list(found) == list(sizes.expected_shapes())
    assert all(torch.equal(tensor, state[name]) for name, tensor in found.items())
    assert sha256 == hashlib.sha256(body).hexdigest()


@pytest.mark.parametrize("older_format", [False, True])
def test_a_bare_checkpoint(state: State, tmp_path: Path, older_format: bool) -> None:
    content = saved(state, older_format=older_format)
    (tmp_path / "G_ema.pth").write_bytes(content)
    check_is(state, tmp_path, content)
    check_is(state, tmp_path / "G_ema.pth", content)


@pytest.mark.parametrize("kind", ["zip", "tar", "tgz"])
def test_in_an_archive_it_is_the_same_and_nothing_is_unpacked(
    state: State, body: bytes, kind: str, tmp_path: Path
) -> None:
    files = {"138k/D.pth": b"", "__MACOSX/138k/._G_ema.pth": b"", "138k/G.pth": b"", "138k/G_ema.pth": body}
    path = tmp_path / f"download.{kind}"
    path.write_bytes(packed(files, kind))
    check_is(state, path, body)
    check_is(state, tmp_path, body)
    assert list(tmp_path.iterdir()) == [path]


def test_the_whole_folder_of_the_release(state: State, body: bytes, tmp_path: Path) -> None:
    for name in ("D.pth", "D_optim.pth", "G.pth", "G_optim.pth", "state_dict.pth"):
        (tmp_path / name).write_bytes(b"")
    (tmp_path / "G_ema.pth").write_bytes(body)
    check_is(state, tmp_path, body)


def test_what_no_tensor_says_may_stand_in_a_configuration(body: bytes, tmp_path: Path) -> None:
    (tmp_path / "G_ema.pth").write_bytes(body)
    (tmp_path / "config.json").write_text(json.dumps({"bn_eps": 1e-4, "sn_eps": 1e-5}), "utf-8")
    sizes, _, _ = read_checkpoint(locate_weights(tmp_path))
    assert sizes == replace(small_sizes(), bn_eps=1e-4, sn_eps=1e-5)
    (tmp_path / "config.json").write_text(json.dumps({"bn_eps": 0}), "utf-8")
    with pytest.raises(FileFormatError, match=r"bn_eps is 0, expected a number > 0"):
        read_checkpoint(locate_weights(tmp_path))


def without(state: State, *names: str) -> State:
    return {name: tensor for name, tensor in state.items() if name not in names}


def of_a_discriminator(state: State) -> Any:
    kept = {name: tensor for name, tensor in state.items() if name.startswith(("blocks.", "linear."))}
    return {**kept, "embed.weight": torch.zeros(5, 8)}


def of_an_optimizer(state: State) -> Any:
    parameter = torch.nn.Parameter(torch.zeros(3))
    optimizer = torch.optim.Adam([parameter])
    parameter.grad = torch.ones(3)
    optimizer.step()
    return optimizer.state_dict()


BAD: dict[str, tuple[Callable[[State], Any], str]] = {
    "a discriminator's": (
        of_a_discriminator,
        "is a discriminator's weights, not a checkpoint of a BigGAN gen",
    ),
    "an optimizer's": (of_an_optimizer, "is an optimizer's state, not a checkpoint of a BigGAN generator"),
    "BigGAN-deep's": (
        lambda _: small_state(),
        "is a BigGAN-deep of pytorch_pretrained_biggan, which needs its",
    ),
    "the authors' deep one": (
        lambda state: {**state, "blocks.0.0.conv3.weight": torch.zeros(1)},
        "is a BigGAN-deep of the authors' code",
    ),
    "TensorFlow Hub's": (lambda _: {"GBlock.0.conv0.module.weight_bar": torch.zeros(1)}, "TensorFlow Hub's"),
    "of another size": (
        lambda state: {**state, "blocks.1.0.conv2.weight": torch.zeros(20, 20, 3, 3)},
        r"of 32 pixels with the widths 32, 16, 8, 8, which its other tensors call for: "
        r"blocks\.1\.0\.conv2\.weight is \(20, 20, 3, 3\), expected \(8, 8, 3, 3\)$",
    ),
    "lacking one, with one too many": (
        lambda state: {**without(state, "blocks.0.0.bn1.gain.weight"), "extra": torch.zeros(1)},
        r"missing blocks\.0\.0\.bn1\.gain\.weight; unexpected extra$",
    ),
    "lacking many": (
        lambda state: {name: t for name, t in state.items() if not name.endswith(".u0")},
        r"missing linear\.u0, blocks\.0\.0\.bn1\.gain\.u0, .* and 21 more$",
    ),
    "without hierarchy": (
        lambda state: without(state, "shared.weight"),
        r"of ajbrock's family with hierarchical z: shared\.weight is absent",
    ),
    "not finite": (
        lambda state: {**state, "linear.bias": torch.full((512,), float("nan"))},
        r"'linear.bias' of .* has values that are not finite",
    ),
    "whole numbers": (
        lambda state: {**state, "linear.bias": torch.zeros(512, dtype=torch.int64)},
        r"'linear.bias' of .* is torch.int64",
    ),
    "a list": (lambda state: list(state), "does not hold a dict of tensors by name"),
    "text": (lambda _: {"shared.weight": "text"}, "does not hold tensors alone"),
}


@pytest.mark.parametrize("kind", BAD)
def test_what_is_no_such_checkpoint_is_one_sentence(kind: str, state: State, tmp_path: Path) -> None:
    make, says = BAD[kind]
    (tmp_path / "G_ema.pth").write_bytes(saved(make(state)))
    with pytest.raises(FileFormatError, match=says) as caught:
        read_checkpoint(locate_weights(tmp_path))
    assert str(tmp_path / "G_ema.pth") in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"<!DOCTYPE html><html><head><title>Google Drive - Quota exceeded</title>", "is a web page, not a"),
        (b"\n<html>", "is a web page, not a checkpoint of a BigGAN generator: Google Drive sends one where"),
        (b"version https://git-lfs.github.com/spec/v1\n", "is a text file, not a checkpoint"),
        (b"GIF89a" + bytes(600), "is a GIF animation, not a checkpoint"),
        (bytes(600), "is damaged, cut short, or not a checkpoint of a BigGAN generator"),
        (b"", "is damaged, cut short, or not a checkpoint of a BigGAN generator"),
    ],
)
def test_files_that_are_none(content: bytes, says: str, tmp_path: Path) -> None:
    (tmp_path / "G_ema.pth").write_bytes(content)
    with pytest.raises(FileFormatError, match=says):
        read_checkpoint(locate_weights(tmp_path))


def test_archives_that_hold_two_or_none(body: bytes, tmp_path: Path) -> None:
    path = tmp_path / "download.zip"
    path.write_bytes(packed({"a/G_ema.pth": body, "b/G_ema.pth": body}, "zip"))
    with pytest.raises(FileFormatError, match=r"holds a/G_ema.pth and b/G_ema.pth: which is meant\?"):
        read_checkpoint(locate_weights(path))
    path.write_bytes(packed({"138k/D.pth": body, "138k/readme": b""}, "zip"))
    with pytest.raises(FileFormatError, match=r"no weights .* found 138k/D.pth, 138k/readme"):
        read_checkpoint(locate_weights(path))
    path.write_bytes(packed({"138k/G_ema.pth": b"<html>"}, "zip"))
    with pytest.raises(FileFormatError, match=rf"138k/G_ema.pth in {path} is a web page"):
        read_checkpoint(locate_weights(path))


def test_folders_that_hold_two_or_none(body: bytes, tmp_path: Path) -> None:
    (tmp_path / "D.pth").write_bytes(body)
    with pytest.raises(WeightsError, match=r"lacks weights: .* or G_ema.pth, alone or in a zip or tar"):
        locate_weights(tmp_path)
    for name in ("G.pth", "G_ema_best.pth"):
        (tmp_path / name).write_bytes(body)
    with pytest.raises(WeightsError, match=r"holds G.pth and G_ema_best.pth: which is meant\?"):
        locate_weights(tmp_path)
    write_biggan(tmp_path)
    assert locate_weights(tmp_path).state_path.name == "G_ema.pth"


def test_every_truncated_file_is_one_sentence(body: bytes, tmp_path: Path) -> None:
    for kind in ("zip", "tar", "tgz"):
        whole = packed({"G_ema.pth": body}, kind)
        for share in (0.001, 0.3, 0.9):
            path = tmp_path / f"download.{kind}"
            path.write_bytes(whole[: int(share * len(whole))])
            with pytest.raises(BigganDirectionsError) as caught:
                read_checkpoint(locate_weights(path))
            assert str(path) in str(caught.value)
