"""Dated entries of a view: what held since when, so that any day can be asked for.

An entry is `<since in ISO 8601> <value>`, in the order of recording. Of two with one date of effect
the later one holds.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime


def entry(since: datetime, value: str) -> str:
    """The entry of a value from a moment on."""
    return f"{since.isoformat()} {value}"


def in_force(entries: Iterable[str], moment: datetime) -> str | None:
    """The value that holds at a moment (aware), or None before the first."""
    found: tuple[datetime, str] | None = None
    for one in entries:
        since, _, value = one.partition(" ")
        start = datetime.fromisoformat(since)
        if start <= moment and (found is None or start >= found[0]):
            found = (start, value)
    return found[1] if found else None
