"""Values become records, or a sentence that names the key, the value and what was expected."""

from dataclasses import dataclass
from typing import Annotated, Any, Literal

import msgspec
import pytest
from msgspec import Meta

from biggan_directions.errors import UsageError
from biggan_directions.files.validation import shown, validated


@dataclass(frozen=True, kw_only=True)
class Settings:
    """As a solver has them."""

    steps: Annotated[int, Meta(ge=1)] = 100
    rate: Annotated[float, Meta(gt=0, description="of learning")] = 0.1
    weighting: Literal["even", "pixels"] = "even"
    refine: bool = True
    either: Annotated[list[int], Meta(max_length=2)] | None = None

    def __post_init__(self) -> None:
        if self.steps == 77:
            raise UsageError("steps must not be 77")


class Outer(msgspec.Struct, forbid_unknown_fields=True):
    """Records within records, lists and tables."""

    pairs: list[tuple[int, str]] = []
    table: dict[str, dict[str, int]] = {}
    inner: Settings | None = None


@pytest.mark.parametrize(
    ("content", "kind", "says"),
    [
        ({"steps": True}, Settings, "steps is true, expected a whole number"),
        ({"steps": "3"}, Settings, 'steps is "3", expected a whole number'),
        ({"steps": 3.0}, Settings, "steps is 3.0, expected a whole number"),
        ({"steps": 0}, Settings, "steps is 0, expected a whole number >= 1"),
        ({"steps": 77}, Settings, "steps must not be 77"),
        ({"rate": float("nan")}, Settings, "rate is NaN, expected a number > 0.0"),
        ({"rate": 10**400}, Settings, "expected a number from -1.8e308 to 1.8e308"),
        ({"weighting": "none"}, Settings, 'weighting is "none", expected "even" or "pixels"'),
        ({"refine": 1}, Settings, "refine is 1, expected true or false"),
        ({"refine": object()}, Settings, "refine is of type object, expected true or false"),
        ([], Settings, "it is [], expected an object"),
        ({"pairs": [[1, "a"], [2, 3]]}, Outer, "pairs[1][1] is 3, expected text"),
        ({"pairs": [[1]]}, Outer, "pairs[0] is [1], expected a list of length 2"),
        ({"table": {"a": {"b": "c"}}}, Outer, "table[...][...] is not a whole number"),
        ({"table": {"...": {"...": "c"}}}, Outer, "table[...][...] is not a whole number"),
        ({"table": {1: {}}}, Outer, "a key of table is not text"),
        ({1: 2}, Outer, "a key of it is not text"),
        ({"inner": {"steps": 77}}, Outer, "inner: steps must not be 77"),
        ({"inner": 3}, Outer, "inner is 3, expected an object or null"),
        (
            {"inner": {"either": [1, 2, 3]}},
            Outer,
            "inner.either is [1, 2, 3], expected a list of length <= 2",
        ),
        ({"new": 3}, Outer, 'the key "new" is unknown'),
        ({"\ud800": 3}, Outer, r'it has text that is not valid Unicode: "\ud800"'),
        ({"x` - at `$.pairs[9][9].y": 3}, Outer, "is unknown"),  # like the end of msgspec's own message
        ({"x" * 60_000: 3}, Outer, "is unknown"),
    ],
)
def test_the_sentence(content: Any, kind: type, says: str) -> None:
    with pytest.raises(ValueError) as caught:  # noqa: PT011  # the whole message is compared
        validated(content, kind)
    assert says in str(caught.value)
    assert len(str(caught.value)) < 200


def test_text_that_was_typed_becomes_what_is_expected() -> None:
    typed = {"steps": "3", "rate": "1e-3", "refine": "false", "weighting": "pixels"}
    made = validated(typed, Settings, strict=False)
    assert made == Settings(steps=3, rate=1e-3, refine=False, weighting="pixels")
    with pytest.raises(ValueError, match='steps is "three", expected a whole number'):
        validated({"steps": "three"}, Settings, strict=False)


def test_what_is_shown_is_cut() -> None:
    assert len(shown("x" * 10_000)) < 70
    deep: list[Any] = []
    for _ in range(100_000):
        deep = [deep]
    assert shown(deep) == "of type list"
    assert shown(10**5000) == "of type int"
