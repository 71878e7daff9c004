"""A checkpoint is read whole and as it is, or refused with the name of what is wrong."""

import json
import pickle
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from pytorch_pretrained_biggan import BigGAN, BigGANConfig
from safetensors.torch import save_file

from biggan_directions.errors import FileFormatError
from biggan_directions.generators.biggan_deep.layout import expected_shapes, load_state, read_config
from biggan_directions.generators.weights.weight_folder import WeightFiles, find_pair, unrecorded
from tests.support.checkpoints import SMALL, small_state, write_checkpoint
from tests.support.hostile import Runs


def files_in(folder: Path) -> WeightFiles:
    pair = find_pair(folder)
    assert pair is not None
    return unrecorded(pair)


@pytest.mark.parametrize("older_format", [False, True])
def test_what_was_written_is_read(tmp_path: Path, older_format: bool) -> None:
    config, state = load_state(files_in(write_checkpoint(tmp_path, older_format=older_format)))
    assert list(state) == list(BigGAN(config).state_dict())
    assert all(torch.equal(state[name], tensor) for name, tensor in small_state().items())
    BigGAN(config).load_state_dict(state, strict=True)


def test_safetensors_in_half_precision_become_float32(tmp_path: Path) -> None:
    write_checkpoint(tmp_path)
    (tmp_path / "pytorch_model.bin").unlink()
    half = {name: tensor.half() for name, tensor in small_state().items()}
    save_file(half, tmp_path / "model.safetensors")
    _, state = load_state(files_in(tmp_path))
    assert {tensor.dtype for tensor in state.values()} == {torch.float32}
    assert all(torch.equal(state[name], half[name].float()) for name in half)


NAME = "generator.layers.2.conv_1.bias"


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda s: s.pop(NAME), f"no tensor '{NAME}'"),
        (lambda s: s.update({NAME: torch.zeros(5)}), rf"tensor '{NAME}' of .* is \(5,\), expected \(8,\)"),
        (lambda s: s[NAME].fill_(float("nan")), f"tensor '{NAME}' of .* not finite"),
        (lambda s: s[NAME].__setitem__(3, float("inf")), f"tensor '{NAME}' of .* not finite"),
        (lambda s: s.update({NAME: torch.zeros(8).int()}), f"tensor '{NAME}' of .* is torch.int32"),
        (lambda s: s.update({NAME: torch.eye(8).to_sparse()}), "_rebuild_sparse_tensor' and was not run"),
        (lambda s: s.update(more=torch.eye(1)), "a tensor 'more' that its configuration has no place for"),
        (lambda s: s.update({NAME: [1.0, 2.0]}), "does not hold a dict of tensors"),
    ],
)
def test_the_first_wrong_tensor_is_named(
    tmp_path: Path, change: Callable[[dict[str, Any]], object], says: str
) -> None:
    files, state = files_in(write_checkpoint(tmp_path)), small_state()
    change(state)
    torch.save(state, files.state_path)
    with pytest.raises(FileFormatError, match=says):
        load_state(files)


@pytest.mark.parametrize("protocol", ["zip", "older", "bare pickle"])
def test_code_in_a_checkpoint_never_runs(tmp_path: Path, protocol: str) -> None:
    files, mark = files_in(write_checkpoint(tmp_path)), tmp_path / "ran"
    state: dict[str, Any] = {**small_state(), "extra": Runs(mark)}
    if protocol == "bare pickle":
        files.state_path.write_bytes(pickle.dumps(state))
    else:
        torch.save(state, files.state_path, _use_new_zipfile_serialization=protocol == "zip")
    with pytest.raises(FileFormatError, match="never run") as caught:
        load_state(files)
    assert not mark.exists()
    assert "weights_only=False" not in str(caught.value)  # torch's own advice, which is to run it


@pytest.mark.parametrize("older_format", [False, True])
@pytest.mark.parametrize("share", [0.0, 0.4, 0.9, 0.999])
def test_a_file_cut_short_is_refused(tmp_path: Path, older_format: bool, share: float) -> None:
    files = files_in(write_checkpoint(tmp_path, older_format=older_format))
    whole = files.state_path.read_bytes()
    files.state_path.write_bytes(whole[: int(share * len(whole))])
    with pytest.raises(FileFormatError, match="cut short"):
        load_state(files)


def test_a_file_far_too_large_is_refused_unread(tmp_path: Path) -> None:
    files = files_in(write_checkpoint(tmp_path))
    with files.state_path.open("ab") as file:
        file.truncate(10 * 1024**3)  # sparse: takes no room, but would to read
    with pytest.raises(FileFormatError, match="expected about"):
        load_state(files)


def test_the_configuration_of_another_model(tmp_path: Path) -> None:
    files = files_in(write_checkpoint(tmp_path))
    config_file(tmp_path, {**SMALL, "num_classes": 4})
    with pytest.raises(FileFormatError, match=r"'embeddings.weight' .* is \(4, 3\), expected \(4, 4\)"):
        load_state(files)


