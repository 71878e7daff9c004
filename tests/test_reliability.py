"""docs/reliability.md: the tests that it names exist, and its program runs."""

import re
from pathlib import Path

import pytest

from biggan_directions import Directions
from tests.support.markdown import code_blocks

HERE = Path(__file__).parent
PAGE = (HERE.parent / "docs" / "reliability.md").read_text(encoding="utf-8")
NAMED = sorted(set(re.findall(r"`([\w/]+\.py)::(\w+)`", PAGE)))


def test_every_row_names_tests() -> None:
    rows = [line for line in PAGE.splitlines() if line.startswith("| ") and "When…" not in line]
    assert len(rows) > 30
    assert [row for row in rows if "::test_" not in row] == [
        row for row in rows if row.endswith("the same |")
    ]
    assert len(NAMED) > 40


@pytest.mark.parametrize(("file", "test"), NAMED)
def test_every_test_that_it_names_is_there(file: str, test: str) -> None:
    assert f"\ndef {test}(" in (HERE / file).read_text(encoding="utf-8")


def test_its_program_learns_into_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (program,) = code_blocks("docs/reliability.md")
    quick = program.replace("ndirs=6", "ndirs=1, latents=1, survey_latents=2")
    assert quick != program
    made: dict[str, Directions] = {}
    exec(quick, made)
    assert len(made["found"]) == 1
    assert len(Directions.load("outputs/car/directions.pt")) == 1
