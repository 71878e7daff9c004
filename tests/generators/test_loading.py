"""One call loads any model: from a folder, from the cache, or the one that ships."""

from importlib.resources import files
from pathlib import Path

import pytest
import torch
from pytorch_pretrained_biggan import BigGAN

from biggan_directions.errors import UsageError, WeightsError
from biggan_directions.generators.loading import load_checkpoint, verify
from biggan_directions.generators.weights.catalog import find_model
from biggan_directions.generators.weights.download import file_sha256
from biggan_directions.generators.weights.locating import cache_status, fetch_weights, locate_weights
from biggan_directions.toybox import packed as toybox_weights
from tests.support.checkpoints import small_state, write_checkpoint

needs_toybox = pytest.mark.skipif(
    not files("biggan_directions.toybox").joinpath("toybox.safetensors").is_file(),
    reason="the toybox has not been trained in this checkout",
)


def test_a_folder(tmp_path: Path) -> None:
    folder = write_checkpoint(tmp_path / "mine")
    loaded = load_checkpoint(str(folder))
    assert (loaded.name, loaded.truncation) == ("mine", 0.4)
    assert loaded.license.startswith("unknown")
    assert loaded.sha256 == file_sha256(folder / "pytorch_model.bin")
    assert all(torch.equal(loaded.state[name], tensor) for name, tensor in small_state().items())


@needs_toybox
def test_the_toybox(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("BIGGAN_DIRECTIONS_CACHE", str(tmp_path / "never made"))
    loaded = load_checkpoint("toybox", offline=True)
    assert (loaded.name, loaded.license, loaded.truncation) == ("toybox", "MIT", 1.0)
    assert (loaded.config.output_dim, loaded.config.z_dim, loaded.config.num_classes) == (64, 32, 10)
    BigGAN(loaded.config).load_state_dict(loaded.state, strict=True)
    assert verify("toybox").sha256 == loaded.sha256
    assert cache_status(find_model("toybox")).bytes_on_disk > 0
    assert not (tmp_path / "never made").exists()


@needs_toybox
def test_the_toybox_saved_as_a_folder_is_the_same(tmp_path: Path) -> None:
    toybox_weights.save_checkpoint(tmp_path)
    packaged, saved = load_checkpoint("toybox"), load_checkpoint(tmp_path)
    assert list(packaged.state) == list(saved.state)
    assert all(torch.equal(packaged.state[name], saved.state[name]) for name in saved.state)


def test_an_installation_without_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(toybox_weights, "_FILE", "gone.safetensors")
    with pytest.raises(WeightsError, match="reinstall biggan-directions"):
        load_checkpoint("toybox")


def test_what_ships_is_not_fetched() -> None:
    for ask in (fetch_weights, locate_weights):
        with pytest.raises(UsageError, match="ships inside the package"):
            ask(find_model("toybox"))
