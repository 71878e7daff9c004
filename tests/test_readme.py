"""The README's table names tests that are there."""

import re
from pathlib import Path

HERE = Path(__file__).parent


def test_every_test_that_the_table_names_is_there() -> None:
    readme = (HERE.parent / "README.md").read_text(encoding="utf-8")
    table = readme.split("## What happens when…")[1].split("\n\nCI ")[0]
    named = re.findall(r"`(test_\w+)(…?)`", table)
    there = {
        name
        for path in HERE.rglob("test_*.py")
        for name in re.findall(r"^def (test_\w+)\(", path.read_text(encoding="utf-8"), re.MULTILINE)
    }
    assert len(named) > 20
    for name, more in named:
        assert name in there or (more and any(other.startswith(name) for other in there)), name
