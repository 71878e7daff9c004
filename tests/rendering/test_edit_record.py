"""What a PNG says of how it was made, and the command that makes it again."""

import shlex
from typing import Any

import pytest

from biggan_directions.rendering.edit_record import EditRecord, exact


def record(**changes: Any) -> EditRecord:
    known: dict[str, Any] = {
        "path": "it's mine.pt",
        "directions_sha256": "ab" * 32,
        "model": "toybox",
        "class_names": ("car", "duck", "car"),
        "truncation": 0.44,
        "seed": 7,
        "samples": (0, 1, 2),
        "moves": {2: -1.5, 0: 0.0, 1: 1.2345678},
        "names": ("turn", "zoom", ""),
    }
    return EditRecord(**(known | changes))


def test_every_fact_is_in_the_text() -> None:
    assert record().text() == {
        "Model": "toybox",
        "Class": "car, duck",
        "Truncation": "0.44",
        "Seed": "7",
        "Samples": "0, 1, 2",
        "Moves": "1 (zoom)=1.2345678, 2=-1.5",
        "Directions SHA-256": "ab" * 32,
        "Command": record().command(),
    }
    assert record(moves={}).text()["Moves"] == "none"


def test_text_from_a_file_has_nothing_unseen_in_it() -> None:
    text = record(names=("", "zo\u202eom\n", ""), model="a\x00b", path="a\nb.pt").text()
    assert text["Moves"].startswith("1 (zo\ufffdom\ufffd)=")
    assert text["Model"] == "a\ufffdb"
    assert text["Command"].startswith("biggan-directions edit $'a\\x0ab.pt' ")


def test_the_command_has_what_differs_from_the_file_and_is_quoted() -> None:
    options = ("--model", "my model")
    words = shlex.split(
        record(options=options, classes_option=("car", "duck"), truncation_option=True).command()
    )
    assert words == [
        *("biggan-directions", "edit", "it's mine.pt", "--model", "my model", "--class", "car", "--class"),
        *("duck", "--truncation", "0.44", "--seed", "7", "--samples", "3", "--move", "1=1.2345678"),
        *("--move", "2=-1.5", "--out", "edit.png"),
    ]


@pytest.mark.parametrize(
    ("samples", "words"),
    [((0,), "--samples 1"), ((0, 1), "--samples 2"), ((2,), "--sample 2"), ((1, 0), "--sample 1 --sample 0")],
)
def test_the_samples_are_a_number_or_else_each_its_index(samples: tuple[int, ...], words: str) -> None:
    assert f" --seed 7 {words} --move" in record(samples=samples).command()


@pytest.mark.parametrize("number", [0.1, 1 / 3, 2.0, -1.2345678, 1e-7, 100.0, 0.1 + 0.2])
def test_a_number_is_given_back_exactly(number: float) -> None:
    assert float(exact(number)) == number
