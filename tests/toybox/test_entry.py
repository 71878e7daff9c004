"""The toybox as the catalog has it: classes, truth, and what an installation without its weights says."""

from pathlib import Path

import pytest

from biggan_directions.errors import UnknownClassError, UsageError, WeightsError
from biggan_directions.generators import ImageClass
from biggan_directions.generators.biggan_deep.architecture import BigGANDeepWeights
from biggan_directions.generators.capabilities import KnownTruth
from biggan_directions.generators.load import load_generator, model_facts, read_model, verify
from biggan_directions.generators.weights.catalog import find_model
from biggan_directions.generators.weights.locating import cache_status, fetch_weights, locate_weights
from biggan_directions.toybox import FACTORS, TOYS, packed, save_checkpoint


def test_the_toybox(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("BIGGAN_DIRECTIONS_CACHE", str(tmp_path / "never made"))
    loaded = read_model("toybox", offline=True)
    weights = loaded.weights
    assert isinstance(weights, BigGANDeepWeights)
    assert (loaded.name, loaded.license, loaded.facts.truncation) == ("toybox", "MIT", 1.0)
    assert (weights.config.output_dim, weights.config.z_dim, weights.config.num_classes) == (64, 32, 10)
    assert verify("toybox").sha256 == loaded.sha256
    assert cache_status(find_model("toybox")).bytes_on_disk > 0
    assert not (tmp_path / "never made").exists()


def test_classes_and_truth(tmp_path: Path) -> None:
    """The names travel with the saved folder; the truth is the entry's, of these very weights."""
    save_checkpoint(tmp_path)
    for model in ("toybox", tmp_path):
        assert [entry.names for entry in model_facts(model).classes] == [(toy,) for toy in TOYS]
        assert load_generator(model, "duck").classes == (ImageClass(8, "duck"),)
    shipped, saved = load_generator("toybox", "duck"), load_generator(tmp_path, "duck")
    assert isinstance(shipped, KnownTruth)
    assert shipped.true_directions.names == FACTORS
    assert not isinstance(saved, KnownTruth)


def test_an_installation_without_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packed, "_FILE", "gone.safetensors")
    with pytest.raises(WeightsError, match="reinstall biggan-directions"):
        read_model("toybox")
    with pytest.raises(UnknownClassError, match="carr"):  # a misspelt class is said before anything is read
        load_generator("toybox", "carr")


def test_what_ships_is_not_fetched() -> None:
    for ask in (fetch_weights, locate_weights):
        with pytest.raises(UsageError, match="ships inside the package"):
            ask(find_model("toybox"))
