"""Names wherever an index goes, resolved in one place."""

import pytest

from biggan_directions.commands.choosing import index_of, indices_of
from biggan_directions.errors import UsageError

NAMES = ["hue", "", "near, far", "2"]


@pytest.mark.parametrize(
    ("text", "indices"),
    [
        ("all", None),
        ("hue", [0]),
        ("3,hue", [3, 0]),
        ("hue, 1", [0, 1]),
        ("near, far", [2]),
        ("2", [2]),  # a number is never a name
    ],
)
def test_lists_of_numbers_and_names(text: str, indices: list[int] | None) -> None:
    assert indices_of(text, NAMES) == indices


@pytest.mark.parametrize("text", ["4", "hue,zoom", "", ",", "-1", "Hue", "²"])
def test_what_is_neither_is_refused_with_what_there_is(text: str) -> None:
    with pytest.raises(UsageError, match="this file has 0 to 3, and the names hue, near, far, 2"):
        indices_of(text, NAMES)


def test_a_name_of_two_directions_is_refused_with_the_command_that_mends_it() -> None:
    with pytest.raises(UsageError, match=r"directions 0, 2 are all named 'zoom': use a number.*name FILE 2="):
        index_of("zoom", ["zoom", "", "zoom"])
