"""The clocks once more, slow and obvious: a walk over the minutes of the days in Shanghai.

What `ledger.clocks` and `ledger.domain.rules.terms` count in integers is walked here minute by
minute, with the time zone database's Asia/Shanghai (which is UTC+8 throughout from September 1991
on).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from ledger.clocks import (
    Calendars,
    Due,
    OfficeDay,
    Span,
    TimeUnit,
    Worked,
    office_day,
    working_year,
)
from ledger.domain.rules.terms import HandlerClock

SHANGHAI = ZoneInfo("Asia/Shanghai")
MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)


class Days(NamedTuple):
    """A year's holidays and adjusted workdays."""

    holidays: frozenset[date]
    workdays: frozenset[date]


class Town(NamedTuple):
    """When the offices of a town are open: spans of minutes from midnight, and its calendars."""

    hours: tuple[tuple[int, int], ...]
    years: Mapping[int, Days]

    @property
    def office(self) -> OfficeDay:
        """The hours, as the quick clocks take them."""
        return office_day(self.hours)

    @property
    def calendars(self) -> Calendars:
        """The years, as the quick clocks take them."""
        return {year: working_year(year, *days) for year, days in self.years.items()}

    def is_working_day(self, day: date) -> bool:
        """Monday to Friday without holidays, and the weekend days that are worked in exchange."""
        days = self.years.get(day.year, Days(frozenset(), frozenset()))
        return day in days.workdays or (day.weekday() < 5 and day not in days.holidays)

    def is_open(self, local: datetime) -> bool:
        """Whether the offices are open in that minute, given in Shanghai's time."""
        minute = local.hour * 60 + local.minute
        return self.is_working_day(local.date()) and any(
            start <= minute < end for start, end in self.hours
        )

    def is_guessed(self, *days: date) -> bool:
        """Whether one of the days lies in a year without a calendar."""
        return any(day.year not in self.years for day in days)


class Piece(NamedTuple):
    """A minute in Shanghai, or what of it lies after the beginning of a walk."""

    start: datetime
    end: datetime
    local: datetime
    """The beginning in Shanghai's time."""


def pieces(start: datetime, *cuts: datetime) -> Iterator[Piece]:
    """The minutes from `start` on, without end; one in which a cut lies is given in parts."""
    while True:
        local = start.astimezone(SHANGHAI)
        end = (local.replace(second=0, microsecond=0) + MINUTE).astimezone(UTC)
        end = min((cut for cut in cuts if start < cut < end), default=end)
        yield Piece(start, end, local)
        start = end


def day_of(moment: datetime) -> date:
    """The day in Shanghai."""
    return moment.astimezone(SHANGHAI).date()


def last_day_of(end: datetime) -> date:
    """The day in Shanghai that a time up to `end` reaches: midnight is the end of a day."""
    return day_of(end - datetime.resolution)


def days_between(first: date, last: date) -> Iterator[date]:
    """The days from the first to the last, both included."""
    while first <= last:
        yield first
        first += DAY


def working_time_between(town: Town, start: datetime, end: datetime) -> Worked:
    """Every open minute between two moments."""
    time = timedelta()
    if end <= start:
        return Worked(time, provisional=False)
    for piece in pieces(start):
        if piece.start >= end:
            break
        if town.is_open(piece.local):
            time += min(piece.end, end) - piece.start
    days = days_between(day_of(start), last_day_of(end))
    return Worked(time, town.is_guessed(*days))


def after_working_time(town: Town, start: datetime, time: timedelta) -> Due:
    """The moment at which the open minutes from `start` on amount to the time."""
    if time <= timedelta():
        return Due(start, provisional=False)
    for piece in pieces(start):
        if town.is_open(piece.local):
            if piece.end - piece.start >= time:
                end = piece.start + time
                days = days_between(day_of(start), last_day_of(end))
                return Due(end, town.is_guessed(*days))
            time -= piece.end - piece.start
    raise AssertionError("a walk has no end")


def due_at(town: Town, start: datetime, amount: int, unit: TimeUnit) -> Due:
    """When so many units from `start` on are over."""
    match unit:
        case TimeUnit.MINUTES:
            return Due(start + amount * MINUTE, provisional=False)
        case TimeUnit.HOURS:
            return Due(start + amount * 60 * MINUTE, provisional=False)
        case TimeUnit.WORKING_HOURS:
            return after_working_time(town, start, amount * 60 * MINUTE)
    today = day_of(start)
    last = today
    while amount:
        last += DAY
        amount -= town.is_working_day(last)
    midnight = datetime(last.year, last.month, last.day, tzinfo=SHANGHAI)
    closing = (midnight + town.hours[-1][1] * MINUTE).astimezone(UTC)
    return Due(closing, town.is_guessed(*days_between(today + DAY, last)))


def handler_time(town: Town, clock: HandlerClock, unit: TimeUnit, until: datetime) -> timedelta:
    """How much of the handler's time has run by `until`, minute by minute."""
    used = timedelta()
    for run in running(clock, until):
        if not unit.is_working_time:
            used += run[1] - run[0]
        else:
            used += working_time_between(town, *run).time
    return used


def running(clock: HandlerClock, until: datetime) -> Iterator[Span]:
    """The spans up to `until` in which the clock ran."""
    start = clock.started_at
    still = [*clock.stopped, *([(clock.stopped_since, until)] if clock.stopped_since else [])]
    for stopped, resumed in still:
        if start < min(stopped, until):
            yield start, min(stopped, until)
        start = resumed
    if start < until:
        yield start, until


class Terms(NamedTuple):
    """What a pack says of one grade, and the hours that it gives the offices."""

    amount: int
    unit: TimeUnit
    hours: tuple[tuple[int, int], ...]
    effective_from: datetime


def handler_term(town: Town, clock: HandlerClock, packs: Sequence[Terms]) -> datetime:
    """The first moment at which all of the term has run, by the pack that rules at that moment.

    The packs are in order of their dates of effect; the first was in force from the start.
    """
    wholes = [_whole(town, clock, pack) for pack in packs]
    used = [timedelta() for _ in packs]
    cuts = (
        *(pack.effective_from for pack in packs),
        *(one for span in clock.stopped for one in span),
    )
    for piece in pieces(clock.started_at, *cuts):
        in_force = [
            i for i, pack in enumerate(packs) if not i or pack.effective_from <= piece.start
        ]
        ruling = in_force[-1]
        if used[ruling] >= wholes[ruling]:
            return piece.start
        if any(start <= piece.start < end for start, end in clock.stopped):
            continue
        for index, pack in enumerate(packs):
            if not pack.unit.is_working_time or _under(town, pack).is_open(piece.local):
                used[index] += piece.end - piece.start
        if used[ruling] >= wholes[ruling]:
            return piece.end - (used[ruling] - wholes[ruling])
    raise AssertionError("a walk has no end")


def _whole(town: Town, clock: HandlerClock, pack: Terms) -> timedelta:
    """How long the term is on its own measure."""
    due = due_at(_under(town, pack), clock.started_at, pack.amount + clock.extension, pack.unit)
    if not pack.unit.is_working_time:
        return due.at - clock.started_at
    return working_time_between(_under(town, pack), clock.started_at, due.at).time


def _under(town: Town, pack: Terms) -> Town:
    return town._replace(hours=pack.hours)
