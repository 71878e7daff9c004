"""The bundled list of ImageNet classes: the right ids in the right order, and every name a way in."""

from collections import Counter

import pytest

from biggan_directions.errors import UnknownClassError
from biggan_directions.generators.classes.class_table import ClassTable
from biggan_directions.generators.classes.imagenet import imagenet_classes, resolve_class


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


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("cat", ["281 tabby", "282 tiger_cat", "283 Persian_cat"]),
        (
            "crane",
            ["134 crane_134 (large long-necked wading bird", "517 crane_517 (lifts and moves heavy objects"],
        ),
        ("maillot", ["638 maillot_638", "639 maillot_639"]),
        ("retriever", ["205 flat-coated_retriever", "207 golden_retriever"]),
        ("dog", ["153 Maltese_dog", "and 2 more"]),
    ],
)
def test_what_could_be_several_is_refused_with_all_of_them(text: str, named: list[str]) -> None:
    with pytest.raises(UnknownClassError) as caught:
        resolve_class(text)
    for candidate in named:
        assert candidate in str(caught.value)


def test_a_whole_name_wins_over_a_word_of_longer_names() -> None:
    assert resolve_class("lion").index == 291  # not sea lion, not mountain lion
    assert resolve_class("tiger").index == 292


def test_a_single_word_of_a_name_suggests_but_does_not_choose() -> None:
    with pytest.raises(UnknownClassError, match=r"did you mean 14 indigo_bunting\?"):
        resolve_class("bird")


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("golden_retriver", "golden_retriever"),
        ("Siberan huskey", "Siberian_husky"),
        ("toy poodel", "toy_poodle"),
    ],
)
def test_near_misses_suggest(text: str, label: str) -> None:
    with pytest.raises(UnknownClassError, match=f"Did you mean --class {label}"):
        resolve_class(text)


@pytest.mark.parametrize(
    "text", ["1000", "-1", "n00000000", "", "   ", "qqqqqqqq", "9" * 5000, "x" * 100_000]
)
def test_nothing_like_it(text: str) -> None:
    with pytest.raises(UnknownClassError, match="biggan-directions classes") as caught:
        resolve_class(text)
    assert len(str(caught.value)) < 400


def test_what_was_typed_is_shown_escaped() -> None:
    with pytest.raises(UnknownClassError) as caught:
        resolve_class("\u202egolden\x1b[31m")
    assert str(caught.value).isprintable()


class TestSmallTable:
    """A table with one name a class and no WordNet ids, as the toybox's is."""

    table = ClassTable.from_names(["mug", "mushroom", "house", "pine", "car"])

    def test_names_and_indices(self) -> None:
        assert self.table.resolve("Mushroom") == (1, "mushroom")
        assert resolve_class("4", self.table) == (4, "car")

    def test_unknown_lists_them_all(self) -> None:
        with pytest.raises(
            UnknownClassError, match="this model's are 0 mug, 1 mushroom, 2 house, 3 pine, 4 car"
        ):
            self.table.resolve("zebra")

    def test_index_out_of_range(self) -> None:
        with pytest.raises(UnknownClassError, match="0 to 4"):
            self.table.resolve("5")

    def test_a_wordnet_id_is_just_an_unknown_name(self) -> None:
        with pytest.raises(UnknownClassError, match="there is no class 'n02099601'"):
            self.table.resolve("n02099601")


class TestSearch:
    table = imagenet_classes()

    def found(self, query: str) -> list[int]:
        return [entry.index for entry in self.table.search(query)]

    def test_everything(self) -> None:
        assert self.found("") == list(range(1000))

    def test_whole_names_come_before_words_and_parts(self) -> None:
        found = self.found("lion")
        assert found[0] == 291
        assert found.index(150) < found.index(396)  # sea lion, lionfish
        assert 1 not in found

    def test_beginnings_and_parts_of_words(self) -> None:
        assert 207 in self.found("retr gold")
        assert 207 in self.found("etriev")

    def test_ids_and_indices(self) -> None:
        assert self.found("n02099601") == [207]
        assert self.found("207") == [207]

    def test_nothing(self) -> None:
        assert self.found("zzzz") == []
