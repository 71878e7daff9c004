"""The documentation's examples run, and do what the page says."""

import re
import runpy
from pathlib import Path

import pytest

from tests.support.markdown import code_blocks


def test_the_generator_of_your_own_is_recovered(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (block,) = code_blocks("docs/own-generator.md")
    assert len([line for line in block.splitlines() if line]) <= 25
    (tmp_path / "spot.py").write_text(block, "utf-8")
    runpy.run_path(str(tmp_path / "spot.py"), run_name="__main__")
    found = dict(re.findall(r"^(\w+): recovery (\S+)$", capsys.readouterr().out, re.MULTILINE))
    assert sorted(found) == ["across", "backdrop", "down"]
    assert min(map(float, found.values())) >= 0.99
