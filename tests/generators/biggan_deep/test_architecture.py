"""The classes of a BigGAN-deep checkpoint: those it lists, ImageNet's if it is published, or numbers."""

import json
from pathlib import Path

import pytest

from biggan_directions.errors import UnknownClassError
from biggan_directions.generators import ImageClass
from biggan_directions.generators.biggan_deep.architecture import BigGANDeep
from biggan_directions.generators.classes.class_table import ClassTable
from biggan_directions.generators.load import load_generator
from biggan_directions.generators.weights.weight_folder import WeightFiles
from tests.support.checkpoints import write_checkpoint
from tests.support.narrow_biggan import published_config


def classes_of(folder: Path, resolution: int = 128, *, width: int = 128, **listed: object) -> ClassTable:
    config = json.loads(published_config(resolution, channel_width=width).to_json_string())
    path = folder / "config.json"
    path.write_text(json.dumps({**config, **listed}), "utf-8")
    return BigGANDeep().facts(WeightFiles(config_path=path, state_path=path, sha256="")).classes


@pytest.mark.parametrize(("resolution", "width"), [(128, 128), (256, 128), (512, 128), (128, 8)])
def test_only_the_published_models_are_imagenets(resolution: int, width: int, tmp_path: Path) -> None:
    label = classes_of(tmp_path, resolution, width=width).image_class(207).name
    assert label == ("golden_retriever" if width == 128 else "class_207")


def test_a_list_of_classes_comes_before_imagenets(tmp_path: Path) -> None:
    listed = classes_of(tmp_path, classes=[f"breed {index}" for index in range(1000)])
    assert listed.resolve("breed 7").index == 7


def test_ten_classes_without_names_are_no_toys(tmp_path: Path) -> None:
    folder = write_checkpoint(tmp_path / "ten", num_classes=10)
    assert load_generator(folder, "all").classes[8] == ImageClass(8, "class_8")
    with pytest.raises(UnknownClassError, match="no class 'duck'"):
        load_generator(folder, "duck")
