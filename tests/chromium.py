"""Tests that look at a page in Debian's Chromium; without selenium, they are skipped."""

from __future__ import annotations

import shutil
from typing import Any

import pytest

webdriver: Any = pytest.importorskip("selenium.webdriver")

IN_CHROMIUM = [
    pytest.mark.browser,
    pytest.mark.skipif(shutil.which("chromium") is None, reason="chromium is not installed"),
    pytest.mark.skipif(shutil.which("chromedriver") is None, reason="no chromedriver"),
    # Sockets that selenium leaves to the garbage collector are not ours.
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]
