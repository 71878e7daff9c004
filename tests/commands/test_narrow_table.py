"""Tables for a narrow terminal: figures stay whole, whatever the names are."""

import pytest
from rich.cells import cell_len

from biggan_directions.commands.narrow_table import Row, narrow_table, shortened

HEADS = ("effect\n", "penalty\n↓")
LONG = "2 " + "turning all around " * 8


def _lines(*labels: str, width: int = 40) -> list[str]:
    rows = [Row(label, ("0.123±.045", "0.5")) for label in labels]
    return narrow_table("direction", HEADS, rows, width=width).plain.split("\n")


def test_names_that_fit_stand_beside_their_figures() -> None:
    assert _lines("0 hue", "1 turning around") == [
        "                     effect penalty",
        "direction                         ↓",
        "0 hue            0.123±.045     0.5",
        "1 turning around 0.123±.045     0.5",
    ]


@pytest.mark.parametrize("name", [LONG, "2 " + "色相" * 40, "2 " + "e" * 38])
def test_a_long_name_has_a_line_of_its_own_and_the_columns_stay(name: str) -> None:
    usual, lines = _lines("0 hue", "1"), _lines("0 hue", name, "1")
    assert lines[:3] + lines[-1:] == usual
    assert lines[3] == shortened(name, 40)
    assert lines[4] == " " * 10 + "0.123±.045     0.5"
    assert all(cell_len(line) <= 40 for line in lines)


def test_figures_are_whole_where_no_name_has_room() -> None:
    lines = _lines("0 hue", "1 turning", width=19)
    assert lines[2:] == ["0 hue", " 0.123±.045     0.5", "1 turning", " 0.123±.045     0.5"]


def test_the_middle_of_a_text_is_left_out() -> None:
    assert shortened("abcdefghij", 5) == "ab…ij"
    assert shortened("abcdefghij", 10) == "abcdefghij"
    assert shortened("色相色相色相", 7) == "色相…相"
    assert shortened("色相色相色相", 6) == "色…相"
    assert all(cell_len(shortened(LONG, width)) == width for width in range(1, 80))


def test_words_beside_a_figure_stand_to_the_left_and_own_rows_are_bold() -> None:
    rows = [Row("A.pt", ("0.9 hue",), bold=True), Row("random", ("0.1 backdrop",))]
    table = narrow_table("set", ("recovery",), rows, width=40, left=(0,))
    assert table.plain.split("\n") == ["set    recovery", "A.pt   0.9 hue", "random 0.1 backdrop"]
    assert [table.plain[span.start : span.end].strip() for span in table.spans] == [
        "set    recovery",
        "A.pt   0.9 hue",
    ]
