"""A folder of this family is recognised, its sizes and classes are known, and every command's calls work."""

import json
from pathlib import Path

import pytest
import torch

from biggan_directions.errors import FileFormatError
from biggan_directions.generators.biggan.architecture import ARCHITECTURE, BigGAN
from biggan_directions.generators.biggan.hierarchical_biggan import HierarchicalBigGAN
from biggan_directions.generators.biggan.sizes import Sizes
from biggan_directions.generators.load import load_generator, model_facts, read_model
from biggan_directions.generators.registry import names
from biggan_directions.generators.weights.weight_folder import WeightFiles
from tests.support.biggan_checkpoints import small_biggan_state, write_biggan
from tests.support.checkpoints import saved, small_state, write_checkpoint
from tests.support.plain_biggan import published_sizes, small_sizes


def test_it_is_one_of_the_architectures() -> None:
    assert names() == ["biggan", "biggan-deep"]
    assert isinstance(ARCHITECTURE, BigGAN)


def test_a_folder_without_a_configuration(tmp_path: Path) -> None:
    folder = write_biggan(tmp_path / "mine")
    facts = model_facts(folder)
    assert (facts.resolution, facts.z_dim, len(facts.classes), facts.truncation) == (32, 12, 5, 1.0)
    generator = load_generator(folder, ["class_3", "1"])
    assert isinstance(generator, HierarchicalBigGAN)
    assert [item.name for item in generator.classes] == ["class_3", "class_1"]
    assert (generator.model, generator.truncation) == (str(folder), 1.0)
    assert load_generator(folder, "0", truncation=0.35).truncation == 0.35
    assert generator(torch.zeros(1, 12)).shape == (1, 3, 32, 32)


def test_a_configuration_may_name_the_classes(tmp_path: Path) -> None:
    folder = write_biggan(tmp_path / "mine")
    listed = {"classes": ["owl", "cat", "dog", "fox", "hen"]}
    (folder / "config.json").write_text(json.dumps({"architecture": "biggan", **listed}), "utf-8")
    assert load_generator(folder, "fox").classes[0].index == 3
    (folder / "config.json").write_text(json.dumps({"bn_eps": 1e-5, **listed}), "utf-8")
    assert load_generator(folder, "fox").classes[0].index == 3
    (folder / "config.json").write_text(json.dumps(listed), "utf-8")
    with pytest.raises(
        FileFormatError, match=r'no architecture .* write for example "architecture": "biggan"'
    ):
        load_generator(folder, "fox")


@pytest.mark.parametrize(
    ("sizes", "label"),
    [
        (published_sizes(128), "golden_retriever"),
        (published_sizes(256), "golden_retriever"),
        (published_sizes(128, width=8), "class_207"),
        (Sizes(**{**vars(small_sizes()), "num_classes": 1000}), "class_207"),
    ],
)
def test_only_networks_of_the_published_sizes_have_imagenets_classes(
    sizes: Sizes, label: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    import biggan_directions.generators.biggan.architecture as module

    monkeypatch.setattr(module, "read_checkpoint", lambda _: (sizes, {}, ""))
    files = WeightFiles(config_path=None, state_path=Path("G_ema.pth"), sha256="")
    assert BigGAN().facts(files).classes.image_class(207).name == label


def test_parameters_are_counted_in_both_families(tmp_path: Path) -> None:
    weights = read_model(write_biggan(tmp_path / "mine")).weights
    assert weights.parameters == small_sizes().parameters()
    learnt = [
        tensor.numel()
        for name, tensor in small_state().items()
        if "running" not in name and not name.endswith(("_u", "_v"))
    ]
    assert read_model(write_checkpoint(tmp_path / "deep")).weights.parameters == sum(learnt)


def test_deep_weights_under_this_familys_name(tmp_path: Path) -> None:
    (tmp_path / "G_ema.pth").write_bytes(saved(small_state()))
    with pytest.raises(
        FileFormatError, match="is a BigGAN-deep of pytorch_pretrained_biggan, which needs its"
    ):
        load_generator(tmp_path, "0")
    (tmp_path / "config.json").write_text('{"architecture": "biggan-deep"}', "utf-8")
    with pytest.raises(FileFormatError, match=r"is not a BigGAN-deep configuration: output_dim is missing"):
        load_generator(tmp_path, "0")


def test_this_familys_weights_where_deep_ones_should_be(tmp_path: Path) -> None:
    folder = write_checkpoint(tmp_path / "deep")
    (folder / "pytorch_model.bin").write_bytes(saved(small_biggan_state()))
    with pytest.raises(FileFormatError):
        load_generator(folder, "0")
