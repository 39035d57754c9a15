"""A real browser for tests: Chromium, headless; a test is skipped where there is none."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

_NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")
PATIENCE_SECONDS = 60


def chromium() -> str:
    """Where it is. In CI a browser that is missing is a failure, not a skip."""
    found = next((path for path in map(shutil.which, _NAMES) if path), None)
    if found is None:
        if os.environ.get("CI"):
            pytest.fail("Chromium is not installed, and CI looks at the pages with it")
        pytest.skip("Chromium is not installed: the pages are not looked at")
    return found


def rendered(url: str, directory: Path, *flags: str) -> str:
    """The page's document after its scripts have run."""
    return _run(url, directory, "--dump-dom", *flags)


def screenshot(url: str, directory: Path, width: int = 1000, height: int = 1400) -> Path:
    """A picture of the page."""
    path = directory / "page.png"
    _run(url, directory, f"--screenshot={path}", f"--window-size={width},{height}")
    return path


def _run(url: str, directory: Path, *flags: str) -> str:
    command = [
        chromium(), "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run",
        "--disable-dev-shm-usage", "--virtual-time-budget=8000",
        f"--user-data-dir={directory / 'profile'}", *flags, url,
    ]  # fmt: skip
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=PATIENCE_SECONDS, check=True
    )
    return done.stdout
