"""What a page may ask for, and the sentence it gets where it may not."""

import json
from typing import Any

import pytest

from biggan_directions.errors import UsageError
from biggan_directions.explore import ImageRequest
from biggan_directions.explore.schema import schema

GOOD: dict[str, Any] = {"class": "car", "truncation": 0.5, "seed": 7, "samples": [0, 3], "moves": {"1": -2}}


def read(**changes: Any) -> ImageRequest:
    return ImageRequest.from_json(json.dumps({**GOOD, **changes}).encode())


def test_a_request_is_read() -> None:
    asked = read(client="me", number=4)
    assert (asked.class_name, asked.truncation, asked.seed, asked.samples) == ("car", 0.5, 7, (0, 3))
    assert (dict(asked.moves), asked.client, asked.number) == ({1: -2.0}, "me", 4)


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"class": None}, "class must be text, got nothing"),
        ({"class": ""}, "1 to 200"),
        ({"truncation": 0}, "truncation"),
        ({"truncation": "1"}, "truncation must be a number"),
        ({"truncation": True}, "truncation must be a number"),
        ({"truncation": float("nan")}, "truncation"),
        ({"seed": 1.5}, "seed must be a whole number, got 1.5"),
        ({"seed": 2**60}, "seed must lie within"),
        ({"samples": []}, "1 to 16 samples"),
        ({"samples": [16]}, "0 to 15"),
        ({"samples": [-1]}, "0 to 15"),
        ({"samples": [0] * 17}, "1 to 16 samples"),
        ({"samples": 4}, "samples must be a list"),
        ({"moves": [1]}, "moves must be an object"),
        ({"moves": {"-1": 1}}, "direction's number"),
        ({"moves": {"²": 1}}, "direction's number"),
        ({"moves": {"1" * 5000: 1}}, "direction's number"),
        ({"moves": {"1": float("nan")}}, "expected -100 to 100"),
        ({"moves": {"1": 10**400}}, "expected -100 to 100"),
        ({"moves": {"1": None}}, "must be a number, got nothing"),
        ({"client": "x" * 65}, "client"),
        ({"number": "1"}, "number must be a whole number"),
        ({"frames": 3}, "unknown key 'frames'"),
    ],
)
def test_a_bad_value_is_refused_in_words(changes: dict[str, Any], says: str) -> None:
    with pytest.raises(UsageError) as caught:
        read(**changes)
    assert says in str(caught.value)
    assert len(str(caught.value)) < 200


@pytest.mark.parametrize("text", [b"", b"{", b"[]", b"\xff", b"[" * 100_000, b"9" * 5000])
def test_what_is_no_json_object_is_refused_in_words(text: bytes) -> None:
    with pytest.raises(UsageError, match="JSON"):
        ImageRequest.from_json(text)


def test_the_schema_names_what_is_read() -> None:
    described = schema()["components"]["schemas"]["PictureRequest"]
    assert set(described["properties"]) == {*GOOD, "client", "number"}
    for key in ("class", "truncation"):
        assert key in described["required"]
        with pytest.raises(UsageError, match=key):
            ImageRequest.from_json(json.dumps({k: v for k, v in GOOD.items() if k != key}).encode())
