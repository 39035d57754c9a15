"""Deadlines and working time on the working calendar in force, in China Standard Time.

A term of working days follows the Civil Code of China: the day on which it starts is not counted
(article 201), and it ends with the office hours of its last day (article 203).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, timedelta
from functools import cache
from typing import NamedTuple

from ledger.domain.rules import Deadline, OfficeHours, TimeUnit, WorkingCalendarEnacted

# A midnight in Asia/Shanghai, which has been UTC+8 without a break since 15 September 1991. From
# here on days and times of day are plain integers: a clock runs for every event of a rebuild.
_MIDNIGHT = datetime(1999, 12, 31, 16, tzinfo=UTC)
_MIDNIGHT_ORDINAL = date(2000, 1, 1).toordinal()
_SECOND = 1_000_000
_MINUTE = 60 * _SECOND
_HOUR = 60 * _MINUTE


class OfficeDay(NamedTuple):
    """The office hours of a working day, in microseconds from midnight."""

    spans: tuple[tuple[int, int], ...]
    """(start, end) in order, at least one."""
    length: int


class WorkingYear(NamedTuple):
    """The working days of one year, counted once so that no clock has to walk over days."""

    first: int
    """The ordinal (`date.toordinal`) of 1 January."""
    days: tuple[int, ...]
    """The ordinals of the working days."""
    before: tuple[int, ...]
    """How many working days lie before each day of the year, and before the next 1 January."""


Calendars = Mapping[int, WorkingYear]
"""The years for which a calendar is in force."""


class Due(NamedTuple):
    """When a term ends, in UTC; `provisional` (暂定) where a year's calendar is not yet known."""

    at: datetime
    provisional: bool


class Worked(NamedTuple):
    """Whole minutes of office time; `provisional` where a year's calendar is not yet known."""

    minutes: int
    provisional: bool


def office_day(office_hours: Iterable[OfficeHours]) -> OfficeDay:
    """The office hours of a pack, made ready for the clocks."""
    spans = tuple((h.start_minute * _MINUTE, h.end_minute * _MINUTE) for h in office_hours)
    return OfficeDay(spans, sum(end - start for start, end in spans))


def working_year(enacted: WorkingCalendarEnacted) -> WorkingYear:
    """The working days of the year for which a calendar was enacted."""
    return _working_year(enacted.year, enacted.holidays, enacted.workdays)


def due_at(start: datetime, deadline: Deadline, office: OfficeDay, calendars: Calendars) -> Due:
    """When a term that begins at `start` (aware) is over.

    Hours run day and night. Working hours run in office hours alone. Working days are counted from
    the next one, and the term ends when the offices close on the last.
    """
    if deadline.unit is TimeUnit.HOURS:
        return Due((start + timedelta(hours=deadline.amount)).astimezone(UTC), provisional=False)
    today, clock = _local(start)
    if deadline.unit is TimeUnit.WORKING_DAYS:
        day, provisional = _working_day_after(today, deadline.amount, calendars)
        return Due(_moment(day, office.spans[-1][1]), provisional)
    # Counted from this morning, so that what has passed of today is asked for again.
    wanted = deadline.amount * _HOUR + _passed(today, clock, office, calendars)
    days, rest = divmod(wanted, office.length)
    if not rest:
        days, rest = days - 1, office.length
    day, provisional = _working_day_after(today - 1, days + 1, calendars)
    return Due(_moment(day, _time_of_day(rest, office)), provisional)


def working_minutes_between(
    start: datetime, end: datetime, office: OfficeDay, calendars: Calendars
) -> Worked:
    """The office time between two moments (aware) in whole minutes; 0 where `end` is earlier."""
    if end <= start:
        return Worked(0, provisional=False)
    since, since_clock = _local(start)
    until, until_clock = _local(end)
    days, provisional = _working_days_between(since, until, calendars)
    worked = days * office.length
    worked += _passed(until, until_clock, office, calendars)
    worked -= _passed(since, since_clock, office, calendars)
    return Worked(worked // _MINUTE, provisional)


def _local(moment: datetime) -> tuple[int, int]:
    """The day in Shanghai (an ordinal) and the microseconds that have passed of it."""
    span = moment - _MIDNIGHT
    return span.days + _MIDNIGHT_ORDINAL, span.seconds * _SECOND + span.microseconds


def _moment(day: int, clock: int) -> datetime:
    return _MIDNIGHT + timedelta(days=day - _MIDNIGHT_ORDINAL, microseconds=clock)


def _working_year(year: int, holidays: Iterable[date], workdays: Iterable[date]) -> WorkingYear:
    rest = {day.toordinal() for day in holidays}
    work = {day.toordinal() for day in workdays}
    first = date(year, 1, 1).toordinal()
    days: list[int] = []
    before = [0]
    for day in range(first, date(year, 12, 31).toordinal() + 1):
        # Ordinal 1 was a Monday: 6 and 0 are the weekend.
        if day in work or (day % 7 not in (6, 0) and day not in rest):
            days.append(day)
        before.append(len(days))
    return WorkingYear(first, tuple(days), tuple(before))


@cache
def _weekends_only(year: int) -> WorkingYear:
    return _working_year(year, (), ())


def _year(number: int, calendars: Calendars) -> tuple[WorkingYear, bool]:
    known = calendars.get(number)
    return (known, False) if known is not None else (_weekends_only(number), True)


def _working_day_after(day: int, count: int, calendars: Calendars) -> tuple[int, bool]:
    """The ordinal of the `count`-th working day (from 1) after a day, and whether it may change."""
    number = date.fromordinal(day + 1).year
    year, provisional = _year(number, calendars)
    index = year.before[day + 1 - year.first] + count - 1
    while index >= len(year.days):
        index -= len(year.days)
        number += 1
        year, guessed = _year(number, calendars)
        provisional |= guessed
    return year.days[index], provisional


def _working_days_between(since: int, until: int, calendars: Calendars) -> tuple[int, bool]:
    """The working days from one ordinal up to, and without, another, and whether that may change.

    The day `until` itself tells too: part of it may have been worked.
    """
    count, provisional = 0, False
    first, last = date.fromordinal(since).year, date.fromordinal(until).year
    for number in range(first, last + 1):
        year, guessed = _year(number, calendars)
        provisional |= guessed
        start = year.before[since - year.first] if number == first else 0
        end = year.before[until - year.first] if number == last else len(year.days)
        count += end - start
    return count, provisional


def _passed(day: int, clock: int, office: OfficeDay, calendars: Calendars) -> int:
    """The office time of a day that has passed at that time of day."""
    year, _ = _year(date.fromordinal(day).year, calendars)
    if year.before[day - year.first + 1] == year.before[day - year.first]:
        return 0
    return sum(min(clock, end) - start for start, end in office.spans if clock > start)


def _time_of_day(worked: int, office: OfficeDay) -> int:
    """The first time of a working day at which so much of its office time has passed."""
    for start, end in office.spans[:-1]:
        if worked <= end - start:
            return start + worked
        worked -= end - start
    return office.spans[-1][0] + worked
