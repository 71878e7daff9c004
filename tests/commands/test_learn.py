"""The learn command's JSON, and what it says of the part of z that was searched."""

import json
import re
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from biggan_directions.cli import app
from biggan_directions.errors import OutputError
from biggan_directions.runs.folder import held

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


def test_a_dry_run_says_what_learn_would_do_with_what_is_there(tmp_path: Path) -> None:
    folder = tmp_path / "out"
    of = ("--class", "car", "--out", str(folder), "--dry-run")

    def would(*more: str) -> tuple[dict[str, int], str]:
        found = json.loads(learn(*of, *more, "--json").stdout)
        return found["actions"], found["reason"]

    assert would() == ({"learn": 1}, "")
    learn(*of[:-1])
    actions, reason = would()
    assert actions == {"refuse": 1}
    assert "directions.pt already exists" in reason
    assert would("--resume") == ({"nothing to do": 1}, "")
    assert would("--force") == ({"replace": 1}, "")
    actions, reason = would("--resume", "--seed", "1")
    assert actions == {"refuse": 1}
    assert "the run to resume was made with seed 0, not 1" in reason
    said = " ".join(learn(*of).stdout.split())
    assert "would refuse: " in said
    assert "--force" in said
    with held(folder):
        assert "another run is writing" in would("--force")[1]
    assert {path.name for path in folder.iterdir()} == {"directions.pt", "scorecard.json"}
    (folder / "directions.pt").rename(folder / "checkpoint.pt")
    assert would("--resume") == ({"resume": 1}, "")
    each = ("--class", "car", "--class", "duck", "--per-class", "--out", str(tmp_path / "all"))
    learn(*each)
    (tmp_path / "all" / "duck" / "directions.pt").unlink()
    found = json.loads(learn(*each, "--dry-run", "--resume", "--json").stdout)
    assert found["actions"] == {"nothing to do": 1, "learn": 1}
    said = learn(*each, "--dry-run", "--resume").stdout
    assert "of 2 classes: nothing to do, since it is finished for 1, would learn for 1" in said


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


def test_directions_that_have_not_settled_are_said_once_and_first(tmp_path: Path) -> None:
    loose = ("--class", "car", "--solver", "orojar", "--agreement", "0.9999999", "--out")
    done = learn(*loose, str(tmp_path / "a"))
    lines = [line for line in (done.stderr + done.stdout).splitlines() if "latents at which" in line]
    assert len(lines) == 1
    assert lines[0].startswith("! directions 0 and 1 depend on the latents at which they were learnt")
    assert lines[0].endswith("learn fewer directions (--ndirs), or at more latents (--latents, --budget)")
    assert "settled" not in done.stderr
    assert "all directions do something" not in done.stdout
    quiet = learn(*loose, str(tmp_path / "b"), "--json")
    assert quiet.stderr.count("depend on the latents at which they were learnt") == 1
    assert json.loads(quiet.stdout)["directions"][0]["stability"] < 0.9999999
