"""What the catalog promises about each model, and how a name finds one."""

from dataclasses import replace

import pytest

from biggan_directions.errors import UsageError
from biggan_directions.generators.classes.imagenet import imagenet_classes
from biggan_directions.generators.weights import catalog
from biggan_directions.generators.weights.catalog import (
    CATALOG,
    DriveSource,
    FileSource,
    HubSource,
    UrlSource,
    find_model,
    register,
)
from tests.support.plain_biggan import published_sizes
from tests.support.small_weights import small


def test_the_models_there_are() -> None:
    published = [f"biggan-deep-{resolution}" for resolution in (128, 256, 512)]
    assert [entry.name for entry in CATALOG] == ["toybox", "fashion", *published, "biggan-128"]


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


def test_the_papers_own_model() -> None:
    entry = find_model("BigGAN-128")
    assert (entry.resolution, entry.z_dim, entry.num_classes, entry.truncation) == (128, 120, 1000, 1.0)
    assert entry.parameters == published_sizes(128).parameters() == 70_433_988
    assert abs(entry.weights_bytes / 4 - entry.parameters) < 0.01 * entry.parameters
    assert entry.classes.resolve(entry.portrait).index == 207
    drive, *mirrors = entry.sources
    assert isinstance(drive, DriveSource)
    assert drive.address == "https://drive.google.com/uc?id=1nAle7FCVFZdix2--ks0r5JBkFnKw8ctW"
    assert [mirror.address.split("/")[2] for mirror in mirrors] == [
        "www.dropbox.com",
        "download.openmmlab.com",
    ]
    for mirror in mirrors:
        assert isinstance(mirror, FileSource)
        assert mirror.url.startswith("https://")
        assert mirror.sha256
        assert mirror.file_name.endswith((".tar", f"-{mirror.sha256}.pth"))


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
