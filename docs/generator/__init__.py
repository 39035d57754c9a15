"""Writes docs/events.md and docs/cli.md from the code, so that they say what it does."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from docs.generator import commands, events

_DOCS = Path(__file__).parents[1]

PAGES: Mapping[Path, Callable[[], str]] = {
    _DOCS / "events.md": events.events_page,
    _DOCS / "cli.md": commands.commands_page,
}
"""A page, and what it says as of this code."""
