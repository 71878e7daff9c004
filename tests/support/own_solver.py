"""The solver of docs/own-solver.md, as its reader would have it."""

from __future__ import annotations

import re
from pathlib import Path

PAGE = Path(__file__).parents[2] / "docs" / "own-solver.md"


def source() -> str:
    """The page's Python."""
    found = re.search(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), flags=re.DOTALL)
    assert found is not None
    return found[1]


def install(folder: Path, *, entry: str | None = None) -> None:
    """Lay the page's module and its entry point into a folder, as pip installs a package."""
    page = PAGE.read_text(encoding="utf-8")
    found = re.search(r'\[project\.entry-points\."(.*?)"\]\n(.*?)\n```', page)
    assert found is not None
    (folder / "contest.py").write_text(source(), encoding="utf-8")
    info = folder / "contest_solver-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: contest-solver\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(f"[{found[1]}]\n{(entry or found[2]).replace(chr(34), '')}\n")
