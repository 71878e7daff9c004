"""The learn command's JSON, and what it says of the part of z that was searched."""

import json
import re
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from biggan_directions.cli import app
from biggan_directions.errors import OutputError

QUICK = (
    "--model",
    "toybox",
    "--latents",
    "2",
    "--score-latents",
    "2",
    "--ndirs",
    "2",
    "--solver",
    "first-order",
)


def learn(*arguments: str) -> Result:
    done = CliRunner().invoke(app, ["learn", *QUICK, *arguments])
    assert done.exit_code == 0, done.output
    return done


@pytest.mark.parametrize("per_class", [False, True])
def test_a_dry_run_is_json_where_json_is_asked_for(per_class: bool, tmp_path: Path) -> None:
    of = (
        "--class",
        "car",
        "--class",
        "duck",
        "--out",
        str(tmp_path),
        *(["--per-class"] if per_class else []),
    )
    would = json.loads(learn(*of, "--dry-run", "--json").stdout)
    assert would["classes"] == ["car", "duck"]
    assert would["runs"] == (2 if per_class else 1)
    assert would["images_per_run"] > 0
    assert would["seconds"] > 0
    assert would["path"].endswith("directions.pt")
    assert not list(tmp_path.iterdir())


def test_runs_for_each_class_are_json_too(tmp_path: Path) -> None:
    of = ("--class", "car", "--class", "duck", "--per-class", "--out", str(tmp_path))
    found = json.loads(learn(*of, "--json").stdout)
    assert [Path(path).parent.name for path in found["paths"]] == ["car", "duck"]
    assert (found["new"], found["left_out"]) == (2, [])


def test_the_share_of_the_change_is_of_all_of_z(tmp_path: Path) -> None:
    done = learn("--class", "car", "--search-space", "0:4", "--out", str(tmp_path))
    said = re.search(r"they carry ([\d.]+)% of its change along all 32 dimensions of z", done.stderr)
    assert said
    assert 1 < float(said[1]) < 50  # a block of an eighth of the dimensions


def test_another_s_files_are_not_replaced_and_do_not_stand_in_the_way(tmp_path: Path) -> None:
    (tmp_path / "scorecard.json").write_text("theirs")
    (tmp_path / "notes.txt").write_text("theirs")
    refused = CliRunner().invoke(app, ["learn", *QUICK, "--class", "car", "--out", str(tmp_path)]).exception
    assert isinstance(refused, OutputError)
    assert "scorecard.json is not a scorecard" in str(refused)
    assert (tmp_path / "scorecard.json").read_text() == "theirs"
    (tmp_path / "scorecard.json").unlink()
    learn("--class", "car", "--out", str(tmp_path))
    assert (tmp_path / "notes.txt").read_text() == "theirs"