def config_file(folder: Path, values: dict[str, Any]) -> Path:
    path = folder / "config.json"
    path.write_text(json.dumps(values), "utf-8")
    return path


def test_a_configuration_is_read_as_it_is(tmp_path: Path) -> None:
    config = read_config(config_file(tmp_path, SMALL))
    found = {key: getattr(config, key) for key in SMALL}
    assert {**found, "layers": [list(block) for block in config.layers]} == SMALL


DEEP = [*SMALL["layers"], [False, 1, 1], [True, 1, 1]]


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"attention_layer_position": 0},
        {"attention_layer_position": 3, "channel_width": 9},
        {"attention_layer_position": 40},
        {"layers": DEEP, "output_dim": 32, "num_classes": 7, "n_stats": 5, "z_dim": 3, "class_embed_dim": 3},
    ],
)
def test_names_shapes_and_order_are_those_of_the_package(changes: dict[str, Any]) -> None:
    config = BigGANConfig(**{**SMALL, **changes})
    stock = {name: tensor.shape for name, tensor in BigGAN(config).state_dict().items()}
    assert list(expected_shapes(config).items()) == list(stock.items())


def test_the_published_configuration_is_accepted(tmp_path: Path) -> None:
    path = tmp_path / "config.json"
    path.write_text(BigGANConfig().to_json_string(), "utf-8")
    assert path.stat().st_size == 630  # as the file on the Hub
    shapes = expected_shapes(read_config(path))
    assert 4 * sum(shape.numel() for shape in shapes.values()) == 210_749_700  # the Hub says 211 MB


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"z_dim": "4"}, 'z_dim is "4", expected a whole number'),
        ({"z_dim": True}, "z_dim is true"),
        ({"z_dim": 4.0}, r"z_dim is 4\.0"),
        ({"n_stats": 1}, "n_stats is 1, expected a whole number >= 2"),
        ({"channel_width": 10**9}, "channel_width is 1000000000, expected a whole number <= 1024"),
        ({"num_classes": -1}, "num_classes is -1"),
        ({"class_embed_dim": 5}, "class_embed_dim is 5, expected z_dim, 4"),
        ({"eps": 0}, "eps is 0"),
        ({"eps": float("nan")}, "eps is NaN"),
        ({"eps": float("inf")}, "eps is Infinity, expected a number < 1"),
        ({"eps": True}, "eps is true"),
        ({"eps": None}, "eps is null"),
        ({"output_dim": 32}, "output_dim is 32, but its layers draw 16 pixels"),
        ({"layers": []}, r"layers is \[\]"),
        ({"layers": [[False, 16, 16]] * 65}, "expected a list of length <= 64"),
        ({"layers": [[0, 16, 8]]}, r"layers\[0\]\[0\] is 0, expected true or false"),
        ({"layers": [[False, 16, True]]}, r"layers\[0\]\[2\] is true, expected a whole number"),
        (
            {"layers": [[False, 16, 8], [True, 4, 2]]},
            r"layers\[1\] is \[true, 4, 2\], expected \[true or false, 8, 8 or its half\]",
        ),
        ({"layers": [[False, 16, 4]]}, r"layers\[0\] is"),
        ({"layers": [[False, 16, 8], [True, 8, 4], [True, 4, 2]]}, "layers end at 2 times the width"),
        ({"layers": [[False, 16, 8, 1]]}, r"layers\[0\] is \[false, 16, 8, 1\], expected a list of length 3"),
    ],
)
def test_values_that_cannot_be(tmp_path: Path, changes: dict[str, Any], says: str) -> None:
    with pytest.raises(FileFormatError, match=says):
        read_config(config_file(tmp_path, {**SMALL, **changes}))


@pytest.mark.parametrize("key", list(SMALL))
def test_a_missing_value_is_named(tmp_path: Path, key: str) -> None:
    path = config_file(tmp_path, {name: value for name, value in SMALL.items() if name != key})
    with pytest.raises(FileFormatError, match=f"{key} is missing"):
        read_config(path)


@pytest.mark.parametrize(
    "content",
    [
        *(b"", b"<html>Please log in</html>", b"\xff\xfe", b"[]", b'"text"', b"null"),
        *(b"[" * 60_000, b'{"z_dim": ' + b"9" * 10_000 + b"}", b" " * 1_100_000),
    ],
)
def test_what_is_not_a_configuration(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "config.json"
    path.write_bytes(content)
    with pytest.raises(FileFormatError) as caught:
        read_config(path)
    assert len(str(caught.value)) < 300 + len(str(path))


def test_a_file_that_has_gone(tmp_path: Path) -> None:
    files = files_in(write_checkpoint(tmp_path))
    shutil.rmtree(tmp_path)
    with pytest.raises(FileFormatError, match="cannot be read"):
        load_state(files)
