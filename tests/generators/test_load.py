"""One call loads any model: from a folder, from the cache, or the one that ships."""

from importlib.resources import files
from pathlib import Path

import pytest
import torch
from pytorch_pretrained_biggan import BigGAN

from biggan_directions.errors import UnknownClassError, UsageError, WeightsError
from biggan_directions.generators import ImageClass
from biggan_directions.generators.biggan_deep.architecture import BigGANDeepWeights
from biggan_directions.generators.capabilities import KnownTruth
from biggan_directions.generators.load import load_generator, model_facts, read_model, verify
from biggan_directions.generators.weights.catalog import find_model
from biggan_directions.generators.weights.download import file_sha256
from biggan_directions.generators.weights.locating import cache_status, fetch_weights, locate_weights
from biggan_directions.toybox import FACTORS, TOYS
from biggan_directions.toybox import packed as toybox_weights
from tests.support.checkpoints import small_state, write_checkpoint

needs_toybox = pytest.mark.skipif(
    not files("biggan_directions.toybox").joinpath("toybox.safetensors").is_file(),
    reason="the toybox has not been trained in this checkout",
)


def test_a_folder(tmp_path: Path) -> None:
    folder = write_checkpoint(tmp_path / "mine")
    loaded = read_model(str(folder))
    assert (loaded.name, loaded.facts.truncation) == ("mine", 0.4)
    assert loaded.license.startswith("unknown")
    assert loaded.sha256 == file_sha256(folder / "pytorch_model.bin")
    assert all(torch.equal(loaded.weights.state[name], tensor) for name, tensor in small_state().items())


@needs_toybox
def test_the_toybox(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("BIGGAN_DIRECTIONS_CACHE", str(tmp_path / "never made"))
    loaded = read_model("toybox", offline=True)
    weights = loaded.weights
    assert isinstance(weights, BigGANDeepWeights)
    assert (loaded.name, loaded.license, loaded.facts.truncation) == ("toybox", "MIT", 1.0)
    assert (weights.config.output_dim, weights.config.z_dim, weights.config.num_classes) == (64, 32, 10)
    BigGAN(weights.config).load_state_dict(weights.state, strict=True)
    assert verify("toybox").sha256 == loaded.sha256
    assert cache_status(find_model("toybox")).bytes_on_disk > 0
    assert not (tmp_path / "never made").exists()


@needs_toybox
def test_the_toybox_saved_as_a_folder_is_the_same(tmp_path: Path) -> None:
    toybox_weights.save_checkpoint(tmp_path)
    packaged, saved = read_model("toybox").weights, read_model(tmp_path).weights
    assert list(packaged.state) == list(saved.state)
    assert all(torch.equal(packaged.state[name], saved.state[name]) for name in saved.state)


def test_an_installation_without_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(toybox_weights, "_FILE", "gone.safetensors")
    with pytest.raises(WeightsError, match="reinstall biggan-directions"):
        read_model("toybox")


def test_what_ships_is_not_fetched() -> None:
    for ask in (fetch_weights, locate_weights):
        with pytest.raises(UsageError, match="ships inside the package"):
            ask(find_model("toybox"))


@needs_toybox
def test_the_toyboxs_classes_and_truth(tmp_path: Path) -> None:
    """The names travel with the saved folder; the truth is the entry's, of these very weights."""
    toybox_weights.save_checkpoint(tmp_path)
    for model in ("toybox", tmp_path):
        assert [entry.names for entry in model_facts(model).classes] == [(toy,) for toy in TOYS]
        assert load_generator(model, "duck").classes == (ImageClass(8, "duck"),)
    shipped, saved = load_generator("toybox", "duck"), load_generator(tmp_path, "duck")
    assert isinstance(shipped, KnownTruth)
    assert shipped.true_directions.names == FACTORS
    assert not isinstance(saved, KnownTruth)
    BigGAN.from_pretrained(str(tmp_path))  # the stock package passes the names over


def test_ten_classes_without_names_are_no_toys(tmp_path: Path) -> None:
    folder = write_checkpoint(tmp_path / "ten", num_classes=10)
    assert load_generator(folder, "all").classes[8] == ImageClass(8, "class_8")
    with pytest.raises(UnknownClassError, match="no class 'duck'"):
        load_generator(folder, "duck")


def test_a_misspelt_class_is_said_before_anything_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(toybox_weights, "_FILE", "gone.safetensors")
    with pytest.raises(UnknownClassError, match="carr"):
        load_generator("toybox", "carr")
