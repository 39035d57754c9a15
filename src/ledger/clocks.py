"""Deadlines and working time on the working calendar in force, in China Standard Time.

A term of working days follows the Civil Code of China: the day on which it starts is not counted
(article 201), and it ends with the office hours of its last day (article 203).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, timedelta, timezone
from enum import StrEnum
from functools import cache
from typing import NamedTuple

SHANGHAI = timezone(timedelta(hours=8))
"""Asia/Shanghai, which has been UTC+8 without a break since 15 September 1991."""
# A midnight there. From here on days and times of day are plain integers: a clock runs for every
# event of a rebuild.
_MIDNIGHT = datetime(1999, 12, 31, 16, tzinfo=UTC)
_MIDNIGHT_ORDINAL = date(2000, 1, 1).toordinal()
_SECOND = 1_000_000
_MINUTE = 60 * _SECOND
_DAY = 24 * 60 * _MINUTE


def local_day(moment: datetime) -> date:
    """The day in Shanghai of an aware time."""
    return moment.astimezone(SHANGHAI).date()


class TimeUnit(StrEnum):
    """Minutes and hours run day and night; the others on the working calendar in force."""

    MINUTES = "minutes"
    HOURS = "hours"
    WORKING_HOURS = "working_hours"
    WORKING_DAYS = "working_days"

    @property
    def is_working_time(self) -> bool:
        """Whether it runs in office hours alone."""
        return self in (TimeUnit.WORKING_HOURS, TimeUnit.WORKING_DAYS)


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
Span = tuple[datetime, datetime]
"""From a moment to another; the end is excluded."""


class Due(NamedTuple):
    """When a term ends, in UTC; `provisional` (暂定) where a year's calendar is not yet known."""

    at: datetime
    provisional: bool


class Worked(NamedTuple):
    """An amount of time; `provisional` where a year's calendar is not yet known."""

    time: timedelta
    provisional: bool

    @property
    def minutes(self) -> int:
        """The whole minutes of it."""
        return self.time // timedelta(minutes=1)


def office_day(spans: Iterable[tuple[int, int]]) -> OfficeDay:
    """Office hours, given as (start, end) in minutes from midnight, made ready for the clocks."""
    ready = tuple((start * _MINUTE, end * _MINUTE) for start, end in spans)
    return OfficeDay(ready, sum(end - start for start, end in ready))


def working_year(year: int, holidays: Iterable[date], workdays: Iterable[date]) -> WorkingYear:
    """The working days of a year: Monday to Friday without the holidays, and the workdays."""
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


def due_at(
    start: datetime, amount: int, unit: TimeUnit, office: OfficeDay, calendars: Calendars
) -> Due:
    """When a term of so many units that begins at `start` (aware) is over.

    Hours run day and night. Working hours run in office hours alone. Working days are counted from
    the next one, and the term ends when the offices close on the last.
    """
    match unit:
        case TimeUnit.MINUTES:
            return Due((start + timedelta(minutes=amount)).astimezone(UTC), provisional=False)
        case TimeUnit.HOURS:
            return Due((start + timedelta(hours=amount)).astimezone(UTC), provisional=False)
        case TimeUnit.WORKING_HOURS:
            return after_working_time(start, timedelta(hours=amount), office, calendars)
    today, _ = _local(start)
    day, provisional = _working_day_after(today, amount, calendars)
    return Due(_moment(day, office.spans[-1][1]), provisional)


def after_working_time(
    start: datetime, time: timedelta, office: OfficeDay, calendars: Calendars
) -> Due:
    """The first moment from `start` (aware) on by which so much office time has passed."""
    if time <= timedelta():
        return Due(start.astimezone(UTC), provisional=False)
    today, clock = _local(start)
    # Counted from this morning, so that what has passed of today is asked for again.
    wanted = time // timedelta(microseconds=1) + _passed(today, clock, office, calendars)
    days, rest = divmod(wanted, office.length)
    if not rest:
        days, rest = days - 1, office.length
    day, provisional = _working_day_after(today - 1, days + 1, calendars)
    return Due(_moment(day, _time_of_day(rest, office)), provisional)


def working_time_between(
    start: datetime, end: datetime, office: OfficeDay, calendars: Calendars
) -> Worked:
    """The office time between two moments (aware); none where `end` is earlier."""
    if end <= start:
        return Worked(timedelta(), provisional=False)
    since, since_clock = _local(start)
    until, until_clock = _local(end)
    if not until_clock:  # midnight ends a day: nothing of the next one, or of its year, has passed
        until, until_clock = until - 1, _DAY
    days, provisional = _working_days_between(since, until, calendars)
    worked = days * office.length
    worked += _passed(until, until_clock, office, calendars)
    worked -= _passed(since, since_clock, office, calendars)
    return Worked(timedelta(microseconds=worked), provisional)


def time_of(
    spans: Iterable[Span], unit: TimeUnit, office: OfficeDay, calendars: Calendars
) -> Worked:
    """How much time the spans are, on a unit's measure: office time for units of working time."""
    time, provisional = timedelta(), False
    for start, end in spans:
        if not unit.is_working_time:
            time += max(end - start, timedelta())
            continue
        worked = working_time_between(start, end, office, calendars)
        time += worked.time
        provisional |= worked.provisional
    return Worked(time, provisional)


def put_off(
    due: Due, stopped: Iterable[Span], unit: TimeUnit, office: OfficeDay, calendars: Calendars
) -> Due:
    """The end of a term that stood still during these spans, which are in order."""
    for span in stopped:
        if span[0] >= due.at:  # all of the term had run
            break
        still = time_of((span,), unit, office, calendars)
        if not unit.is_working_time:
            due = Due(due.at + still.time, due.provisional)
            continue
        later = after_working_time(due.at, still.time, office, calendars)
        due = Due(later.at, due.provisional or still.provisional or later.provisional)
    return due


def local_date(moment: datetime) -> date:
    """The day in Shanghai."""
    return date.fromordinal(_local(moment)[0])


def _local(moment: datetime) -> tuple[int, int]:
    """The day in Shanghai (an ordinal) and the microseconds that have passed of it."""
    span = moment - _MIDNIGHT
    return span.days + _MIDNIGHT_ORDINAL, span.seconds * _SECOND + span.microseconds


def _moment(day: int, clock: int) -> datetime:
    return _MIDNIGHT + timedelta(days=day - _MIDNIGHT_ORDINAL, microseconds=clock)


@cache
def _weekends_only(year: int) -> WorkingYear:
    return working_year(year, (), ())


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

    The day `until` itself tells too: part of it was worked, or may have been.
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
