"""What a page may ask for, and the sentence it gets where it may not."""

import json
from typing import Any

import pytest

from biggan_directions.errors import UsageError
from biggan_directions.explore import ImageRequest
from biggan_directions.explore.request import NameRequest

GOOD: dict[str, Any] = {
    "class": "car",
    "truncation": 0.5,
    "seed": 7,
    "samples": [0, 3],
    "moves": {"1": -2},
    "layers": {"1": "0-3"},
}


def read(**changes: Any) -> ImageRequest:
    return ImageRequest.from_json(json.dumps({**GOOD, **changes}).encode())


def test_a_request_is_read() -> None:
    asked = read(client="me", number=4)
    assert (asked.class_name, asked.truncation, asked.seed, asked.samples) == ("car", 0.5, 7, (0, 3))
    assert (dict(asked.moves), asked.client, asked.number) == ({1: -2.0}, "me", 4)
    assert dict(asked.layers) == {1: "0-3"}


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"class": None}, "class is null, expected text"),
        ({"class": ""}, 'class is "", expected text of length >= 1'),
        ({"class": "x" * 201}, "expected text of length <= 200"),
        ({"truncation": 0}, "truncation is 0, expected a number > 0.0"),
        ({"truncation": "1"}, 'truncation is "1", expected a number'),
        ({"truncation": True}, "truncation is true, expected a number"),
        ({"truncation": float("nan")}, "truncation is NaN, expected a number"),
        ({"seed": 1.5}, "seed is 1.5, expected a whole number"),
        ({"seed": 2**60}, f"expected a whole number <= {2**53 - 1}"),
        ({"samples": []}, "samples is [], expected a list of length >= 1"),
        ({"samples": [16]}, "samples[0] is 16, expected a whole number <= 15"),
        ({"samples": [0, -1]}, "samples[1] is -1, expected a whole number >= 0"),
        ({"samples": [0] * 17}, "expected a list of length <= 16"),
        ({"samples": 4}, "samples is 4, expected a list"),
        ({"moves": [1]}, "moves is [1], expected an object"),
        ({"moves": {"-1": 1}}, "a key of moves is not a whole number >= 0"),
        ({"moves": {"²": 1}}, "a key of moves is not a whole number"),
        ({"moves": {"1" * 5000: 1}}, "a key of moves is not a number"),
        ({"moves": {"1": float("nan")}}, "moves[...] is not a number >= -100.0"),
        ({"moves": {"1": 10**400}}, "moves[...] is not a number"),
        ({"moves": {"1": 101}}, "moves[...] is not a number <= 100.0"),
        ({"moves": {"1": None}}, "moves[...] is not a number"),
        ({"layers": {"-1": "all"}}, "a key of layers is not a whole number >= 0"),
        ({"layers": {"1": 3}}, "layers[...] is not text"),
        ({"layers": {"1": "0," * 200}}, "layers[...] is not text of length <= 200"),
        ({"moves": dict.fromkeys(map(str, range(10_001)), 0)}, "expected an object of length <= 10000"),
        ({"client": "x" * 65}, "expected text of length <= 64"),
        ({"number": "1"}, 'number is "1", expected a whole number'),
        ({"frames": 3}, 'the key "frames" is unknown'),
    ],
)
def test_a_bad_value_is_refused_in_words(changes: dict[str, Any], says: str) -> None:
    with pytest.raises(UsageError) as caught:
        read(**changes)
    assert says in str(caught.value)
    assert str(caught.value).startswith("the request is wrong: ")
    assert len(str(caught.value)) < 200


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        ({"direction": -1, "name": ""}, "direction is -1, expected a whole number >= 0"),
        ({"direction": "1", "name": ""}, 'direction is "1", expected a whole number'),
        ({"direction": 1, "name": 2}, "name is 2, expected text"),
        ({"direction": 1, "name": "x" * 1001}, "expected text of length <= 1000"),
        ({"direction": 1}, "name is missing"),
        ({"direction": 1, "name": "", "path": "/etc/passwd"}, 'the key "path" is unknown'),
    ],
)
def test_a_bad_name_is_refused_in_words(asked: dict[str, Any], says: str) -> None:
    with pytest.raises(UsageError) as caught:
        NameRequest.from_json(json.dumps(asked).encode())
    assert says in str(caught.value)
    assert len(str(caught.value)) < 200


@pytest.mark.parametrize("text", [b"", b"{", b"[]", b"\xff", b"[" * 100_000, b"9" * 5000])
def test_what_is_no_json_object_is_refused_in_words(text: bytes) -> None:
    with pytest.raises(UsageError, match=r"not JSON|it is \[\], expected an object"):
        ImageRequest.from_json(text)
