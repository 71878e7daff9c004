"""Debian's chromium, headless, for the pages' tests; without it they are skipped, and say what to install."""

import os
import shutil
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)

needs_browser = pytest.mark.skipif(
    CHROMIUM is None, reason="no browser here: on Debian, apt-get install chromium, and these tests run"
)


@pytest.fixture(scope="module")
def browser() -> Iterator["Browser"]:
    """One browser for a whole module."""
    playwright = pytest.importorskip(
        "playwright.sync_api", reason="playwright is not installed: pip install '.[test]'"
    )
    with playwright.sync_playwright() as driver:
        # a container's root has no user namespaces to make a sandbox of
        arguments = ["--no-sandbox"] if os.geteuid() == 0 else []
        launched = driver.chromium.launch(executable_path=CHROMIUM, args=arguments)
        yield launched
        launched.close()
