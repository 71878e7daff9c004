"""Code blocks of a page of the documentation, so that tests run what readers copy."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]


def code_blocks(page: str, language: str = "python") -> list[str]:
    """The code blocks of a page, in order; ``page`` is relative to the project: ``docs/method.md``."""
    text = (ROOT / page).read_text(encoding="utf-8")
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
