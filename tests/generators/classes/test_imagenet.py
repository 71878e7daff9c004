"""The bundled list of ImageNet classes: the right ids in the right order, and every name a way in."""

from collections import Counter

import pytest

from biggan_directions.errors import UnknownClassError
from biggan_directions.generators.classes.class_table import ClassTable
from biggan_directions.generators.classes.imagenet import imagenet_classes


def test_the_order_is_that_of_the_package_that_converted_biggan() -> None:
    utils = pytest.importorskip("pytorch_pretrained_biggan.utils")
    ours = {entry.wordnet_id: entry.index for entry in imagenet_classes()}
    assert ours == {f"n{offset:08d}": index for offset, index in utils.IMAGENET.items()}


def test_there_are_a_thousand_in_the_order_of_their_ids() -> None:
    entries = list(imagenet_classes())
    assert [entry.index for entry in entries] == list(range(1000))
    ids = [entry.wordnet_id or "" for entry in entries]
    assert ids == sorted(set(ids))
    assert len(ids[0]) == 9


@pytest.mark.parametrize(
    ("index", "wordnet_id", "name"),
    [  # known by heart, spread over the list: an off-by-one or a lost line shows
        (0, "n01440764", "tench"),
        (134, "n02012849", "crane"),
        (207, "n02099601", "golden retriever"),
        (517, "n03126707", "crane"),
        (817, "n04285008", "sports car"),
        (985, "n11939491", "daisy"),
        (999, "n15075141", "toilet tissue"),
    ],
)
def test_known_classes(index: int, wordnet_id: str, name: str) -> None:
    entry = imagenet_classes().entry(index)
    assert (entry.wordnet_id, entry.names[0]) == (wordnet_id, name)


def test_every_name_resolves_to_its_class_or_is_said_to_be_shared() -> None:
    table = imagenet_classes()
    shared = {name for name, count in _uses_of_names(table).items() if count > 1}
    for entry in table:
        for name in entry.names:
            for spelling in _spellings(name):
                if name.casefold() not in shared:
                    assert table.resolve(spelling).index == entry.index, spelling
                    continue
                with pytest.raises(UnknownClassError, match="could be any of") as caught:
                    table.resolve(spelling)
                assert f" {entry.index} {table.image_class(entry.index).name}" in str(caught.value)
    # a fixed list, so that a rule that refuses too much is seen
    assert shared == {
        *("sand viper", "grass snake", "partridge", "crawfish", "crayfish", "crane", "cardigan", "catamount"),
        *("panther", "sus scrofa", "polecat", "panda", "tub", "wagon", "gong", "horn", "harp", "maillot"),
        "missile",
    }


def _uses_of_names(table: ClassTable) -> Counter[str]:
    return Counter(name for entry in table for name in {name.casefold() for name in entry.names})


def _spellings(name: str) -> tuple[str, ...]:
    return name, name.upper(), name.replace(" ", "_"), name.replace("-", " "), f"  {name} "


def test_every_label_id_and_index_resolves_to_its_own_class() -> None:
    table = imagenet_classes()
    labels = set()
    for entry in table:
        expected = table.image_class(entry.index)
        assert " " not in expected.name
        for text in (
            expected.name,
            str(entry.index),
            entry.wordnet_id or "",
            (entry.wordnet_id or "").upper(),
        ):
            assert table.resolve(text) == expected, text
        labels.add(expected.name.casefold())
    assert len(labels) == 1000
