"""Words in pictures: nothing undrawable, nothing too wide."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from biggan_directions.rendering.labels import _has_glyph, drawable, fitted, signed, typeface


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("rotation", "rotation"),
        ("Größe, naïve", "Größe, naïve"),
        ("Вращение", "Вращение"),
        ("旋转", "…"),
        ("size 大小 (big)", "size … (big)"),
        ("ệ", "e"),
        ("e\u0301", "é"),
        ("two\nlines\tand \u202ebidi\u202c", "two lines and bidi"),
        ("<b>&amp;</b>", "<b>&amp;</b>"),
        ("🙂", "…"),
        (" \x00 ", ""),
    ],
)
def test_names_degrade_to_what_can_be_drawn(name: str, shown: str) -> None:
    assert drawable(name) == shown


@given(st.text(max_size=40))
def test_whatever_is_typed_only_known_glyphs_are_drawn(name: str) -> None:
    shown = drawable(name)
    assert all(_has_glyph(character) for character in shown)
    assert not any(unicodedata.category(character).startswith("C") for character in shown)
    assert drawable(shown) == shown


@given(st.text("abcdefghij WM.", max_size=60), st.integers(0, 400))
def test_nothing_is_wider_than_its_room(text: str, width: int) -> None:
    font = typeface(13)
    shown = fitted(text, font, width)
    assert shown == "" or font.getlength(shown) <= width
    assert shown.rstrip("…") == text[: len(shown.rstrip("…"))]


def test_both_weights_have_the_signs_that_labels_need() -> None:
    for weight in ("Regular", "Medium"):
        missing = typeface(24, weight).getmask("\uffff")
        for sign in "−+–…·×±0123456789äß€":
            assert bytes(typeface(24, weight).getmask(sign)) != bytes(missing)


def test_zero_has_no_sign_and_minus_is_a_minus() -> None:
    assert [signed(x) for x in (-0.04, 0.04, -0.06, 12.0)] == ["0", "0", "−0.1", "+12.0"]
    assert signed(-1.3333, 2) == "−1.33"
