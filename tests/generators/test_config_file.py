"""The classes that a model's config.json lists."""

import json
from pathlib import Path
from typing import Any

import pytest

from biggan_directions.errors import FileFormatError
from biggan_directions.generators import ImageClass
from biggan_directions.generators.config_file import LARGEST_CONFIG_BYTES, read_class_list, read_config_values


def config(folder: Path, **values: Any) -> Path:
    path = folder / "config.json"
    path.write_text(json.dumps(values), "utf-8")
    return path


def test_names_and_objects(tmp_path: Path) -> None:
    path = config(tmp_path, classes=["mug", {"name": "pine tree"}, {"names": ["duck", "mallard"], "more": 1}])
    table = read_class_list(path, 3)
    assert table is not None
    assert table.resolve("Pine_Tree") == ImageClass(1, "pine_tree")
    assert table.resolve("mallard") == ImageClass(2, "duck")


def test_no_list(tmp_path: Path) -> None:
    assert read_class_list(config(tmp_path, z_dim=4), 3) is None


@pytest.mark.parametrize(
    ("classes", "says"),
    [
        ("mug", 'classes is "mug", expected a list'),
        ({"0": "mug"}, 'classes is {"0": "mug"}, expected a list'),
        (["mug"], "lists 1 classes, but the model has 3: list each of them, or none"),
        (["mug", "car", 7], r"classes\[2\] is 7, expected text or an object"),
        (["mug", "car", ""], "no name for class 2"),
        (["mug", "car", " . "], "no name for class 2"),
        (["mug", "car", "x" * 201], r"classes\[2\] is .*, expected text of length <= 200"),
        (["mug", {"names": []}, "car"], "no name for class 1"),
        (["mug", {"names": "car"}, "car"], r"classes\[1\]\.names is \"car\", expected a list"),
        (["mug", {"names": ["car"] * 101}, "car"], r"classes\[1\]\.names is .* of length <= 100"),
        (["mug", {"wordnet_id": "n1"}, "car"], "no name for class 1"),
        ([["mug"], "car", "car"], r"classes\[0\] is .*, expected text or an object"),
    ],
)
def test_lists_that_cannot_be(classes: object, says: str, tmp_path: Path) -> None:
    with pytest.raises(FileFormatError, match=says) as caught:
        read_class_list(config(tmp_path, classes=classes), 3)
    assert str(tmp_path / "config.json") in str(caught.value)


@pytest.mark.parametrize(
    "classes",
    [
        ["a", "a", "a_0"],
        ["0", "1", "2"],
        ["2", "0", "1"],
        ["all", "All", "ALL"],
        ["-1", "+2", "07"],
        ["crane", "CRANE", "crane_0"],
        ["a_1", "a", "a"],
    ],
)
def test_every_label_is_its_own_classes(classes: list[str], tmp_path: Path) -> None:
    table = read_class_list(config(tmp_path, classes=classes), 3)
    assert table is not None
    labels = [table.image_class(index) for index in range(3)]
    assert [table.resolve(label.name) for label in labels] == labels
    assert len({label.name.casefold() for label in labels}) == 3
    assert "all" not in {label.name.casefold() for label in labels}


def test_what_is_no_object_or_too_large(tmp_path: Path) -> None:
    path = config(tmp_path, classes=["x" * LARGEST_CONFIG_BYTES])
    with pytest.raises(FileFormatError, match="bytes"):
        read_config_values(path)
    path.write_text("[]", "utf-8")
    with pytest.raises(FileFormatError, match=r"it is \[\], expected an object"):
        read_config_values(path)
