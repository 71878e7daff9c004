"""The name command: by number or by present name, one direction a name, and JSON."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from biggan_directions.cli import app
from biggan_directions.directions import Directions
from biggan_directions.errors import UsageError
from tests.commands.test_render import CAR, of


def name(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["name", *arguments])


def test_a_direction_is_named_by_its_number_or_its_present_name(tmp_path: Path) -> None:
    path = of(tmp_path, CAR)
    assert name(str(path), "turn=azimuth", "1=hue").exit_code == 0
    assert Directions.load(path).names == ("azimuth", "hue")
    assert name(str(path), "azimuth=hue", "hue=azimuth").exit_code == 0  # both at once
    assert Directions.load(path).names == ("hue", "azimuth")


def test_the_result_is_json_where_json_is_asked_for(tmp_path: Path) -> None:
    path = of(tmp_path, CAR)
    found = json.loads(name(str(path), "1=hue", "--json").stdout)
    assert found["names"] == ["turn", "hue"]
    assert [row["name"] for row in found["measures"]] == ["turn", "hue"]


@pytest.mark.parametrize(
    ("pairs", "says"),
    [
        (["1=turn"], "direction 0 is named 'turn' already"),
        (["zoom=hue"], "there is no direction 'zoom'"),
        (["0"], "is not DIRECTION=NAME"),
        (["=hue"], "is not DIRECTION=NAME"),
        (["0=a", "turn=b"], "direction 0 is named twice"),
        (["0=7"], "is a number"),
    ],
)
def test_bad_names_are_one_clear_sentence(pairs: list[str], says: str, tmp_path: Path) -> None:
    path = of(tmp_path, CAR)
    refused = name(str(path), *pairs)
    assert isinstance(refused.exception, UsageError)
    assert says in str(refused.exception)
    assert Directions.load(path).names == ("turn", "")
