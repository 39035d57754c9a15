"""A promise of time (限时办结): so many hours or working days, and when it is over."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Annotated, NamedTuple

from pydantic import Field

from ledger.clocks import Calendars, Due, OfficeDay, Span, TimeUnit, due_at, put_off
from ledger.event import EventModel

_WEEK = tuple(datetime(2026, 3, 1, 16, tzinfo=UTC) + timedelta(hours=hour) for hour in range(168))
"""Every hour of a week in Shanghai, from a Monday's midnight on."""


class Promise(EventModel):
    """How long something takes at most."""

    amount: Annotated[int, Field(ge=1, le=1000)]
    """How many of the unit."""
    unit: TimeUnit
    """In what the amount is counted."""

    def ends(
        self,
        start: datetime,
        office: OfficeDay,
        calendars: Calendars,
        stopped: Iterable[Span] = (),
    ) -> Due:
        """When a promise that begins at `start` (aware) is over, on the working calendar; the spans
        during which its clock stood still, in order, put that off."""
        due = due_at(start, self.amount, self.unit, office, calendars)
        return put_off(due, stopped, self.unit, office, calendars)

    def is_longer_than(
        self, other: Promise, start: datetime, office: OfficeDay, calendars: Calendars
    ) -> bool:
        """Whether it lets somebody wait longer than another one, begun at the same moment."""
        own, others = (one.ends(start, office, calendars) for one in (self, other))
        return own.at > others.at

    def may_outlast(self, other: Promise, office: OfficeDay) -> bool:
        """Whether it ever lets somebody wait longer than another one, begun at whatever hour of a
        week without holidays."""
        if self.unit is other.unit:
            return self.amount > other.amount
        return any(self.is_longer_than(other, start, office, {}) for start in _WEEK)


class PromiseClock(NamedTuple):
    """A promise that somebody waits for: when it began, and while it stood still."""

    started_at: datetime
    stopped: tuple[Span, ...] = ()
    """In order."""
    stopped_since: datetime | None = None
    """Since when it stands still, None while it runs."""

    def stop(self, moment: datetime) -> PromiseClock:
        """It stands still from the moment on; as it was where it does already."""
        if self.stopped_since is not None:
            return self
        earliest = self.stopped[-1][1] if self.stopped else self.started_at
        return self._replace(stopped_since=max(moment, earliest))

    def resume(self, moment: datetime) -> PromiseClock:
        """It runs again; as it was where it never stood still."""
        if self.stopped_since is None:
            return self
        span = (self.stopped_since, max(moment, self.stopped_since))
        return PromiseClock(self.started_at, (*self.stopped, span))

    def ends(self, promise: Promise, office: OfficeDay, calendars: Calendars) -> datetime:
        """When the promise is over; while it stands still: when it would be if it ran on."""
        return promise.ends(self.started_at, office, calendars, self.stopped).at
