"""What the catalog promises about each model, and how a name finds one."""

from dataclasses import replace

import pytest

from biggan_directions.errors import UsageError
from biggan_directions.generators.classes.imagenet import imagenet_classes
from biggan_directions.generators.weights import catalog
from biggan_directions.generators.weights.catalog import CATALOG, HubSource, UrlSource, find_model, register
from tests.support.small_weights import small


def test_the_models_there_are() -> None:
    published = [f"biggan-deep-{resolution}" for resolution in (128, 256, 512)]
    assert [entry.name for entry in CATALOG] == ["toybox", "fashion", *published]


@pytest.mark.parametrize("resolution", [128, 256, 512])
def test_published_models(resolution: int) -> None:
    entry = find_model(f"biggan-deep-{resolution}")
    assert (entry.resolution, entry.z_dim) == (resolution, 128)
    assert (entry.num_classes, entry.truncation) == (1000, 0.4)
    assert not entry.bundled
    assert entry.classes is imagenet_classes()
    last = entry.sources[-1]
    assert isinstance(last, UrlSource)
    assert last.weights_url.startswith("https://")
    assert last.weights_url.endswith(f"/biggan-deep-{resolution}-pytorch_model.bin")
    assert last.config_url.endswith(f"/biggan-deep-{resolution}-config.json")


def test_addresses_are_those_of_the_package() -> None:
    model = pytest.importorskip("pytorch_pretrained_biggan.model")
    for name, url in model.PRETRAINED_MODEL_ARCHIVE_MAP.items():
        source = find_model(name).sources[-1]
        assert isinstance(source, UrlSource)
        assert (source.weights_url, source.config_url) == (url, model.PRETRAINED_CONFIG_ARCHIVE_MAP[name])


def test_the_hub_comes_first_where_it_has_a_copy_and_is_pinned() -> None:
    source = find_model("biggan-deep-128").sources[0]
    assert isinstance(source, HubSource)
    assert len(source.revision) == 40
    assert source.sha256 is not None
    assert len(source.sha256) == 64


def test_another_model_that_ships_is_one_registration(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(catalog, "CATALOG", list(CATALOG))
    faces = replace(find_model("toybox"), name="faces")
    register(faces)
    names = ["toybox", "fashion", "faces", "biggan-deep-128"]
    assert [entry.name for entry in catalog.CATALOG[:4]] == names
    assert find_model("Faces") is faces
    with pytest.raises(UsageError, match="there is a model 'faces' already"):
        register(faces)


def test_an_entry_without_names_has_numbers() -> None:
    assert [item.names[0] for item in small().classes] == ["class_0", "class_1", "class_2"]


def test_toybox_ships_with_the_package() -> None:
    entry = find_model("toybox")
    assert entry.bundled
    assert (entry.resolution, entry.z_dim, entry.num_classes, entry.truncation) == (64, 32, 10, 1.0)


@pytest.mark.parametrize("text", ["BigGAN-Deep-128", "biggan_deep_128", " biggan-deep-128 "])
def test_a_name_in_any_case(text: str) -> None:
    assert find_model(text).name == "biggan-deep-128"


def test_unknown_names_are_told_the_nearest_or_all() -> None:
    with pytest.raises(UsageError, match="did you mean biggan-deep-256"):
        find_model("bigan-deep-256")
    with pytest.raises(UsageError, match="the models are toybox, fashion, biggan-deep-128"):
        find_model("zzz")
