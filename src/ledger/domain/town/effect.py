"""Dates of effect (生效日期): since when something holds, and what held at any moment."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple

from ledger.event import Recorded
from ledger.refusals import Refusal, Unacceptable


class Dated(NamedTuple):
    """What holds from a date of effect on, until another takes its place."""

    value: str
    since: datetime


def in_force(entries: Iterable[Dated], moment: datetime) -> str | None:
    """What held at a moment; of two with one date of effect, what was recorded later."""
    latest: Dated | None = None
    for entry in entries:
        if entry.since <= moment and (latest is None or entry.since >= latest.since):
            latest = entry
    return latest.value if latest else None


def lasts(since: datetime, until: datetime | None, moment: datetime) -> bool:
    """Whether a span, which may be open and excludes its end, covers the moment."""
    return since <= moment and (until is None or moment < until)


def since_when(effective_from: datetime | None, recorded: Recorded) -> datetime:
    """The date of effect of a recorded event: where it names none, when it was recorded."""
    return effective_from or recorded.recorded_at


def too_early(since: datetime, earliest: datetime) -> Refusal | None:
    """The refusal where an act would take effect before what it follows does."""
    if since >= earliest:
        return None
    return Unacceptable(
        "precedes_what_it_follows",
        f"it would take effect at {since.isoformat()}, before what it follows",
        f"a date of effect from {earliest.isoformat()} on",
        "effective_from",
    )
