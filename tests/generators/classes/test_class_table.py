"""What somebody types becomes one class, or a sentence that names the nearest."""

import pytest

from biggan_directions.errors import UnknownClassError
from biggan_directions.generators.classes.class_table import ClassTable
from biggan_directions.generators.classes.imagenet import imagenet_classes

IMAGENET = imagenet_classes()
SMALL = ClassTable.from_names(["mug", "mushroom", "house", "pine", "car"])  # no WordNet ids, as the toybox


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("cat", ["281 tabby", "282 tiger_cat", "283 Persian_cat"]),
        ("crane", ["134 crane_134 (large long-necked wading bird"]),
        ("crane", ["517 crane_517 (lifts and moves heavy objects"]),
        ("maillot", ["638 maillot_638", "639 maillot_639"]),
        ("retriever", ["205 flat-coated_retriever", "207 golden_retriever"]),
        ("dog", ["153 Maltese_dog", "and 2 more"]),
        ("bird", ["did you mean 14 indigo_bunting?"]),  # one word of a name suggests but does not choose
        ("golden_retriver", ["Did you mean --class golden_retriever"]),
        ("Siberan huskey", ["Did you mean --class Siberian_husky"]),
        ("toy poodel", ["Did you mean --class toy_poodle"]),
    ],
)
def test_the_nearest_are_named(text: str, named: list[str]) -> None:
    with pytest.raises(UnknownClassError) as caught:
        IMAGENET.resolve(text)
    for candidate in named:
        assert candidate in str(caught.value)


def test_a_whole_name_wins_over_a_word_of_longer_names() -> None:
    assert IMAGENET.resolve("lion").index == 291  # not sea lion, not mountain lion
    assert IMAGENET.resolve("tiger").index == 292


@pytest.mark.parametrize("text", ["1000", "-1", "n00000000", "", "   ", "q" * 8, "9" * 5000, "x" * 100_000])
def test_nothing_like_it(text: str) -> None:
    with pytest.raises(UnknownClassError, match="biggan-directions classes") as caught:
        IMAGENET.resolve(text)
    assert len(str(caught.value)) < 400


def test_what_was_typed_is_shown_escaped() -> None:
    with pytest.raises(UnknownClassError) as caught:
        IMAGENET.resolve("\u202egolden\x1b[31m")
    assert str(caught.value).isprintable()


def test_names_and_indices_of_a_small_table() -> None:
    assert SMALL.resolve("Mushroom") == (1, "mushroom")
    assert SMALL.resolve("4") == (4, "car")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("zebra", "this model's are 0 mug, 1 mushroom, 2 house, 3 pine, 4 car"),
        ("5", "0 to 4"),
        ("n02099601", "there is no class 'n02099601'"),  # where there are no WordNet ids, it is a name
    ],
)
def test_a_small_table_says_what_it_has(text: str, says: str) -> None:
    with pytest.raises(UnknownClassError, match=says):
        SMALL.resolve(text)


@pytest.mark.parametrize(
    ("query", "indices"), [("", list(range(1000))), ("n02099601", [207]), ("207", [207]), ("zzzz", [])]
)
def test_a_search_for_all_for_one_and_for_none(query: str, indices: list[int]) -> None:
    assert [entry.index for entry in IMAGENET.search(query)] == indices


def test_a_search_finds_whole_names_then_words_then_parts() -> None:
    found = [entry.index for entry in IMAGENET.search("lion")]
    assert found[0] == 291
    assert found.index(150) < found.index(396)  # sea lion, lionfish
    assert 1 not in found
    for part in ("retr gold", "etriev"):
        assert 207 in [entry.index for entry in IMAGENET.search(part)]


def test_one_class_that_is_near_is_told_in_the_singular() -> None:
    table = ClassTable.from_names(["duck", "car"])
    with pytest.raises(UnknownClassError, match=r"the nearest is 0 duck\. Did you mean --class duck"):
        table.resolve("ducl")
