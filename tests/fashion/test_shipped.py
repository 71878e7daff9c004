"""Fashion as the catalog has it: classes, no truth, grey images of every class, and its classifier."""

from pathlib import Path

import pytest
import torch

from biggan_directions.errors import WeightsError
from biggan_directions.fashion import feature_network, image_spreads, shipped
from biggan_directions.fashion.clothes import CLOTHES
from biggan_directions.generators.capabilities import KnownTruth
from biggan_directions.generators.load import load_generator, read_model, verify
from biggan_directions.generators.weights.catalog import find_model
from biggan_directions.latents import sample_latents
from biggan_directions.training.image_set import ImageSet


def test_fashion_ships(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("BIGGAN_DIRECTIONS_CACHE", str(tmp_path / "never made"))
    loaded = read_model("fashion", offline=True)
    assert (loaded.name, loaded.license, loaded.facts.truncation) == ("fashion", "MIT", 1.0)
    assert (loaded.facts.resolution, loaded.facts.z_dim) == (32, 32)
    assert [item.names for item in loaded.facts.classes] == [(name,) for name in CLOTHES]
    assert verify("fashion").sha256 == loaded.sha256
    assert not (tmp_path / "never made").exists()
    size = Path(shipped.__file__).with_name(shipped.WEIGHTS_FILE).stat().st_size
    assert size <= 6_000_000
    assert size == pytest.approx(find_model("fashion").weights_bytes, rel=0.05)


def test_its_images_are_grey_varied_and_of_the_class_that_was_asked_for() -> None:
    """The classifier that ships assigns most images of each class to it, and they differ from each other."""
    generator = load_generator("fashion", "all")
    assert not isinstance(generator, KnownTruth)
    z = sample_latents(30, 32, truncation=1.0, seed=0, purpose="test")
    network = feature_network.feature_network()
    for index, name in enumerate(CLOTHES):
        images = generator(z, torch.full((30,), index))
        assert torch.equal(images[:, 0], images[:, 1]), name
        assert images.std(0).mean() > 0.05, name
        found = network(images).argmax(1)
        assert (found == index).float().mean() > 0.5, name


def test_spreads_are_measured_class_by_class() -> None:
    """Boxes 4, 8 or 12 pixels wide, and one class of equal ones."""
    images = torch.zeros(6, 1, 32, 32, dtype=torch.uint8)
    for row, width in enumerate((4, 8, 12, 6, 6, 6)):
        images[row, :, 8:16, 4 : 4 + width] = 255
    boxes = ImageSet(images=images, class_index=torch.tensor([0, 0, 0, 1, 1, 1]), names=("boxes", "same"))
    found = image_spreads.image_spreads(boxes)
    assert found["boxes"]["width"] == pytest.approx(4 / 32)
    assert (found["boxes"]["height"], found["boxes"]["brightness"]) == (0, 0)
    assert set(found["same"].values()) == {0}


def test_an_installation_without_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shipped, "WEIGHTS_FILE", "gone.safetensors")
    with pytest.raises(WeightsError, match=r"lacks the weights of fashion .*reinstall biggan-directions"):
        read_model("fashion")
    monkeypatch.setattr(shipped, "SPREADS_FILE", "gone.json")
    assert shipped.FASHION.image_spreads is not None
    with pytest.raises(WeightsError, match="lacks the image spreads of fashion"):
        shipped.FASHION.image_spreads()
    monkeypatch.setattr(feature_network, "_FILE", "gone.safetensors")
    with pytest.raises(WeightsError, match="lacks the classifier of fashion"):
        feature_network.feature_network()
