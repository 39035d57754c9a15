"""A promise of time (限时办结): so many hours or working days, and when it is over."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pydantic import Field

from ledger.clocks import Calendars, Due, OfficeDay, TimeUnit, due_at
from ledger.event import EventModel


class Promise(EventModel):
    """How long something takes at most."""

    amount: Annotated[int, Field(ge=1, le=1000)]
    """How many of the unit."""
    unit: TimeUnit
    """In what the amount is counted."""

    def ends(self, start: datetime, office: OfficeDay, calendars: Calendars) -> Due:
        """When a promise that begins at `start` (aware) is over, on the working calendar."""
        return due_at(start, self.amount, self.unit, office, calendars)

    def is_longer_than(
        self, other: Promise, start: datetime, office: OfficeDay, calendars: Calendars
    ) -> bool:
        """Whether it lets somebody wait longer than another one, begun at the same moment."""
        own, others = (one.ends(start, office, calendars) for one in (self, other))
        return own.at > others.at
