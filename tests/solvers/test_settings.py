"""A solver's settings: declared once, read from text and from files, shown as plain values."""

from dataclasses import dataclass
from typing import Any, Literal

import pytest

from biggan_directions.errors import UsageError
from biggan_directions.solvers.settings import NoSettings, declared, plain_values, read_settings, setting


@dataclass(frozen=True, kw_only=True)
class Settings:
    """One of each kind."""

    steps: int = setting(3, help="How many.", source="chosen")
    rate: float = setting(0.5, help="How fast.", source="arXiv:0000.00000")
    whole: bool = setting(False, help="Whether all.", source="chosen")
    name: str = setting("plain", help="What.", source="chosen")
    kind: Literal["warm", "cold"] = setting("warm", help="Which.", source="chosen")
    sides: tuple[int, ...] | None = setting(None, help="Sides.", source="found")
    least: float | None = setting(None, help="At least.", source="found")

    def __post_init__(self) -> None:
        if self.steps < 0:
            raise UsageError(f"steps must be 0 or more, got {self.steps}")


def test_a_declaration_carries_help_source_and_kind() -> None:
    rows = declared(Settings)
    assert [row.name for row in rows] == ["steps", "rate", "whole", "name", "kind", "sides", "least"]
    assert (rows[1].default, rows[1].help, rows[1].source) == (0.5, "How fast.", "arXiv:0000.00000")
    assert [row.kind for row in rows] == [
        "a whole number",
        "a number",
        "true or false",
        "text",
        "one of warm, cold",
        "whole numbers with commas between them",
        "a number",
    ]
    assert declared(NoSettings) == []


def test_text_is_read_as_the_kind_of_its_setting() -> None:
    typed = {"steps": "7", "rate": "1e-2", "whole": "true", "name": "4", "kind": "cold", "sides": "8, 16"}
    found = read_settings(Settings, typed, solver="mine")
    assert found == Settings(steps=7, rate=0.01, whole=True, name="4", kind="cold", sides=(8, 16))
    assert read_settings(Settings, {"sides": "8"}, solver="mine").sides == (8,)
    assert read_settings(Settings, {"rate": 2}, solver="mine").rate == 2


def test_plain_values_are_read_back() -> None:
    settings = Settings(steps=7, sides=(8, 16), whole=True)
    table = plain_values(settings)
    assert table["sides"] == "8, 16"
    assert read_settings(Settings, table, solver="mine", strict=True) == settings


@pytest.mark.parametrize(
    ("options", "strict", "says"),
    [
        ({"steps": "many"}, False, "mine's setting steps must be a whole number, got 'many'"),
        ({"steps": 2.5}, False, "steps must be a whole number, got '2.5'"),
        ({"steps": True}, False, "steps must be a whole number, got 'True'"),
        ({"steps": "7"}, True, "steps must be a whole number, got '7'"),
        ({"kind": "tepid"}, False, "kind must be one of warm, cold, got 'tepid'"),
        ({"sides": ""}, False, "sides must be whole numbers with commas between them, got ''"),
        ({"sides": "8,"}, False, "sides must be whole numbers"),
        ({"sides": "٨"}, True, "sides must be whole numbers"),
        ({"sides": 8}, False, "sides must be whole numbers"),
        ({"whole": "perhaps"}, False, "whole must be true or false"),
        ({"steps": "-1"}, False, "steps must be 0 or more, got -1"),
        ({"step": 1}, False, "solver mine has no setting 'step': it has steps, rate, .*solvers mine"),
    ],
)
def test_what_cannot_be_is_refused_with_what_was_expected(
    options: dict[str, Any], strict: bool, says: str
) -> None:
    with pytest.raises(UsageError, match=says):
        read_settings(Settings, options, solver="mine", strict=strict)


def test_a_solver_without_settings_says_so() -> None:
    with pytest.raises(UsageError, match="solver mine has no setting 'steps': it has none of its own"):
        read_settings(NoSettings, {"steps": 1}, solver="mine")
