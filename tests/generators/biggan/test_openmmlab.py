"""OpenMMLab's names become the authors', and its colours are turned where they are in another order."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from biggan_directions.generators.biggan.weights_file import read_checkpoint
from biggan_directions.generators.load import load_generator
from biggan_directions.generators.weights.weight_folder import WeightFiles
from tests.support.biggan_checkpoints import openmmlab_state, small_biggan_state
from tests.support.checkpoints import saved
from tests.support.plain_biggan import small_sizes

State = dict[str, torch.Tensor]
CONVERTED, TRAINED = "biggan_cvt_rgb_1-ab.pth", "biggan_500k-ab.pth"


@pytest.fixture(scope="module")
def state() -> State:
    return small_biggan_state()


def write(path: Path, state: State, *, nested: bool = True) -> Path:
    path.write_bytes(saved({"meta": {"epoch": 0}, "state_dict": state} if nested else state))
    return path


@pytest.mark.parametrize("prefix", ["generator_ema.", "generator.", ""])
@pytest.mark.parametrize("nested", [True, False])
def test_each_tensor_has_its_place(state: State, prefix: str, nested: bool, tmp_path: Path) -> None:
    renamed = {
        name.replace("generator_ema.", prefix): tensor for name, tensor in openmmlab_state(state).items()
    }
    path = write(tmp_path / CONVERTED, renamed, nested=nested)
    sizes, found, _ = read_checkpoint(WeightFiles(config_path=None, state_path=path, sha256=""))
    assert sizes == small_sizes()
    assert all(torch.equal(tensor, state[name]) for name, tensor in found.items())


def test_the_averaged_generator_is_taken(state: State, tmp_path: Path) -> None:
    both = openmmlab_state(state)
    both |= {name.replace("_ema", ""): tensor + 1 for name, tensor in both.items()}
    path = write(tmp_path / CONVERTED, both)
    _, found, _ = read_checkpoint(WeightFiles(config_path=None, state_path=path, sha256=""))
    assert torch.equal(found["shared.weight"], state["shared.weight"])


def test_what_draws_blue_first_is_turned(state: State, tmp_path: Path) -> None:
    """Of two files with the same tensors, the one whose name says rgb draws red first."""
    z = torch.randn(2, 12, generator=torch.Generator().manual_seed(0))
    renamed = openmmlab_state(state)
    images = [load_generator(write(tmp_path / name, renamed), "3")(z) for name in (CONVERTED, TRAINED)]
    assert torch.allclose(images[0], images[1].flip(1), atol=1e-6)
    assert not torch.allclose(images[0], images[1], atol=0.1)
    folder = tmp_path / "folder"
    folder.mkdir()
    write(folder / TRAINED, renamed)
    (folder / "config.json").write_text('{"bgr": false}', "utf-8")
    assert torch.allclose(load_generator(folder, "3")(z), images[0], atol=1e-6)


def test_spectral_norm_as_torch_stores_it(state: State, tmp_path: Path) -> None:
    """Both colours' order and vectors: the singular vectors of torch's style are turned with the weight."""
    theirs: State = {}
    for name, tensor in openmmlab_state(state).items():
        stem, _, last = name.rpartition(".")
        if last == "u0":
            weight = openmmlab_state(state)[f"{stem}.weight"].flatten(1)
            right = torch.nn.functional.normalize(tensor @ weight)
            theirs[f"{stem}.weight_u"] = torch.nn.functional.normalize(right @ weight.T)[0]
            theirs[f"{stem}.weight_v"] = right[0]
        elif last == "weight" and f"{stem}.u0" in openmmlab_state(state):
            theirs[f"{stem}.weight_orig"] = tensor
        elif last != "sv0":
            theirs[name] = tensor
    z = torch.randn(2, 12, generator=torch.Generator().manual_seed(0))
    expected = load_generator(write(tmp_path / TRAINED, openmmlab_state(state)), "3")(z)
    path = write(tmp_path / f"torch_{TRAINED}", theirs)
    sizes, _, _ = read_checkpoint(WeightFiles(config_path=None, state_path=path, sha256=""))
    assert sizes == replace(small_sizes(), torch_style=True)
    assert torch.allclose(load_generator(path, "3")(z), expected, atol=1e-5)
